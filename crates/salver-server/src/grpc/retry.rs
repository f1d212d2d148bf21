//! When to try again, in the two forms that gRPC clients look for: the details of the status, which applications read,
//! and a push-back (proposal A6 of gRPC), by which the client library itself waits where it is set up to retry.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use salver_core::Status;
use salver_core::wire::writer::{put_span_header, put_text_field, put_varint_field};

const STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// Adds the advice of `status`, if it has any.
pub(super) fn advise(status: &Status, trailers: &mut HeaderMap) {
    let Some(retry_after) = status.retry_after else { return };
    if let Ok(details) = HeaderValue::from_str(&STANDARD_NO_PAD.encode(details(status, retry_after))) {
        trailers.insert(STATUS_DETAILS, details);
    }
    let millis = retry_after.as_nanos().div_ceil(1_000_000);
    trailers.insert(PUSHBACK, HeaderValue::from(i32::try_from(millis).unwrap_or(i32::MAX)));
}

/// A `google.rpc.Status` (code, message, details) with one `google.rpc.RetryInfo` (delay).
fn details(status: &Status, retry_after: Duration) -> Vec<u8> {
    let mut delay = Vec::new();
    put_varint_field(&mut delay, 1, retry_after.as_secs());
    put_varint_field(&mut delay, 2, u64::from(retry_after.subsec_nanos()));
    let mut any = Vec::new();
    put_text_field(&mut any, 1, RETRY_INFO);
    put_message(&mut any, 2, &message_of(1, &delay));
    let mut details = Vec::new();
    put_varint_field(&mut details, 1, status.code.number() as u64);
    put_text_field(&mut details, 2, super::sent_part(&status.message).0);
    put_message(&mut details, 3, &any);
    details
}

fn message_of(number: u32, field: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    put_message(&mut message, number, field);
    message
}

fn put_message(out: &mut Vec<u8>, number: u32, message: &[u8]) {
    put_span_header(out, number, message.len());
    out.extend_from_slice(message);
}
