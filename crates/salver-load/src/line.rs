//! Requests that are due and wait for a worker.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// A bounded line, oldest first.
pub(crate) struct Line {
    waiting: Mutex<Waiting>,
    change: Notify,
    max: usize,
}

struct Waiting {
    due: VecDeque<Instant>,
    is_closed: bool,
}

impl Line {
    /// An empty line with room for so many.
    pub(crate) fn new(max: usize) -> Self {
        let waiting = Mutex::new(Waiting { due: VecDeque::new(), is_closed: false });
        Self { waiting, change: Notify::new(), max }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one; false where there is no room.
    pub(crate) fn push(&self, due: Instant) -> bool {
        let mut waiting = self.lock();
        let has_room = waiting.due.len() < self.max;
        if has_room {
            waiting.due.push_back(due);
            self.change.notify_one();
        }
        has_room
    }

    /// Nothing comes after this; workers get what is left, then `None`.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.change.notify_waiters();
    }

    /// The oldest, where there is one.
    pub(crate) fn take(&self) -> Option<Instant> {
        self.lock().due.pop_front()
    }

    /// The oldest, as soon as there is one; `None` at the end.
    pub(crate) async fn next(&self) -> Option<Instant> {
        loop {
            // Made before the look at the line: what is closed in between still wakes it.
            let change = self.change.notified();
            {
                let mut waiting = self.lock();
                if let Some(due) = waiting.due.pop_front() {
                    return Some(due);
                }
                if waiting.is_closed {
                    return None;
                }
            }
            change.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn a_full_line_takes_no_more_and_gives_the_oldest_first() {
        let line = Line::new(2);
        let times = [0, 1, 2].map(|seconds| Instant::now() + std::time::Duration::from_secs(seconds));
        assert_eq!(times.map(|due| line.push(due)), [true, true, false]);
        line.close();
        let taken = block_on(async { [line.next().await, line.next().await, line.next().await] });
        assert_eq!(taken, [Some(times[0]), Some(times[1]), None]);
    }

    #[test]
    fn workers_that_wait_are_woken_by_what_comes_and_by_the_end() {
        let line = Line::new(9);
        let due = Instant::now();
        let taken = block_on(async {
            tokio::join!(line.next(), line.next(), async {
                line.push(due);
                line.close();
            })
        });
        let mut both = [taken.0, taken.1];
        both.sort();
        assert_eq!(both, [None, Some(due)]);
    }
}
