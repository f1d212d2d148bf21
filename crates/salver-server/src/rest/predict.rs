//! `POST /v1/models/NAME:predict`.

use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::body::Incoming;
use hyper::header::CONTENT_ENCODING;
use hyper::{HeaderMap, Request};
use salver_core::json::{self, Format};
use salver_core::signature::resolved_name;
use salver_core::{Signature, Status, Tensor};

use crate::body;
use crate::event_loop::LoopContext;
use crate::off_loop::off_loop;
use crate::options::Options;
use crate::plane::Shared;
use crate::predict::{self, Prediction};
use crate::rest::path::Route;

/// Bodies and answers from this size on are converted off the event loop: they would hold up everybody else.
const LARGE_BYTES: usize = 64 << 10;
/// What a gzip body may inflate to.
const MAX_INFLATED_BYTES: u64 = 100 << 20;

/// Reads, runs and answers one prediction; the answer is JSON.
pub(crate) async fn handle(
    context: &Rc<LoopContext>,
    route: Route,
    request: Request<Incoming>,
) -> Result<Vec<u8>, Status> {
    let (head, mut body) = request.into_parts();
    let body = body::read_all(&mut body, &context.shared.options).await?;
    // From here on: a slow upload is not a slow inference.
    let deadline = context.shared.options.rest_timeout.map(|timeout| Instant::now() + timeout);
    predict::within(deadline, answer(context, route, head.headers, body, deadline)).await
}

async fn answer(
    context: &Rc<LoopContext>,
    route: Route,
    headers: HeaderMap,
    body: Bytes,
    deadline: Option<Instant>,
) -> Result<Vec<u8>, Status> {
    let is_large = body.len() >= LARGE_BYTES || is_gzip(&headers);
    let shared = context.shared.clone();
    let (format, mut prediction) = off_loop(is_large, move || decode(&shared, &route, &headers, body)).await?;
    prediction.deadline = deadline;
    let signature = prediction.signature.clone();
    let outputs = predict::run(context, prediction).await?;
    let is_large = outputs.iter().map(Tensor::num_bytes).sum::<usize>() >= LARGE_BYTES / 4;
    off_loop(is_large, move || json::encode_predict_response(format, &signature, &outputs)).await
}

fn decode(
    shared: &Arc<Shared>,
    route: &Route,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(Format, Prediction), Status> {
    let body = if is_gzip(headers) { inflate(&body, &shared.options)? } else { body };
    let scanned = json::scan_predict(&body)?;
    let pinned = shared.table.resolve(&route.model, route.choice())?;
    let signature = pinned.signature(scanned.signature_name()).cloned().ok_or_else(|| {
        let name = resolved_name(scanned.signature_name());
        let message = format!(
            "Serving signature name: \"{name}\" not found in signature def of model {} version {}",
            pinned.name(),
            pinned.version()
        );
        Status::invalid_argument(message)
    })?;
    check_has_inputs(&signature)?;
    let (format, inputs) = scanned.parse(&signature)?;
    let outputs = (0..signature.outputs.len()).collect();
    Ok((format, Prediction { pinned, signature, inputs, outputs, deadline: None }))
}

fn check_has_inputs(signature: &Signature) -> Result<(), Status> {
    if signature.inputs.is_empty() {
        let message = format!("Signature \"{}\" has no inputs and cannot be called over REST.", signature.name);
        return Err(Status::invalid_argument(message));
    }
    Ok(())
}

fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|value| value.as_bytes().windows(4).any(|word| word == b"gzip"))
}

fn inflate(body: &Bytes, options: &Options) -> Result<Bytes, Status> {
    let mut plain = Vec::new();
    let bound = MAX_INFLATED_BYTES.min(options.max_message_bytes as u64) + 1;
    let read = MultiGzDecoder::new(&**body).take(bound).read_to_end(&mut plain);
    read.map_err(|error| Status::invalid_argument(format!("The gzip body cannot be read: {error}")))?;
    if plain.len() > options.max_message_bytes {
        return Err(body::too_large(plain.len() as u64, options));
    }
    if plain.len() as u64 > MAX_INFLATED_BYTES {
        return Err(Status::invalid_argument(format!(
            "The gzip body inflates to more than {MAX_INFLATED_BYTES} bytes"
        )));
    }
    Ok(plain.into())
}
