//! The thread that says when requests of an open loop are due.
//!
//! A thread of its own that sleeps: the timers of an event loop come by the millisecond, which would add half of one to
//! every time that is measured. What is due at the same time is handed out together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::arrivals::Arrivals;
use crate::busy::Busy;
use crate::window::Window;

/// Longest sleep before it looks whether the run has been stopped.
const NAP: Duration = Duration::from_millis(20);

/// What the pacer works with.
pub(crate) struct Pacer {
    pub(crate) arrivals: Arrivals,
    pub(crate) begin: Instant,
    pub(crate) window: Window,
    /// Requests of the window that are to come; `u64::MAX` where the time alone ends the run.
    pub(crate) num_requests: u64,
    /// The event loops, in turn.
    pub(crate) threads: Vec<Sender<Instant>>,
    pub(crate) num_dropped: Arc<AtomicU64>,
}

impl Pacer {
    /// Hands out requests until the window is over or `is_stopped`; returns how busy that kept the thread.
    pub(crate) fn run(mut self, is_stopped: impl Fn() -> bool) -> Option<Busy> {
        let before = Busy::of_this_thread();
        let mut turn = 0;
        while let Some(due) = self.arrivals.next().and_then(|offset| self.begin.checked_add(offset)) {
            if self.is_over(due) || !wait_until(due, &is_stopped) {
                break;
            }
            turn = (turn + 1) % self.threads.len();
            // No room means an event loop that does not keep up; it has the line for those that merely wait.
            match self.threads[turn].try_send(due) {
                Err(TrySendError::Full(_)) if self.window.contains(due) => {
                    self.num_dropped.fetch_add(1, Ordering::Relaxed);
                }
                Err(TrySendError::Closed(_)) => break,
                _ => {}
            }
        }
        Some(Busy::of_this_thread()? - before?)
    }

    /// Whether nothing is due any more at this time; counts what is.
    fn is_over(&mut self, due: Instant) -> bool {
        if self.window.is_over(due) || self.num_requests == 0 {
            return true;
        }
        if self.num_requests != u64::MAX && self.window.contains(due) {
            self.num_requests -= 1;
        }
        false
    }
}

/// Sleeps until `due`; false where the run was stopped first.
fn wait_until(due: Instant, is_stopped: &impl Fn() -> bool) -> bool {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        if is_stopped() {
            return false;
        }
        park_timeout(left.min(NAP));
    }
}
