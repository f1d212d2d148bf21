//! Bodies that come compressed.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use hyper::HeaderMap;
use hyper::header::CONTENT_ENCODING;
use salver_core::Status;

use crate::body;
use crate::options::Options;

/// What a gzip body may inflate to.
const MAX_INFLATED_BYTES: u64 = 100 << 20;

/// Whether the body of this request is compressed.
pub(crate) fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|value| value.as_bytes().windows(4).any(|word| word == b"gzip"))
}

/// The plain form of a body.
///
/// # Errors
/// INVALID_ARGUMENT for data that is no gzip or inflates beyond bounds; RESOURCE_EXHAUSTED beyond the operator's limit.
pub(crate) fn inflate(body: &Bytes, options: &Options) -> Result<Bytes, Status> {
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
