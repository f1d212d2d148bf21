//! `PredictStreamed`: one request, its answer in parts as the servable gives them.
//!
//! The reference has the messages and no public method; this one answers a PredictRequest with a stream of
//! PredictResponses. A servable that does not stream answers in one.

use std::rc::Rc;
use std::sync::Arc;

use http_body::Frame;
use hyper::body::Incoming;
use hyper::{Request, Response};
use salver_core::task::PartSink;
use salver_core::{Code, Status, Tensor};
use smallvec::smallvec;
use tokio::sync::mpsc;

use crate::body::ServerBody;
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
        let work = async {
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
    let mut client = Client { context, record, frames, answer: Arc::new(prepared.answer), sample };
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
        let has_gone = |_| Status::new(Code::Cancelled, "The caller has gone.");
        self.frames.send(Frame::data(message)).await.map_err(has_gone)
    }

    fn end(self) {
        if let Some(sample) = self.sample {
            sample.end();
        }
    }
}
