//! `POST /v1/models/NAME:VERB`.

use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request};
use salver_core::Status;

use crate::body;
use crate::criticality;
use crate::event_loop::LoopContext;
use crate::inference::{self, AllOutputs, Answer, AsMessage, Prepared, Servables};
use crate::off_loop::off_loop;
use crate::predict::{self, Terms};
use crate::request_log::{Part, Sample};
use crate::rest::gzip;
use crate::rest::path::Route;

/// Bodies and answers from this size on are converted off the event loop: they would hold up everybody else.
const LARGE_BYTES: usize = 64 << 10;

/// Reads, runs and answers one request; the answer is JSON.
pub(crate) async fn handle(
    context: &Rc<LoopContext>,
    route: Route,
    request: Request<Incoming>,
) -> Result<Vec<u8>, Status> {
    let (head, mut body) = request.into_parts();
    let body = body::read_all(&mut body, &context.shared.options).await?;
    // From here on: a slow upload is not a slow inference.
    let deadline = context.shared.options.rest_timeout.map(|timeout| Instant::now() + timeout);
    let terms = Terms { deadline, criticality: criticality::of(&head.headers)? };
    predict::within(deadline, answer(context, route, head.headers, body, terms)).await
}

async fn answer(
    context: &Rc<LoopContext>,
    route: Route,
    headers: HeaderMap,
    body: Bytes,
    terms: Terms,
) -> Result<Vec<u8>, Status> {
    let (api, log) = (route.api, &context.shared.request_log);
    let spec = log.is_on().then(|| route.spec.clone());
    let Prepared { mut predictions, answer } = prepare(context, route, headers, body).await?;
    let sample = spec.and_then(|spec| {
        log.sample(api, &predictions, || {
            let sent = AsMessage::new(api, spec, &predictions[0]);
            Part::later(sent.memory_bytes(), move || sent.encode())
        })
    });
    predictions.iter_mut().for_each(|prediction| prediction.terms = terms);
    let outputs = predict::run_all(context, api, predictions).await?;
    let is_large = inference::memory_bytes(&outputs) >= LARGE_BYTES / 4;
    let (json, answer, outputs) =
        off_loop(is_large, move || answer.json(&outputs).map(|json| (json, answer, outputs))).await?;
    if let Some(sample) = sample {
        log_answer(context, sample, answer, outputs);
    }
    Ok(json)
}

fn log_answer(context: &LoopContext, sample: Sample, answer: Answer, outputs: AllOutputs) {
    let form = context.tensor_form();
    sample.answered(Part::later(inference::memory_bytes(&outputs), move || answer.message(&outputs, form, 0)));
}

async fn prepare(context: &Rc<LoopContext>, route: Route, headers: HeaderMap, body: Bytes) -> Result<Prepared, Status> {
    let is_large = body.len() >= LARGE_BYTES || gzip::is_gzip(&headers);
    let shared = context.shared.clone();
    off_loop(is_large, move || {
        let body = if gzip::is_gzip(&headers) { gzip::inflate(&body, &shared.options)? } else { body };
        let request = inference::Request::from_json(route.api, route.spec, &body)?;
        request.prepare(Servables::Serving(&shared.table), &shared.options)
    })
    .await
}
