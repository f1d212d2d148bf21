//! Calls that are not inference: queued here, pulled and answered by Python.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use salver_core::{Code, Status};
use tokio::sync::oneshot;

use crate::answer_stream::Pieces;
use crate::peer::Peer;

/// Calls that may wait; far more than an operator's tools send.
const MAX_WAITING_CALLS: usize = 1024;

/// How a control call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// One message of a gRPC call.
    Grpc,
    /// An HTTP request on the REST port.
    Http,
    /// An HTTP request on the admin port.
    Admin,
    /// The one message of a gRPC call on the admin port, or one of a reflection stream.
    AdminGrpc,
    /// Something that the operator should know, in `body`; needs no answer.
    Notice,
}

/// The answer to a control call.
#[derive(Debug)]
pub enum ControlAnswer {
    /// One gRPC message.
    Message(Bytes),
    /// A whole HTTP response.
    Http {
        /// Status code, 100..=999.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// Body.
        body: Bytes,
    },
    /// gRPC messages that come over time; for calls on the admin port alone.
    Messages(Pieces),
    /// An HTTP response whose body comes over time.
    HttpPieces {
        /// Status code, 100..=999.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// Body.
        pieces: Pieces,
    },
}

/// A call that waits for an answer; dropping it answers INTERNAL.
#[derive(Debug)]
pub struct ControlCall {
    /// Which form of answer is expected.
    pub protocol: Protocol,
    /// Who calls, as far as the connection tells; `None` for a notice.
    pub peer: Option<Peer>,
    /// HTTP method; `POST` for gRPC.
    pub method: String,
    /// Undecoded path; for gRPC `/package.Service/Method`.
    pub path: String,
    /// Undecoded query, without the question mark.
    pub query: String,
    /// Request headers.
    pub headers: Vec<(String, String)>,
    /// Request body or gRPC message.
    pub body: Bytes,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Set when the caller has gone.
    pub is_abandoned: Arc<AtomicBool>,
    pub(crate) reply: oneshot::Sender<Result<ControlAnswer, Status>>,
}

impl ControlCall {
    /// Answers the call; an answer to a caller that has gone is dropped.
    pub fn answer(self, answer: Result<ControlAnswer, Status>) {
        let _gone = self.reply.send(answer);
    }
}

/// What is told to everybody whom the end of the server cuts short.
pub(crate) fn shutting_down() -> Status {
    Status::new(Code::Unavailable, "The server is shutting down.")
}

#[derive(Default)]
struct State {
    calls: VecDeque<ControlCall>,
    is_stopped: bool,
}

/// First in, first out, bounded.
#[derive(Default)]
pub(crate) struct ControlQueue {
    state: Mutex<State>,
    has_call: Condvar,
}

impl ControlQueue {
    /// Queues `call`; a full or stopped queue answers it at once.
    pub(crate) fn push(&self, call: ControlCall) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let refusal = if state.is_stopped {
            shutting_down()
        } else if state.calls.len() >= MAX_WAITING_CALLS {
            Status::new(Code::ResourceExhausted, "Too many control calls are waiting.")
        } else {
            state.calls.push_back(call);
            drop(state);
            return self.has_call.notify_one();
        };
        drop(state);
        call.answer(Err(refusal));
    }

    /// Queues a line for the operator's log; where the queue is full it is dropped.
    pub(crate) fn notice(&self, message: String) {
        let (reply, _nobody_waits) = oneshot::channel();
        self.push(ControlCall {
            protocol: Protocol::Notice,
            peer: None,
            method: String::new(),
            path: String::new(),
            query: String::new(),
            headers: Vec::new(),
            body: message.into(),
            deadline: None,
            is_abandoned: Arc::default(),
            reply,
        });
    }

    /// Waits for the next call whose caller is still there.
    pub(crate) fn next(&self, timeout: Duration) -> Option<ControlCall> {
        let deadline = Instant::now() + timeout;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match state.calls.pop_front() {
                Some(call) if call.is_abandoned.load(Ordering::Relaxed) => continue,
                Some(call) => return Some(call),
                None if state.is_stopped => return None,
                None => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.has_call.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the waiting and refuses what waits.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_stopped = true;
        let calls = std::mem::take(&mut state.calls);
        drop(state);
        self.has_call.notify_all();
        for call in calls {
            call.answer(Err(shutting_down()));
        }
    }
}
