//! How long a gRPC connection lives: its age, and the time that it had nothing to do.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::Response;
use tokio::time::{Instant, sleep, sleep_until};

use crate::body::{BrokenOff, ServerBody};
use crate::options::GrpcOptions;
use crate::patience;

/// The calls of one connection.
pub(crate) struct Calls {
    has_begun: Cell<bool>,
    num_open: Cell<usize>,
    last_end: Cell<Instant>,
}

impl Calls {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { has_begun: Cell::new(false), num_open: Cell::new(0), last_end: Cell::new(Instant::now()) })
    }

    /// Counts a call until its answer was sent or dropped.
    pub(crate) fn begin(self: &Rc<Self>) -> OpenCall {
        self.has_begun.set(true);
        self.num_open.set(self.num_open.get() + 1);
        OpenCall(self.clone())
    }

    /// Whether there ever was one.
    pub(crate) fn have_begun(&self) -> bool {
        self.has_begun.get()
    }

    /// Waits until there was none for `limit`.
    async fn idle(&self, limit: Duration) {
        loop {
            if self.num_open.get() > 0 {
                sleep(limit).await;
            } else if self.last_end.get().elapsed() < limit {
                sleep_until(self.last_end.get() + limit).await;
            } else {
                return;
            }
        }
    }
}

/// A call that goes on.
pub(crate) struct OpenCall(Rc<Calls>);

impl OpenCall {
    /// Has the call last as long as its answer.
    pub(crate) fn answer(self, response: Response<ServerBody>) -> Response<AnswerBody> {
        response.map(|body| AnswerBody { body, _open: self })
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.num_open.set(self.0.num_open.get() - 1);
        self.0.last_end.set(Instant::now());
    }
}

/// The body of an answer, and its call.
pub(crate) struct AnswerBody {
    body: ServerBody,
    _open: OpenCall,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let asked = Pin::new(&mut self.get_mut().body).poll_frame(context);
        patience::note(&asked);
        asked
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Waits until the connection has lived or idled long enough; says how long its open calls may still take.
pub(crate) async fn end_of_life(options: &GrpcOptions, calls: &Calls) -> Option<Duration> {
    let aged = async {
        match options.max_age {
            Some(age) => sleep(jittered(age)).await,
            None => std::future::pending().await,
        }
    };
    let idled = async {
        match options.max_idle {
            Some(limit) => calls.idle(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = aged => {}
        () = idled => {}
    }
    options.max_age_grace
}

/// A tenth more or less: connections that came together should not all come back together.
fn jittered(age: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    age.mul_f64(0.9 + 0.2 * random)
}
