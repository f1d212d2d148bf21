//! The methods that run a model.

use std::rc::Rc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request};
use salver_core::{Code, Status};

use crate::criticality;
use crate::event_loop::LoopContext;
use crate::grpc::{framing, timeout};
use crate::inference::{self, AllOutputs, Api, Servables};
use crate::journal::Identity;
use crate::metrics::Entrypoint;
use crate::off_loop::off_loop;
use crate::predict::{self, Terms};
use crate::record::Record;
use crate::request_log::Part;

/// Messages from this size on are converted off the event loop: they would hold up everybody else.
const LARGE_BYTES: usize = 1 << 20;

/// Reads, runs and answers one call; the answer is a framed message.
pub(crate) async fn handle(
    context: &Rc<LoopContext>,
    api: Api,
    request: Request<Incoming>,
    identity: Option<Identity>,
) -> Result<Bytes, Status> {
    let record = Record::begin(&context.shared, api, Entrypoint::Grpc, identity);
    let answered = match terms(request.headers()) {
        Ok(terms) => predict::within(terms.deadline, answer(context, api, request, terms, &record)).await,
        Err(status) => Err(status),
    };
    record.note(answered.as_ref().map_or_else(|status| status.code, |_| Code::Ok));
    answered
}

/// What the caller asks for besides the answer.
///
/// # Errors
/// INVALID_ARGUMENT for a timeout or criticality that cannot be read.
pub(crate) fn terms(headers: &HeaderMap) -> Result<Terms, Status> {
    Ok(Terms { deadline: timeout::deadline(headers)?, criticality: criticality::of(headers)? })
}

async fn answer(
    context: &Rc<LoopContext>,
    api: Api,
    request: Request<Incoming>,
    terms: Terms,
    record: &Record<'_>,
) -> Result<Bytes, Status> {
    let (head, body) = request.into_parts();
    let message = framing::read_unary(context, &head.headers, body).await?;
    record.receive(message.len());
    let log = &context.shared.request_log;
    let sent = log.is_on().then(|| message.clone());
    let prepared = prepare(context, api, message, record).await?;
    let mut predictions = prepared.predictions;
    let sample = sent.and_then(|sent| log.sample(api, &predictions, || Part::sent(&sent)));
    predictions.iter_mut().for_each(|prediction| prediction.terms = terms);
    let outputs = predict::run_all(context, api, predictions, record).await?;
    let (is_large, form) = (is_large(&outputs), context.tensor_form());
    let answer = prepared.answer;
    let examples = answer.num_counted_examples().map(|count| (answer.model().clone(), count));
    let encode = move || answer.message(&outputs, form, framing::PREFIX_LEN).map(framing::seal);
    let message = off_loop(is_large, encode).await?;
    record.answer(message.len() - framing::PREFIX_LEN);
    if let Some((model, count)) = examples {
        context.shared.metrics.count_examples(&model, count as u64);
    }
    if let Some(sample) = sample {
        sample.answered(Part::sent(&message.slice(framing::PREFIX_LEN..)));
    }
    Ok(message)
}

/// Decodes a message, finds its servable and fits it to that.
///
/// # Errors
/// As `Request::from_message` and `Request::prepare`.
pub(crate) async fn prepare(
    context: &Rc<LoopContext>,
    api: Api,
    message: Bytes,
    record: &Record<'_>,
) -> Result<inference::Prepared, Status> {
    let is_large = message.len() >= LARGE_BYTES;
    let request = off_loop(is_large, move || inference::Request::from_message(api, message)).await?;
    record.specify(request.model_spec().cloned().unwrap_or_default());
    let shared = context.shared.clone();
    off_loop(is_large, move || request.prepare(Servables::Serving(&shared.table), &shared.options)).await
}

/// Whether these outputs are to be encoded off the event loop.
pub(crate) fn is_large(outputs: &AllOutputs) -> bool {
    inference::memory_bytes(outputs) >= LARGE_BYTES
}
