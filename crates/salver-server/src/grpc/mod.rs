//! gRPC over HTTP/2, and dispatch by method path.

mod control;
mod framing;
mod health;
mod inference;
mod retry;
mod streamed;
mod timeout;

use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use salver_core::{Code, Status};
use tokio::sync::mpsc;

use crate::body::ServerBody;
use crate::counters::count;
use crate::event_loop::LoopContext;
use crate::inference::Api;
use crate::journal::{self, Identity};
use crate::options::GrpcOptions;
use crate::peer::Origin;
use crate::predict::within;

pub(crate) use control::AbandonGuard;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const APPLICATION_GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// Longer messages are cut, as clients of the reference know it.
const MAX_MESSAGE_LEN: usize = 1024;

/// Whether these are the headers of a gRPC call: `application/grpc`, also with `+proto` or a parameter; gRPC-Web is
/// another protocol.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    kind.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
}

/// Answers one call.
pub(crate) async fn handle(
    context: Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<ServerBody> {
    if let Some(refusal) = refuse_foreign(&request) {
        return refusal;
    }
    count(&context.shared.counters.grpc_requests);
    if let Some(api) = Api::of_grpc_path(request.uri().path()) {
        return infer(&context, api, request).await;
    }
    let identity = Identity::sent(request.headers());
    let answer = match on_every_port(&context, origin, request).await {
        Ok(answer) => answer,
        Err(request) => control::unary(&context, origin, request).await.map(unary),
    };
    journal::told(identity, answer.unwrap_or_else(|status| refusal(&context, &status)))
}

/// Answers a call that runs a model, and tells its client who it is.
async fn infer(context: &Rc<LoopContext>, api: Api, request: Request<Incoming>) -> Response<ServerBody> {
    let identity = context.shared.journal.identify(request.headers());
    let answer = match api {
        Api::PredictStreamed => streamed::handle(context, request, identity.clone()),
        _ => inference::handle(context, api, request, identity.clone()).await.map(unary),
    };
    journal::told(identity, answer.unwrap_or_else(|status| refusal(context, &status)))
}

/// Answers one call on the admin port, which runs no model and counts nothing.
pub(crate) async fn handle_admin(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<ServerBody> {
    if let Some(refusal) = refuse_foreign(&request) {
        return refusal;
    }
    let answer = if Api::of_grpc_path(request.uri().path()).is_some() {
        Err(Status::unimplemented("The admin port runs no model; the gRPC port does."))
    } else {
        match on_every_port(context, origin, request).await {
            Ok(answer) => answer,
            Err(request) => control::unary_or_streamed(context, origin, request).await,
        }
    };
    answer.unwrap_or_else(|status| failure(&status))
}

/// Answers health and reflection; gives any other call back.
async fn on_every_port(
    context: &Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Result<Result<Response<ServerBody>, Status>, Request<Incoming>> {
    match request.uri().path() {
        "/grpc.health.v1.Health/Check" => Ok(health::check(context, request).await.map(unary)),
        "/grpc.health.v1.Health/Watch" => Ok(health::watch(context, origin.port, request).await),
        path if path.starts_with("/grpc.reflection.") => Ok(control::stream(context, origin, request)),
        _ => Err(request),
    }
}

fn refusal(context: &LoopContext, status: &Status) -> Response<ServerBody> {
    count(&context.shared.counters.grpc_errors);
    failure(status)
}

/// Requests that are no gRPC call get a plain HTTP answer, as the protocol asks.
fn refuse_foreign(request: &Request<Incoming>) -> Option<Response<ServerBody>> {
    let status = if !is_grpc(request.headers()) {
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    } else if request.method() != Method::POST {
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        return None;
    };
    let mut response =
        Response::new(ServerBody::data("This port speaks gRPC (POST, content-type application/grpc).\n"));
    *response.status_mut() = status;
    Some(response)
}

/// The answer itself, or the refusal that takes its place where its message is too large to be sent.
pub(crate) fn within_send_limit(options: &GrpcOptions, response: Response<ServerBody>) -> Response<ServerBody> {
    let length = match response.body() {
        ServerBody::Whole(Some(frame), Some(_)) => frame.len().saturating_sub(framing::PREFIX_LEN),
        _ => return response,
    };
    match options.max_send_bytes {
        Some(limit) if length > limit => failure(&Status::new(
            Code::ResourceExhausted,
            format!(
                "The answer has {length} bytes, over the limit of {limit} bytes; \
                 the server's flag --grpc_channel_arguments (grpc.max_send_message_length) sets it."
            ),
        )),
        _ => response,
    }
}

/// A response of one framed message.
fn unary(frame: Bytes) -> Response<ServerBody> {
    with_headers(ServerBody::Whole(Some(frame), Some(ok_trailers())))
}

fn with_headers(body: ServerBody) -> Response<ServerBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_GRPC);
    response
}

fn ok_trailers() -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
    trailers
}

/// What feeds a streamed response.
type Frames = mpsc::Sender<Frame<Bytes>>;

/// Ends a streamed response when `work`, which feeds it, does, or when the caller's deadline passes or the caller goes.
async fn drive(deadline: Option<Instant>, frames: &Frames, work: impl Future<Output = Result<(), Status>>) {
    let ended = tokio::select! {
        biased;
        () = frames.closed() => return,
        ended = within(deadline, work) => ended,
    };
    let trailers = match ended {
        Ok(()) => ok_trailers(),
        Err(status) => status_trailers(&status),
    };
    let _gone = frames.send(Frame::trailers(trailers)).await;
}

/// A response that carries the status in its headers and ends there.
fn failure(status: &Status) -> Response<ServerBody> {
    let mut response = with_headers(ServerBody::empty());
    response.headers_mut().extend(status_trailers(status));
    if status.message.starts_with(framing::UNSUPPORTED_ENCODING) {
        response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static("identity,deflate,gzip"));
    }
    response
}

fn status_trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert(GRPC_STATUS, HeaderValue::from(status.code.number()));
    if let Ok(message) = HeaderValue::from_str(&encoded_message(&status.message)) {
        trailers.insert(GRPC_MESSAGE, message);
    }
    retry::advise(status, &mut trailers);
    trailers
}

/// What is sent of a message, and what stands for the rest.
fn sent_part(message: &str) -> (&str, &'static str) {
    match message.len() > MAX_MESSAGE_LEN {
        false => (message, ""),
        true => (&message[..message.floor_char_boundary(MAX_MESSAGE_LEN)], "...TRUNCATED"),
    }
}

/// Percent-encodes a message as the gRPC protocol wants it: printable ASCII but `%` stays.
fn encoded_message(message: &str) -> String {
    use std::fmt::Write;
    let (text, suffix) = sent_part(message);
    let mut encoded = String::with_capacity(text.len() + suffix.len());
    for byte in text.bytes().chain(suffix.bytes()) {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => drop(write!(encoded, "%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

/// Largest message that this server reads.
fn message_limit(context: &LoopContext) -> usize {
    context.shared.options.receive_limit().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_grpc_by_its_content_type() {
        for (kind, want) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web+proto", false),
            ("application/json", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
            assert_eq!(is_grpc(&headers), want, "{kind}");
        }
    }

    #[test]
    fn messages_are_percent_encoded_and_cut() {
        assert_eq!(encoded_message("a%b\nä"), "a%25b%0A%C3%A4");
        let long = encoded_message(&"x".repeat(2000));
        assert_eq!(long.len(), MAX_MESSAGE_LEN + "...TRUNCATED".len());
    }
}
