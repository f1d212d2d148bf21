//! The REST port: inference and probes here, everything else by Python.

mod gzip;
mod inference;
mod path;

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response};
use salver_core::{Code, Status, json};

pub(crate) use path::is_api;

use crate::body::ServerBody;
use crate::counters::count;
use crate::event_loop::LoopContext;
use crate::http_control::json_body;
use crate::journal::{self, Identity};
use crate::metrics::Entrypoint;
use crate::peer::Origin;
use crate::record::Record;
use crate::{cors, http_control, probes};

/// Answers one request.
pub(crate) async fn handle(
    context: Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<ServerBody> {
    count(&context.shared.counters.rest_requests);
    let response = match probes::answer(&context, request.uri().path()) {
        Some(response) => response,
        None => answer(&context, origin, request).await,
    };
    if response.status().as_u16() >= 400 {
        count(&context.shared.counters.rest_errors);
    }
    response
}

async fn answer(context: &Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    if path::is_api(request.uri().path()) {
        return answer_api(context, origin, request).await;
    }
    let identity = Identity::sent(request.headers());
    let answered = http_control::handle(context, origin, request).await;
    journal::told(identity, answered.unwrap_or_else(|status| failure(&status)))
}

/// Answers a request of the API, and counts it.
async fn answer_api(context: &Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    let (method, path) = (request.method(), request.uri().path());
    let route = if *method == Method::POST { path::parse_inference(path) } else { Ok(None) };
    let (api, model) = match &route {
        Ok(Some(route)) => (Some(route.api), route.spec.name.clone()),
        _ => (None, path::model_name(method, path)),
    };
    let identity = match api {
        Some(_) => context.shared.journal.identify(request.headers()),
        None => Identity::sent(request.headers()),
    };
    let record = Record::begin(&context.shared, api, Entrypoint::Rest, identity.clone());
    record.name_model(model);
    let answered = match route {
        Ok(Some(route)) => inference::handle(context, route, request, &record).await.map(json_body),
        Ok(None) => match cors::answer_options(&request) {
            Some(response) => Ok(response),
            None => http_control::handle(context, origin, request).await,
        },
        Err(status) => Err(status),
    };
    record.note(answered.as_ref().map_or_else(|status| status.code, code_of));
    journal::told(identity, answered.unwrap_or_else(|status| failure(&status)))
}

/// The code behind a whole response. Errors come as a [`Status`], but for OPTIONS, which may fail in one way.
fn code_of(response: &Response<ServerBody>) -> Code {
    if response.status().is_success() { Code::Ok } else { Code::FailedPrecondition }
}

/// The error form of the REST API.
fn failure(status: &Status) -> Response<ServerBody> {
    let mut response = http_control::failure(status.code, json::encode_error(&status.message));
    if let Some(retry_after) = status.retry_after {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
