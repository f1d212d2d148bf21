//! How a run ends: before its time, or with the last of its threads.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::lock::locked;

/// How a run ends before its time.
pub(crate) struct End {
    pub(crate) stopped: watch::Sender<bool>,
    pub(crate) early: Mutex<Option<Early>>,
}

/// An end before its time.
pub(crate) struct Early {
    pub(crate) at: Instant,
    /// `None` where it was told to end.
    pub(crate) reason: Option<String>,
}

impl End {
    pub(crate) fn new() -> Self {
        Self { stopped: watch::Sender::new(false), early: Mutex::new(None) }
    }

    /// Ends the run because it cannot go on; the first reason is kept.
    pub(crate) fn give_up(&self, reason: &str) {
        self.end(Some(reason.to_owned()));
    }

    /// Ends the run; the first call counts.
    pub(crate) fn end(&self, reason: Option<String>) {
        locked(&self.early).get_or_insert(Early { at: Instant::now(), reason });
        self.stopped.send_replace(true);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }
}

/// How many threads have not ended.
pub(crate) struct Going {
    state: Mutex<(usize, Option<Instant>)>,
    change: Condvar,
}

impl Going {
    pub(crate) fn new(num_threads: usize) -> Self {
        Self { state: Mutex::new((num_threads, None)), change: Condvar::new() }
    }

    /// Whether all have ended, as soon as they have or after `limit`.
    pub(crate) fn wait(&self, limit: Duration) -> bool {
        let waited = self.change.wait_timeout_while(locked(&self.state), limit, |(left, _)| *left > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.0 == 0
    }

    /// When the last one did.
    pub(crate) fn ended(&self) -> Option<Instant> {
        locked(&self.state).1
    }
}

/// Counts a thread as ended, however it ends.
pub(crate) struct Leaving(pub(crate) Arc<Going>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        state.0 -= 1;
        if state.0 == 0 {
            state.1 = Some(Instant::now());
        }
        self.0.change.notify_all();
    }
}
