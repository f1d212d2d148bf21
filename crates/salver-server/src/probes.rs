//! What orchestrators ask over HTTP, answered here even while Python is busy.

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::body::ServerBody;
use crate::event_loop::LoopContext;

/// Answers a probe; `None` for any other path.
pub(crate) fn answer(context: &LoopContext, path: &str) -> Option<Response<ServerBody>> {
    match path {
        "/livez" => Some(text(StatusCode::OK, "ok\n")),
        "/readyz" if context.shared.health.current().is_ready => Some(text(StatusCode::OK, "ok\n")),
        "/readyz" => Some(text(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")),
        _ => None,
    }
}

fn text(status: StatusCode, body: &'static str) -> Response<ServerBody> {
    let mut response = Response::new(ServerBody::data(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
