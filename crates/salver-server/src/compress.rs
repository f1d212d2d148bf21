//! Answers by gzip, for clients that take it (RFC 9110 section 12.5.3, and the gRPC protocol's Message-Encoding).

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, VARY};
use hyper::{Method, Request, Response, StatusCode};
use salver_core::Status;

use crate::body::ServerBody;
use crate::off_loop::off_loop;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// Bodies from this size on take long enough to hold up other connections.
const LARGE_BYTES: usize = 32 << 10;
/// gRPC messages below this size stay as they are.
const MIN_MESSAGE_BYTES: usize = 1 << 10;
/// Flag and length before a gRPC message.
const PREFIX_LEN: usize = 5;

/// What a request says about the encoding of its answer.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    is_head: bool,
    takes_gzip: bool,
}

impl Wish {
    /// The wish of a REST request.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self { is_head: *request.method() == Method::HEAD, takes_gzip: takes_gzip(request.headers()) }
    }

    /// Compresses the answer where the client takes it and its body has `min_bytes`; `None` never does.
    pub(crate) async fn fulfil(
        self,
        mut response: Response<ServerBody>,
        min_bytes: Option<usize>,
    ) -> Response<ServerBody> {
        let Some(body) = self.compressible(&response, min_bytes) else { return response };
        response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
        if self.takes_gzip
            && let Some(compressed) = gzip(&body, &[]).await
        {
            response.headers_mut().remove(CONTENT_LENGTH);
            response.headers_mut().insert(CONTENT_ENCODING, GZIP);
            *response.body_mut() = ServerBody::data(compressed);
        }
        response
    }

    fn compressible(self, response: &Response<ServerBody>, min_bytes: Option<usize>) -> Option<Bytes> {
        let may_have_body = !self.is_head && response.status() != StatusCode::NO_CONTENT;
        match response.body() {
            ServerBody::Whole(Some(body), None)
                if may_have_body && body.len() >= min_bytes? && !response.headers().contains_key(CONTENT_ENCODING) =>
            {
                Some(body.clone())
            }
            _ => None,
        }
    }
}

/// Whether gzip is acceptable, and not less welcome than the plain form.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut any, mut identity) = (None, None, 0.0);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let (coding, quality) = weighted(item);
            match coding.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = Some(quality),
                "*" => any = Some(quality),
                "identity" => identity = quality,
                _ => {}
            }
        }
    }
    let quality = gzip.or(any).unwrap_or(0.0);
    quality > 0.0 && quality >= identity
}

/// A coding and its weight (RFC 9110 section 12.4.2); one that cannot be read weighs nothing.
fn weighted(item: &str) -> (&str, f32) {
    let (coding, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
    let quality = match parameter.trim().split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => value.trim().parse().unwrap_or(0.0),
        _ => 0.0,
    };
    (coding.trim(), quality)
}

/// Whether a call came compressed and its client can read such an answer.
pub(crate) fn wants_grpc_gzip(headers: &HeaderMap) -> bool {
    let lists_gzip = |name: HeaderName| {
        headers
            .get(name)
            .is_some_and(|value| value.to_str().unwrap_or_default().split(',').any(|coding| coding.trim() == "gzip"))
    };
    lists_gzip(GRPC_ENCODING) && lists_gzip(GRPC_ACCEPT_ENCODING)
}

/// Compresses the message of an answer to a unary call.
pub(crate) async fn compress_grpc(mut response: Response<ServerBody>) -> Response<ServerBody> {
    let ServerBody::Whole(Some(frame), Some(_)) = response.body() else { return response };
    if frame.len() < PREFIX_LEN + MIN_MESSAGE_BYTES || frame[0] != 0 {
        return response;
    }
    let Some(compressed) = gzip(&frame.slice(PREFIX_LEN..), &[0; PREFIX_LEN]).await else { return response };
    let mut framed = BytesMut::from(compressed);
    let length = (framed.len() - PREFIX_LEN) as u32;
    framed[0] = 1;
    (&mut framed[1..PREFIX_LEN]).put_u32(length);
    response.headers_mut().insert(GRPC_ENCODING, GZIP);
    if let ServerBody::Whole(data, _) = response.body_mut() {
        *data = Some(framed.freeze());
    }
    response
}

/// `head`, then `plain` compressed; `None` where that is no shorter.
async fn gzip(plain: &Bytes, head: &'static [u8]) -> Option<Bytes> {
    let (data, length) = (plain.clone(), plain.len());
    let work = move || deflate(&data, head).map_err(|error| Status::internal(error.to_string()));
    let compressed = off_loop(length >= LARGE_BYTES, work).await.ok()?;
    (compressed.len() < length + head.len()).then(|| compressed.into())
}

fn deflate(plain: &[u8], head: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut target = Vec::with_capacity(head.len() + plain.len() / 2);
    target.extend_from_slice(head);
    let mut encoder = GzEncoder::new(target, Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_values_decide() {
        for (accepted, want) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("X-GZIP", true),
            ("*", true),
            ("deflate, *;q=0.1", true),
            ("gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("identity", false),
            ("identity, gzip;q=0.5", false),
            ("identity;q=0.5, gzip", true),
            ("gzip; q = 0.000", false),
            ("gzip;q=much", false),
            ("deflate", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap())]);
            assert_eq!(takes_gzip(&headers), want, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
