//! `PredictStreamed`: one request, its answer in parts as the servable gives them.
//!
//! The reference has the messages and no public method; this one answers a PredictRequest with a stream of
//! PredictResponses. A servable that does not stream answers in one.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::{Request, Response};
use salver_core::task::PartSink;
use salver_core::{Code, Status, Tensor};
use smallvec::smallvec;
use tokio::sync::mpsc;

use crate::body::{ServerBody, next_piece};
use crate::event_loop::{LoopContext, spawn_with};
use crate::grpc::{Frames, drive, framing, inference, with_headers};
use crate::inference::{Answer, Api};
use crate::journal::Identity;
use crate::metrics::Entrypoint;
use crate::off_loop::off_loop;
use crate::predict::{self, Outputs, Terms};
use crate::record::Record;
use crate::request_log::{Part, Sample};

/// Parts that may wait for their client; the servable waits for room.
const MAX_PENDING_PARTS: usize = 4;
/// A client that takes nothing for so long is waited for no longer: it holds the thread of a servable, of which there are
/// few, and need not have set a deadline.
const MAX_STUCK: Duration = Duration::from_secs(60);

/// Parts on their way to the event loop of their client.
struct Parts(mpsc::Sender<Outputs>);

impl PartSink for Parts {
    fn send(&self, outputs: Vec<Tensor>) -> bool {
        self.0.blocking_send(outputs).is_ok()
    }
}

/// Answers one call.
///
/// # Errors
/// INVALID_ARGUMENT for a timeout or criticality that cannot be read.
pub(crate) fn handle(
    context: &Rc<LoopContext>,
    request: Request<Incoming>,
    identity: Option<Identity>,
) -> Result<Response<ServerBody>, Status> {
    let terms = inference::terms(request.headers())?;
    let (frames, receiver) = mpsc::channel(1);
    spawn_with(context, |context| async move {
        let record = Record::begin(&context.shared, Api::PredictStreamed, Entrypoint::Grpc, identity);
        // The record goes with the work: its client may take its time to read how that ended.
        let work = async {
            let record = record;
            let streamed = predict::within(terms.deadline, stream(&context, request, terms, &frames, &record)).await;
            record.note(streamed.as_ref().map_or_else(|status| status.code, |()| Code::Ok));
            streamed
        };
        drive(None, &frames, work).await;
    });
    Ok(with_headers(ServerBody::Stream(receiver)))
}

async fn stream(
    context: &Rc<LoopContext>,
    request: Request<Incoming>,
    terms: Terms,
    frames: &Frames,
    record: &Record<'_>,
) -> Result<(), Status> {
    let (head, body) = request.into_parts();
    let message = framing::read_unary(context, &head.headers, body).await?;
    record.receive(message.len());
    let log = &context.shared.request_log;
    let sent = log.is_on().then(|| message.clone());
    let prepared = inference::prepare(context, Api::PredictStreamed, message, record).await?;
    let sample = sent.and_then(|sent| log.sample(Api::PredictStreamed, &prepared.predictions, || Part::sent(&sent)));
    let answer = Arc::new(prepared.answer);
    let mut client = Client { context, record, frames, answer, sample };
    let (sender, mut parts) = mpsc::channel(MAX_PENDING_PARTS);
    let Some(mut prediction) = prepared.predictions.into_iter().next() else { return Ok(()) };
    prediction.terms = terms;
    let run = predict::run_in_parts(context, Api::PredictStreamed, prediction, Arc::new(Parts(sender)), record);
    tokio::pin!(run);
    let last = loop {
        tokio::select! {
            biased;
            Some(part) = parts.recv() => client.send(part).await?,
            last = &mut run => break last?,
        }
    };
    while let Ok(part) = parts.try_recv() {
        client.send(part).await?;
    }
    // What was not sent in parts comes at the end.
    if !last.is_empty() {
        client.send(last).await?;
    }
    client.end();
    Ok(())
}

/// Who gets the parts.
struct Client<'a> {
    context: &'a LoopContext,
    record: &'a Record<'a>,
    frames: &'a Frames,
    answer: Arc<Answer>,
    /// Of a call that is logged.
    sample: Option<Sample>,
}

impl Client<'_> {
    async fn send(&mut self, outputs: Outputs) -> Result<(), Status> {
        let outputs = smallvec![outputs];
        let (is_large, form, answer) = (inference::is_large(&outputs), self.context.tensor_form(), self.answer.clone());
        let encode = move || answer.message(&outputs, form, framing::PREFIX_LEN).map(framing::seal);
        let message = off_loop(is_large, encode).await?;
        self.record.answer(message.len() - framing::PREFIX_LEN);
        if let Some(sample) = &mut self.sample {
            sample.add(Part::sent(&message.slice(framing::PREFIX_LEN..)));
        }
        give(self.frames, message, MAX_STUCK).await
    }

    fn end(self) {
        if let Some(sample) = self.sample {
            sample.end();
        }
    }
}

/// Gives a message to a client that takes each piece of it within `limit`.
///
/// # Errors
/// CANCELLED where the client has gone; DEADLINE_EXCEEDED where it takes nothing.
async fn give(frames: &Frames, message: Bytes, limit: Duration) -> Result<(), Status> {
    let mut message = Some(message);
    while let Some(piece) = next_piece(&mut message) {
        match tokio::time::timeout(limit, frames.send(Frame::data(piece))).await {
            Ok(given) => given.map_err(|_closed| Status::new(Code::Cancelled, "The caller has gone."))?,
            Err(_elapsed) => {
                let text = format!("The caller took nothing of the answer for {} s.", limit.as_secs());
                return Err(Status::new(Code::DeadlineExceeded, text));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::MAX_PIECE;

    const PART: Bytes = Bytes::from_static(b"a part");

    /// Runs a test whose clock stands still but for sleeps.
    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(test);
    }

    #[test]
    fn a_client_that_takes_nothing_is_given_up_and_one_that_does_is_waited_for() {
        run(async {
            let (frames, mut taken) = mpsc::channel(1);
            assert_eq!(give(&frames, PART, MAX_STUCK).await, Ok(()));
            assert_eq!(give(&frames, PART, MAX_STUCK).await.unwrap_err().code, Code::DeadlineExceeded);
            let (given, first) = tokio::join!(give(&frames, PART, MAX_STUCK), taken.recv());
            assert!(given.is_ok() && first.is_some());
            drop(taken);
            assert_eq!(give(&frames, PART, MAX_STUCK).await.unwrap_err().code, Code::Cancelled);
        });
    }

    #[test]
    fn a_large_part_goes_in_pieces_and_each_has_its_time() {
        run(async {
            let sent = Bytes::from(b"0123456789".repeat(MAX_PIECE / 4));
            let (frames, mut taken) = mpsc::channel(1);
            let take_slowly = async {
                let mut received = Vec::new();
                while received.len() < sent.len() {
                    tokio::time::sleep(MAX_STUCK * 3 / 4).await;
                    let piece: Frame<Bytes> = taken.recv().await.unwrap();
                    let piece = piece.into_data().unwrap();
                    assert!(piece.len() <= MAX_PIECE, "{} bytes", piece.len());
                    received.extend_from_slice(&piece);
                }
                received
            };
            let (given, received) = tokio::join!(give(&frames, sent.clone(), MAX_STUCK), take_slowly);
            assert_eq!(given, Ok(()));
            assert_eq!(received, sent);
        });
    }
}
