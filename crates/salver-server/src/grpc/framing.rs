//! Length-prefixed messages: one byte of flags, four of length, the message.

use std::io::Read;

use bytes::{Buf, Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use hyper::HeaderMap;
use hyper::body::Incoming;
use salver_core::{Code, Status};

use crate::body;
use crate::event_loop::LoopContext;
use crate::grpc::message_limit;
use crate::off_loop::off_loop;
use crate::options::Options;

/// Length of the prefix.
pub(crate) const PREFIX_LEN: usize = 5;
/// Begins the message of the error for an encoding that we do not read.
pub(crate) const UNSUPPORTED_ENCODING: &str = "Compression algorithm";

/// How messages of a call are compressed, where their flag says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Deflate,
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Status> {
    match headers.get("grpc-encoding").map_or(&b"identity"[..], |value| value.as_bytes()) {
        b"identity" => Ok(Encoding::Identity),
        b"gzip" => Ok(Encoding::Gzip),
        b"deflate" => Ok(Encoding::Deflate),
        other => {
            let name = String::from_utf8_lossy(other);
            Err(Status::unimplemented(format!(
                "{UNSUPPORTED_ENCODING} {name} is not supported: identity, gzip, deflate are."
            )))
        }
    }
}

/// Reads the messages of one call.
pub(crate) struct Messages {
    body: Incoming,
    buffer: BytesMut,
    encoding: Encoding,
}

impl Messages {
    /// Messages of `body`.
    ///
    /// # Errors
    /// UNIMPLEMENTED for a compression that we do not know.
    pub(crate) fn new(headers: &HeaderMap, body: Incoming) -> Result<Self, Status> {
        Ok(Self { body, buffer: BytesMut::new(), encoding: encoding(headers)? })
    }

    /// The next message; `None` at the orderly end.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the framing is wrong, RESOURCE_EXHAUSTED over the limit.
    pub(crate) async fn next(&mut self, context: &LoopContext) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some((is_compressed, message)) = self.take_message(context)? {
                return decompress(message, is_compressed, self.encoding, context).await.map(Some);
            }
            match body::next_data_of_stream(&mut self.body).await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(truncated(self.buffer.len())),
            }
        }
    }

    fn take_message(&mut self, context: &LoopContext) -> Result<Option<(bool, Bytes)>, Status> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX_LEN>() else { return Ok(None) };
        let (is_compressed, length) = read_prefix(prefix, context)?;
        if self.buffer.len() < PREFIX_LEN + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX_LEN);
        Ok(Some((is_compressed, self.buffer.split_to(length).freeze())))
    }
}

fn read_prefix(prefix: &[u8; PREFIX_LEN], context: &LoopContext) -> Result<(bool, usize), Status> {
    let [flag, length @ ..] = *prefix;
    if flag > 1 {
        return Err(Status::invalid_argument(format!("gRPC frame has flags {flag:#04x}, expected 0 or 1")));
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > message_limit(context) {
        return Err(body::too_large_message(length as u64, &context.shared.options));
    }
    Ok((flag == 1, length))
}

fn truncated(got: usize) -> Status {
    Status::invalid_argument(format!("gRPC message broke off after {got} bytes"))
}

/// Reads the one message of a unary call, without a copy where it came in one piece.
///
/// # Errors
/// As [`Messages::next`]; INVALID_ARGUMENT also for no message or several.
pub(crate) async fn read_unary(
    context: &LoopContext,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, Status> {
    let encoding = encoding(headers)?;
    let Some(first) = body::next_data(&mut body).await? else {
        return Err(Status::invalid_argument("A unary call needs one message, got none."));
    };
    let mut whole = first;
    if let Some(second) = body::next_data(&mut body).await? {
        whole = join_rest(context, whole, second, &mut body).await?;
    }
    let Some(prefix) = whole.first_chunk::<PREFIX_LEN>() else { return Err(truncated(whole.len())) };
    let (is_compressed, length) = read_prefix(prefix, context)?;
    match whole.len().cmp(&(PREFIX_LEN + length)) {
        std::cmp::Ordering::Less => Err(truncated(whole.len())),
        std::cmp::Ordering::Greater => Err(Status::invalid_argument("A unary call takes one message, got more.")),
        std::cmp::Ordering::Equal => {
            whole.advance(PREFIX_LEN);
            decompress(whole, is_compressed, encoding, context).await
        }
    }
}

async fn join_rest(context: &LoopContext, first: Bytes, second: Bytes, body: &mut Incoming) -> Result<Bytes, Status> {
    let mut joined = BytesMut::with_capacity(2 * (first.len() + second.len()));
    joined.extend_from_slice(&first);
    drop(first);
    let mut next = Some(second);
    let mut limit = None;
    while let Some(piece) = next {
        joined.extend_from_slice(&piece);
        if limit.is_none()
            && let Some(prefix) = joined.first_chunk::<PREFIX_LEN>()
        {
            limit = Some(PREFIX_LEN + read_prefix(prefix, context)?.1);
        }
        if limit.is_some_and(|limit| joined.len() > limit) {
            return Err(Status::invalid_argument("A unary call takes one message, got more."));
        }
        next = body::next_data(body).await?;
    }
    Ok(joined.freeze())
}

async fn decompress(
    message: Bytes,
    is_compressed: bool,
    encoding: Encoding,
    context: &LoopContext,
) -> Result<Bytes, Status> {
    if !is_compressed {
        return Ok(message);
    }
    let (limit, shared) = (message_limit(context), context.shared.clone());
    // A few bytes may inflate to a thousand times as many.
    off_loop(true, move || inflate(&message, encoding, limit, &shared.options)).await
}

fn inflate(message: &[u8], encoding: Encoding, limit: usize, options: &Options) -> Result<Bytes, Status> {
    let mut plain = Vec::new();
    let bound = limit as u64 + 1;
    let read = match encoding {
        Encoding::Identity => {
            return Err(Status::new(
                Code::Internal,
                "A message is marked as compressed, but grpc-encoding names no compression.",
            ));
        }
        Encoding::Gzip => MultiGzDecoder::new(message).take(bound).read_to_end(&mut plain),
        Encoding::Deflate => ZlibDecoder::new(message).take(bound).read_to_end(&mut plain),
    };
    read.map_err(|error| Status::invalid_argument(format!("A compressed message cannot be read: {error}")))?;
    if plain.len() > limit {
        return Err(body::too_large_message(plain.len() as u64, options));
    }
    Ok(plain.into())
}

/// Puts the prefix before a message.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut framed = Vec::with_capacity(PREFIX_LEN + message.len());
    framed.resize(PREFIX_LEN, 0);
    framed.extend_from_slice(message);
    seal(framed)
}

/// Fills in the prefix of an uncompressed message that stands behind [`PREFIX_LEN`] zeros.
pub(crate) fn seal(mut framed: Vec<u8>) -> Bytes {
    let length = (framed.len() - PREFIX_LEN) as u32;
    framed[1..PREFIX_LEN].copy_from_slice(&length.to_be_bytes());
    framed.into()
}
