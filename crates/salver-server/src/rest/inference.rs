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
use crate::record::Record;
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
    record: &Record<'_>,
) -> Result<Vec<u8>, Status> {
    let (head, mut body) = request.into_parts();
    let body = body::read_all(&mut body, &context.shared.options).await?;
    record.receive(body.len());
    // From here on: a slow upload is not a slow inference.
    let deadline = context.shared.options.rest_timeout.map(|timeout| Instant::now() + timeout);
    let terms = Terms { deadline, criticality: criticality::of(&head.headers)? };
    predict::within(deadline, answer(context, route, (head.headers, body), terms, record)).await
}

async fn answer(
    context: &Rc<LoopContext>,
    route: Route,
    (headers, body): (HeaderMap, Bytes),
    terms: Terms,
    record: &Record<'_>,
) -> Result<Vec<u8>, Status> {
    let (api, log) = (route.api, &context.shared.request_log);
    let spec = log.is_on().then(|| route.spec.clone());
    let Prepared { mut predictions, answer } = prepare(context, route, (headers, body), record).await?;
    let sample = spec.and_then(|spec| {
        log.sample(api, &predictions, || {
            let sent = AsMessage::new(api, spec, &predictions[0]);
            Part::later(sent.memory_bytes(), move || sent.encode())
        })
    });
    predictions.iter_mut().for_each(|prediction| prediction.terms = terms);
    let outputs = predict::run_all(context, api, predictions, record).await?;
    let is_large = inference::memory_bytes(&outputs) >= LARGE_BYTES / 4;
    let (json, answer, outputs) =
        off_loop(is_large, move || answer.json(&outputs).map(|json| (json, answer, outputs))).await?;
    record.answer(json.len());
    if let Some(sample) = sample {
        log_answer(context, sample, answer, outputs);
    }
    Ok(json)
}

fn log_answer(context: &LoopContext, sample: Sample, answer: Answer, outputs: AllOutputs) {
    let form = context.tensor_form();
    sample.answered(Part::later(inference::memory_bytes(&outputs), move || answer.message(&outputs, form, 0)));
}

async fn prepare(
    context: &Rc<LoopContext>,
    route: Route,
    (headers, body): (HeaderMap, Bytes),
    record: &Record<'_>,
) -> Result<Prepared, Status> {
    let is_large = body.len() >= LARGE_BYTES || gzip::is_gzip(&headers);
    let shared = context.shared.clone();
    let (spec, prepared) = off_loop(is_large, move || {
        let body = if gzip::is_gzip(&headers) { gzip::inflate(&body, &shared.options)? } else { body };
        let request = inference::Request::from_json(route.api, route.spec, &body)?;
        let spec = request.model_spec().cloned();
        Ok((spec, request.prepare(Servables::Serving(&shared.table), &shared.options)))
    })
    .await?;
    spec.into_iter().for_each(|spec| record.specify(spec));
    prepared
}
