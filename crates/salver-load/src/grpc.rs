//! Unary calls over HTTP/2.
//!
//! Windows are as large as the protocol allows, so that the server is never kept waiting by a generator that has yet to
//! read; what is in flight bounds the memory.

use std::borrow::Cow;
use std::future::poll_fn;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use salver_core::{Code, Status};

use crate::dial::Dialer;
use crate::link::Sent;
use crate::tally::{Failure, MAX_KEPT_BYTES, cut};
use crate::{Options, Protocol};

const WINDOW: u32 = (1 << 31) - 1;
/// Calls that may be begun before the server has said how many it takes: what RFC 9113 section 6.5.2 has it take at least.
const MAX_FIRST_CALLS: usize = 100;
/// Headers that belong to a connection; HTTP/2 has none (RFC 9113 section 8.2.2).
const OF_CONNECTIONS: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
/// Of a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;
/// Large answers come in few pieces. Shorter than what the first letters of another protocol's words would say: "HTTP"
/// and "SSH-" are frames of some megabytes, for which one would wait.
const MAX_FRAME_BYTES: u32 = 1 << 20;

/// What all calls have in common.
pub(crate) fn head(options: &Options) -> Result<Request<()>, Status> {
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let authority =
        options.tls.as_ref().map_or_else(|| options.address(), |tls| format!("{}:{}", tls.server_name, options.port));
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(&*options.path).build();
    let uri = uri.map_err(|error| Status::invalid_argument(format!("{}: {error}", options.path)))?;
    let mut request = Request::builder().method("POST").uri(uri).version(http::Version::HTTP_2).body(());
    if let Ok(request) = &mut request {
        let headers = request.headers_mut();
        headers.insert("te", HeaderValue::from_static("trailers"));
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("user-agent", HeaderValue::from_static("salver-bench"));
        headers.insert("grpc-timeout", grpc_timeout(options.timeout));
        add_headers(headers, options)?;
    }
    request.map_err(|error| Status::invalid_argument(format!("no request can be made: {error}")))
}

/// Adds the load's own headers, in place of the generator's where both name the same.
pub(crate) fn add_headers(headers: &mut HeaderMap, options: &Options) -> Result<(), Status> {
    let mut own = HeaderMap::new();
    for (name, value) in &options.headers {
        let parsed = (HeaderName::from_bytes(name.as_bytes()).ok(), HeaderValue::from_str(value).ok());
        let (Some(name), Some(value)) = parsed else {
            return Err(Status::invalid_argument(format!("{name}: {value:?} is no header")));
        };
        if options.protocol == Protocol::Grpc && OF_CONNECTIONS.contains(&name.as_str()) {
            return Err(Status::invalid_argument(format!("{name} is no header of HTTP/2")));
        }
        own.append(name, value);
    }
    headers.extend(own);
    Ok(())
}

/// At most eight digits and a unit.
fn grpc_timeout(limit: Duration) -> HeaderValue {
    let millis = limit.as_millis();
    let text = if millis < 100_000_000 {
        format!("{}m", millis.max(1))
    } else {
        format!("{}S", limit.as_secs().min(99_999_999))
    };
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("1H"))
}

/// A message in its frame.
///
/// # Errors
///
/// INVALID_ARGUMENT where its length has no room in the prefix.
pub(crate) fn framed(message: &Bytes) -> Result<Bytes, Status> {
    let length =
        u32::try_from(message.len()).map_err(|_| Status::invalid_argument("a message is longer than 4 GiB"))?;
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(length);
    framed.put_slice(message);
    Ok(framed.freeze())
}

/// A connection, shared by those who send on it.
#[derive(Clone)]
pub(crate) struct Channel(SendRequest<Bytes>);

impl Channel {
    /// Opens a connection; a task of the current event loop drives it.
    pub(crate) async fn open(dialer: &Dialer, num_in_flight: usize) -> Result<Self, Status> {
        let io = dialer.dial().await?;
        let handshake = h2::client::Builder::new()
            .enable_push(false)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_frame_size(MAX_FRAME_BYTES)
            .initial_max_send_streams(num_in_flight.min(MAX_FIRST_CALLS))
            .handshake(io)
            .await;
        let closed = |error| Status::new(Code::Unavailable, format!("{} speaks no HTTP/2: {error}", dialer.address()));
        let (sender, connection) = handshake.map_err(closed)?;
        // How it ends is seen by those whose requests end with it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Sends one request and waits for its end.
    pub(crate) async fn call(&mut self, head: &Request<()>, body: &Bytes, keep: bool) -> Sent {
        if let Err(error) = poll_fn(|context| self.0.poll_ready(context)).await {
            return Sent::No(Failure::connection(&error));
        }
        let (response, mut stream) = match self.0.send_request(head.clone(), false) {
            Ok(sent) => sent,
            Err(error) => return Sent::No(Failure::connection(&error)),
        };
        if let Err(error) = stream.send_data(body.clone(), true) {
            return Sent::No(Failure::connection(&error));
        }
        answer(response, keep).await.unwrap_or_else(|error| broken_off(&error))
    }
}

/// What becomes of a call that ended before its answer did.
fn broken_off(error: &h2::Error) -> Sent {
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) if error.is_reset() => Sent::Refused(reset(h2::Reason::REFUSED_STREAM)),
        // The connection goes on without this call.
        Some(reason) if error.is_reset() => Sent::Failed(reset(reason)),
        // A server that goes names the last call that it has looked at; this one came after it (RFC 9113 section 6.8).
        _ if error.is_go_away() && error.is_remote() => Sent::No(Failure::connection(error)),
        _ => Sent::Failed(Failure::connection(error)),
    }
}

/// A call that the server reset, by the code that gRPC has for its reason.
fn reset(reason: h2::Reason) -> Failure {
    let code = match reason {
        h2::Reason::REFUSED_STREAM => Code::Unavailable,
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    };
    Failure { kind: code.name().into(), message: format!("the call was reset: {}", reason.description()) }
}

/// Whether the server has said all and wants no more of the request (RFC 9113 section 8.1).
fn wants_no_more(error: &h2::Error) -> bool {
    error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR)
}

async fn answer(response: h2::client::ResponseFuture, keep: bool) -> Result<Sent, h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    if head.status != http::StatusCode::OK {
        let message = format!("HTTP status {} where gRPC was expected", head.status.as_u16());
        return Ok(Sent::Failed(Failure { kind: head.status.as_u16().to_string().into(), message }));
    }
    let mut bytes = 0;
    let mut kept = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) if wants_no_more(&error) => break,
            Err(error) => return Err(error),
        };
        bytes += chunk.len();
        body.flow_control().release_capacity(chunk.len())?;
        if keep && kept.len() + chunk.len() > MAX_KEPT_BYTES {
            return Ok(Sent::Failed(Failure::too_large()));
        }
        if keep {
            kept.extend_from_slice(&chunk);
        }
    }
    let trailers = match body.trailers().await {
        Err(error) if !wants_no_more(&error) => return Err(error),
        trailers => trailers.unwrap_or_default(),
    };
    let status = trailers.as_ref().unwrap_or(&head.headers);
    Ok(match failure(status) {
        Some(failure) => Sent::Failed(failure),
        None => Sent::Answered(bytes, keep.then(|| kept.split_off(PREFIX_BYTES.min(kept.len())))),
    })
}

/// What the headers at the end of a call say; `None` is OK.
fn failure(headers: &HeaderMap) -> Option<Failure> {
    let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let Some(number) = text("grpc-status") else {
        return Some(Failure { kind: Code::Unknown.name().into(), message: "the answer has no gRPC status".into() });
    };
    let code = number.parse().map_or(Code::Unknown, Code::from_number);
    if code == Code::Ok {
        return None;
    }
    let message = text("grpc-message").unwrap_or_default();
    let message = cut(percent_encoding::percent_decode_str(&message).decode_utf8_lossy().into_owned());
    Some(Failure { kind: Cow::Borrowed(code.name()), message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trailers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_end_of_a_call_says_its_code_and_message() {
        assert!(failure(&trailers(&[("grpc-status", "0")])).is_none());
        let refused =
            failure(&trailers(&[("grpc-status", "8"), ("grpc-message", "queue%20is full: caf%C3%A9")])).unwrap();
        assert_eq!((&*refused.kind, &*refused.message), ("RESOURCE_EXHAUSTED", "queue is full: café"));
        assert_eq!(failure(&trailers(&[("grpc-status", "x")])).unwrap().kind, "UNKNOWN");
        assert_eq!(failure(&trailers(&[])).unwrap().message, "the answer has no gRPC status");
    }

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        let texts = [0.0001, 1.5, 1e5, 1e12].map(|limit_s| grpc_timeout(Duration::from_secs_f64(limit_s)));
        assert_eq!(texts.map(|text| text.to_str().unwrap().to_owned()), ["1m", "1500m", "100000S", "99999999S"]);
    }

    #[test]
    fn a_frame_is_the_length_before_the_message() {
        assert_eq!(framed(&Bytes::from_static(b"abc")).unwrap(), Bytes::from_static(b"\0\0\0\0\x03abc"));
    }
}
