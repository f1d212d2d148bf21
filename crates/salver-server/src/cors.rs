//! Requests from web pages of other origins (the Fetch standard, section 3.2), as the reference answers them.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HeaderMap,
    HeaderValue, ORIGIN,
};
use hyper::{Method, Request, Response, StatusCode};

use crate::body::ServerBody;

/// Lets pages of any origin read the answer.
pub(crate) fn allow(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
}

/// The answer of the API to OPTIONS, which a browser sends before a request that it is not sure of; `None` for other
/// requests.
pub(crate) fn answer_options<B>(request: &Request<B>) -> Option<Response<ServerBody>> {
    if *request.method() != Method::OPTIONS {
        return None;
    }
    let origin = request.headers().get(ORIGIN).map_or(&b""[..], |origin| origin.as_bytes());
    let contains = |scheme: &[u8]| origin.windows(scheme.len()).any(|part| part == scheme);
    let is_web = contains(b"http://") || contains(b"https://");
    let mut response = Response::new(ServerBody::empty());
    *response.status_mut() = if is_web { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=ISO-8859-1"));
    Some(response)
}
