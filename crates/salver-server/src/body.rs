//! Bodies: reading one within a limit, and the few shapes that we send.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use salver_core::{Code, Status};
use tokio::sync::mpsc;

use crate::answer_stream::Pieces;
use crate::control::shutting_down;
use crate::options::Options;

/// A client of which no further piece of a body has come for so long is not waited for.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// An answer goes in pieces of at most this many bytes, so that it is seen whether its client takes it.
pub(crate) const MAX_PIECE: usize = 64 << 10;
/// The last piece is small: once hyper has it, nobody sees any more whether it was taken.
const MAX_LAST_PIECE: usize = 16 << 10;
/// Memory set aside for a body before its bytes have come.
const MAX_RESERVED_BYTES: usize = 1 << 20;

/// Reads all of `body`; the whole is not copied where it comes in one piece.
///
/// # Errors
/// RESOURCE_EXHAUSTED naming the flag for a body over the limit; those of [`next_data`].
pub(crate) async fn read_all(body: &mut Incoming, options: &Options) -> Result<Bytes, Status> {
    let limit = options.max_message_bytes;
    let declared = body.size_hint().lower();
    if declared > limit as u64 {
        return Err(too_large(declared, options));
    }
    let Some(first) = next_data(body).await? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Err(too_large(first.len() as u64, options));
    }
    let Some(second) = next_data(body).await? else { return Ok(first) };
    let reserve =
        (declared as usize).clamp(first.len() + second.len(), MAX_RESERVED_BYTES.max(first.len() + second.len()));
    let mut joined = BytesMut::with_capacity(reserve);
    joined.extend_from_slice(&first);
    drop(first);
    let mut next = Some(second);
    while let Some(piece) = next {
        if joined.len() + piece.len() > limit {
            return Err(too_large((joined.len() + piece.len()) as u64, options));
        }
        joined.extend_from_slice(&piece);
        next = next_data(body).await?;
    }
    Ok(joined.freeze())
}

/// The next piece of data of a body that should be on its way.
///
/// # Errors
/// As [`next_data_of_stream`]; DEADLINE_EXCEEDED where nothing comes any more.
pub(crate) async fn next_data(body: &mut Incoming) -> Result<Option<Bytes>, Status> {
    tokio::time::timeout(MAX_PAUSE, next_data_of_stream(body)).await.unwrap_or_else(|_elapsed| {
        let message = format!("The rest of the request did not come within {} s.", MAX_PAUSE.as_secs());
        Err(Status::new(Code::DeadlineExceeded, message))
    })
}

/// The next piece of data; empty pieces and trailers are passed over. A stream may pause for ever.
///
/// # Errors
/// CANCELLED where the client broke off; INVALID_ARGUMENT for a body that is framed wrongly.
pub(crate) async fn next_data_of_stream(body: &mut Incoming) -> Result<Option<Bytes>, Status> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error))?;
        if let Ok(data) = frame.into_data()
            && data.has_remaining()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// The answer to a body that ends early, or that is framed against the rules (RFC 9112 section 7.1).
fn broken(error: &hyper::Error) -> Status {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>()
            && matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        {
            return Status::new(Code::InvalidArgument, format!("Malformed request body: {error}"));
        }
        cause = inner.source();
    }
    Status::new(Code::Cancelled, format!("The request broke off: {error}"))
}

/// The answer to a body over the limit.
pub(crate) fn too_large(size: u64, options: &Options) -> Status {
    over_limit(size, options.max_message_bytes, &options.max_message_flag)
}

/// The answer to a gRPC message over the limit.
pub(crate) fn too_large_message(size: u64, options: &Options) -> Status {
    let (limit, flag) = options.receive_limit();
    over_limit(size, limit, flag)
}

fn over_limit(size: u64, limit: usize, flag: &str) -> Status {
    let message = format!(
        "Received message of at least {size} bytes, over the limit of {limit} bytes; the server's flag {flag} sets it."
    );
    Status::new(Code::ResourceExhausted, message)
}

/// What the server sends.
pub(crate) enum ServerBody {
    /// Data and trailers that are there already; either may be absent.
    Whole(Option<Bytes>, Option<HeaderMap>),
    /// Frames that come over time.
    Stream(mpsc::Receiver<Frame<Bytes>>),
    /// Data that Python gives over time, and the moment to break it off.
    Pieces(Pieces, Pin<Box<dyn Future<Output = ()>>>),
}

/// Why a body ends before its end: HTTP/1 then closes the connection without the last chunk, HTTP/2 resets the stream.
#[derive(Debug)]
pub(crate) struct BrokenOff(Status);

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl Error for BrokenOff {}

impl ServerBody {
    /// No body at all.
    pub(crate) fn empty() -> Self {
        ServerBody::Whole(None, None)
    }

    /// These bytes.
    pub(crate) fn data(data: impl Into<Bytes>) -> Self {
        let data = data.into();
        ServerBody::Whole((!data.is_empty()).then_some(data), None)
    }

    /// These, and what is still to come when `ending` is over is not sent.
    pub(crate) fn pieces(pieces: Pieces, ending: impl Future<Output = ()> + 'static) -> Self {
        ServerBody::Pieces(pieces, Box::pin(ending))
    }
}

/// What goes next of an answer, or a part of one, that is there already. hyper asks for no more than it can send, but for
/// one piece; so the rest stays here, where it is known to wait, until the client makes room.
pub(crate) fn next_piece(data: &mut Option<Bytes>) -> Option<Bytes> {
    let left = data.as_mut()?;
    match left.len().saturating_sub(MAX_LAST_PIECE) {
        0 => data.take(),
        before_last => {
            let piece = left.split_to(before_last.min(MAX_PIECE));
            if left.len() <= MAX_LAST_PIECE {
                // Memory of its own: it may lie with hyper for long, and the whole answer with it.
                *left = Bytes::copy_from_slice(left);
            }
            Some(piece)
        }
    }
}

impl Body for ServerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            ServerBody::Whole(data, trailers) => {
                let frame = next_piece(data).map(Frame::data).or_else(|| trailers.take().map(Frame::trailers));
                Poll::Ready(frame.map(Ok))
            }
            ServerBody::Stream(frames) => frames.poll_recv(context).map(|frame| frame.map(Ok)),
            ServerBody::Pieces(pieces, ending) => match (pieces.poll_next(context), ending.as_mut()) {
                (Poll::Ready(next), _) => Poll::Ready(next.map(|piece| piece.map(Frame::data).map_err(BrokenOff))),
                (Poll::Pending, ending) => ending.poll(context).map(|()| Some(Err(BrokenOff(shutting_down())))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, ServerBody::Whole(None, None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ServerBody::Whole(data, None) => SizeHint::with_exact(data.as_ref().map_or(0, Bytes::len) as u64),
            _ => SizeHint::default(),
        }
    }
}
