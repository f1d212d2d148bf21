//! Answers that Python gives in pieces: life-cycle events as they happen, and downloads.
//!
//! Between the two sides lies a buffer that is bounded in bytes. A sender whose client is behind is told so, and decides
//! itself whether to wait: no thread of Python's is held up by a client unless it chose to be. What has gone on one side
//! is seen on the other; a stream that is dropped without an end is broken off, so that nobody takes a part for the whole.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use salver_core::Status;

/// What may wait for a client; a larger piece waits alone.
const MAX_WAITING_BYTES: usize = 256 << 10;

type End = Result<(), Status>;

#[derive(Default)]
struct State {
    waiting: VecDeque<Bytes>,
    num_bytes: usize,
    end: Option<End>,
    has_reader_gone: bool,
    reader: Option<Waker>,
}

impl State {
    fn is_open(&self) -> bool {
        self.end.is_none() && !self.has_reader_gone
    }

    fn has_room(&self, len: usize) -> bool {
        self.waiting.is_empty() || self.num_bytes + len <= MAX_WAITING_BYTES
    }
}

#[derive(Default)]
struct Buffer {
    state: Mutex<State>,
    /// There is room, or no use for it any more.
    has_moved: Condvar,
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: End) {
        let mut state = self.lock();
        if !state.is_open() {
            return;
        }
        state.end = Some(end);
        wake(state);
        self.has_moved.notify_all();
    }
}

/// Wakes the reader, without the lock.
fn wake(mut state: MutexGuard<'_, State>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// Both sides of an answer in pieces.
pub fn answer_stream() -> (AnswerStream, Pieces) {
    let buffer = Arc::new(Buffer::default());
    (AnswerStream(buffer.clone()), Pieces(buffer))
}

/// The side that gives the pieces; dropped without an end it breaks the answer off.
pub struct AnswerStream(Arc<Buffer>);

impl AnswerStream {
    /// Gives a piece to the client, after waiting for room up to `timeout`; an empty one only asks for the room.
    ///
    /// False where nothing was given: there was no room in time, or the stream is no longer open.
    pub fn send(&self, piece: Bytes, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.0.lock();
        while state.is_open() && !state.has_room(piece.len()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.has_moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if !state.is_open() {
            return false;
        }
        if !piece.is_empty() {
            state.num_bytes += piece.len();
            state.waiting.push_back(piece);
            wake(state);
        }
        true
    }

    /// Whether somebody still reads, and no end was given.
    pub fn is_open(&self) -> bool {
        self.0.lock().is_open()
    }

    /// Ends the answer after its last piece, or breaks it off with an error; only the first end counts.
    pub fn end(&self, end: Result<(), Status>) {
        self.0.end(end);
    }
}

impl Drop for AnswerStream {
    fn drop(&mut self) {
        self.0.end(Err(Status::internal("The answer was dropped before its end.")));
    }
}

/// The side that sends them on; once it is dropped the stream is no longer open.
pub struct Pieces(Arc<Buffer>);

impl std::fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pieces")
    }
}

impl Pieces {
    /// The next piece; `None` at the end.
    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        let mut state = self.0.lock();
        if let Some(piece) = state.waiting.pop_front() {
            state.num_bytes -= piece.len();
            drop(state);
            self.0.has_moved.notify_all();
            return Poll::Ready(Some(Ok(piece)));
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(status)) => Poll::Ready(Some(Err(status.clone()))),
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Waits for the next piece; `None` at the end.
    pub(crate) async fn next(&self) -> Option<Result<Bytes, Status>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.has_reader_gone = true;
        state.waiting.clear();
        drop(state);
        self.0.has_moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn poll(pieces: &Pieces) -> Poll<Option<Result<Bytes, Status>>> {
        pieces.poll_next(&Context::from_waker(Waker::noop()))
    }

    fn piece(len: usize) -> Bytes {
        vec![b'x'; len].into()
    }

    #[test]
    fn pieces_come_in_order_and_then_the_end() {
        let (stream, pieces) = answer_stream();
        assert!(poll(&pieces).is_pending());
        assert!(stream.send("a".into(), Duration::ZERO) && stream.send("b".into(), Duration::ZERO));
        stream.end(Ok(()));
        assert!(!stream.is_open() && !stream.send("c".into(), SOON));
        assert!(matches!(poll(&pieces), Poll::Ready(Some(Ok(piece))) if piece == "a"));
        assert!(matches!(poll(&pieces), Poll::Ready(Some(Ok(piece))) if piece == "b"));
        assert!(matches!(poll(&pieces), Poll::Ready(None)));
    }

    #[test]
    fn a_full_buffer_refuses_and_says_that_it_is_open() {
        let (stream, pieces) = answer_stream();
        assert!(stream.send(piece(2 * MAX_WAITING_BYTES), Duration::ZERO), "a large piece waits alone");
        assert!(!stream.send(piece(1), Duration::ZERO) && stream.is_open());
        assert!(!stream.send(Bytes::new(), Duration::ZERO), "an empty piece asks for room, too");
        drop(poll(&pieces));
        assert!(stream.send(piece(MAX_WAITING_BYTES), Duration::ZERO));
        assert!(!stream.send(piece(1), Duration::ZERO));
    }

    #[test]
    fn who_waits_for_room_goes_on_when_there_is_some_and_when_the_reader_has_gone() {
        let (stream, pieces) = answer_stream();
        assert!(stream.send(piece(MAX_WAITING_BYTES), Duration::ZERO));
        let sender = std::thread::spawn(move || (stream.send(piece(1), SOON), stream));
        drop(poll(&pieces));
        let (was_sent, stream) = sender.join().unwrap();
        assert!(was_sent);

        assert!(stream.send(piece(MAX_WAITING_BYTES - 1), Duration::ZERO));
        let sender = std::thread::spawn(move || (stream.send(piece(1), SOON), stream.is_open()));
        drop(pieces);
        assert_eq!(sender.join().unwrap(), (false, false));
    }

    #[test]
    fn a_dropped_stream_is_broken_off() {
        let (stream, pieces) = answer_stream();
        drop(stream);
        assert!(matches!(poll(&pieces), Poll::Ready(Some(Err(status))) if status.code == salver_core::Code::Internal));
    }
}
