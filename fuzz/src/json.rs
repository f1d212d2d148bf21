//! JSON bodies there and back.

use bytes::Bytes;
use salver_core::json::{Format, encode_error, encode_predict_response, scan_predict};
use salver_core::{Signature, Status, Tensor};

use crate::memory;
use crate::tensors::is_same;

/// Heap that reading a body of `length` bytes may take: three bytes make a string of 32, and growing lists double.
pub fn heap_limit(length: usize) -> usize {
    128 * length + (16 << 10)
}

/// Reads `body` against each signature and writes back what fits.
///
/// # Panics
/// Reading takes too much memory, or the answer is not read as the same tensors.
pub fn check_body(body: &Bytes, signatures: &[Signature]) {
    let limit = heap_limit(body.len());
    let scanned = match memory::within(limit, || scan_predict(body)) {
        Ok(scanned) => scanned,
        Err(status) => return check_status(&status),
    };
    for signature in signatures {
        match memory::within(limit, || scanned.parse(signature)) {
            Ok((format, tensors)) => check_round_trip(format, signature, &tensors),
            Err(status) => check_status(&status),
        }
    }
}

/// The message of an error is short, whatever came, and becomes a JSON body.
///
/// # Panics
/// It is not, or does not.
pub fn check_status(status: &Status) {
    assert!(status.message.len() < 4096, "a message of {} bytes: {}", status.message.len(), status.message);
    let body = Bytes::from(encode_error(&status.message));
    let scanned = scan_predict(&body).map(|_| ());
    assert_eq!(scanned, Ok(()), "the body of an error must be JSON");
}

/// What was read, written as an answer and read again, is the same.
fn check_round_trip(format: Format, signature: &Signature, tensors: &[Tensor]) {
    let answer = encode_predict_response(format, signature, tensors).expect("what JSON gave, JSON can carry");
    let body = Bytes::from(as_request(format, &answer));
    let again = scan_predict(&body).and_then(|scanned| scanned.parse(signature));
    let (format_again, tensors_again) = again.unwrap_or_else(|status| panic!("{status:?} for {body:?}"));
    assert_eq!(format_again, format);
    let are_same =
        tensors.len() == tensors_again.len() && tensors.iter().zip(&tensors_again).all(|(a, b)| is_same(a, b));
    assert!(are_same, "{tensors:?} came back as {tensors_again:?}");
}

fn as_request(format: Format, answer: &[u8]) -> Vec<u8> {
    let (from, to): (&[u8], &[u8]) = match format {
        Format::Row => (b"{\n    \"predictions\": ", b"{\"instances\": "),
        Format::Column => (b"{\n    \"outputs\": ", b"{\"inputs\": "),
    };
    [to, answer.strip_prefix(from).expect("an answer begins with its one member")].concat()
}
