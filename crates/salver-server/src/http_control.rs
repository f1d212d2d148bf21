//! HTTP requests that Python answers, and answers in JSON.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use salver_core::{Code, Status};
use tokio::sync::oneshot;

use crate::body::{self, ServerBody};
use crate::control::{ControlAnswer, ControlCall, Protocol};
use crate::event_loop::{LoopContext, Port};
use crate::grpc::AbandonGuard;
use crate::peer::Origin;

/// Passes the request on and turns Python's answer into a response.
pub(crate) async fn handle(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Result<Response<ServerBody>, Status> {
    let (head, mut body) = request.into_parts();
    let body = body::read_all(&mut body, &context.shared.options).await?;
    let (reply, answer) = oneshot::channel();
    let is_abandoned = Arc::new(AtomicBool::new(false));
    let _guard = AbandonGuard(is_abandoned.clone());
    context.shared.control.push(ControlCall {
        protocol: if origin.port == Port::Admin { Protocol::Admin } else { Protocol::Http },
        peer: origin.peer,
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: text_headers(&head.headers),
        body,
        deadline: None,
        is_abandoned,
        reply,
    });
    match answer.await {
        Ok(Ok(ControlAnswer::Http { status, headers, body })) => Ok(response(status, headers, ServerBody::data(body))),
        Ok(Ok(ControlAnswer::HttpPieces { status, headers, pieces })) => {
            Ok(response(status, headers, ServerBody::pieces(pieces, ending(context, origin.port))))
        }
        Ok(Ok(ControlAnswer::Message(_) | ControlAnswer::Messages(_))) => {
            Err(Status::internal("An HTTP request was answered in gRPC form."))
        }
        Ok(Err(status)) => Err(status),
        Err(_dropped) => Err(Status::internal("The request was dropped without an answer.")),
    }
}

/// Waits until the server breaks off answers that are still on their way.
fn ending(context: &Rc<LoopContext>, port: Port) -> impl Future<Output = ()> + 'static {
    let context = context.clone();
    async move { context.shared.closing(port).await }
}

/// Headers as Python gets them.
pub(crate) fn text_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn response(status: u16, headers: Vec<(String, String)>, body: ServerBody) -> Response<ServerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A document in JSON.
pub(crate) fn json_body(body: Vec<u8>) -> Response<ServerBody> {
    let mut response = Response::new(ServerBody::data(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer to a request that failed, as this document says.
pub(crate) fn failure(code: Code, body: Vec<u8>) -> Response<ServerBody> {
    let mut response = json_body(body);
    *response.status_mut() = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
