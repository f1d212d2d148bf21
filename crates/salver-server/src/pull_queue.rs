//! Where what is to be written down waits for the one thread that pulls it.
//!
//! Who adds never waits for whoever pulls, and wakes it as seldom as can be: when there is something again, and when so
//! much is there that it should not wait for more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long a pull waits for more after the first entry: one wake-up for many.
const GATHER: Duration = Duration::from_millis(50);

/// What waits, bounded: it drops, and counts, what finds no room.
pub(crate) trait Waiting: Default {
    /// Whether there is nothing to be told, not even of what was dropped.
    fn is_empty(&self) -> bool;

    /// Whether a pull should not wait for more.
    fn is_urgent(&self) -> bool;
}

#[derive(Default)]
struct State<W> {
    waiting: W,
    is_stopped: bool,
}

impl<W: Waiting> State<W> {
    fn is_urgent(&self) -> bool {
        self.is_stopped || self.waiting.is_urgent()
    }
}

/// First in, first out.
#[derive(Default)]
pub(crate) struct PullQueue<W> {
    state: Mutex<State<W>>,
    changed: Condvar,
}

impl<W: Waiting> PullQueue<W> {
    /// Has `add` put something to what waits; gives back what it gives, such as what found no room.
    pub(crate) fn add<T>(&self, add: impl FnOnce(&mut W) -> T) -> T {
        let mut state = self.lock();
        let (was_empty, was_urgent) = (state.waiting.is_empty(), state.is_urgent());
        let left = add(&mut state.waiting);
        let wakes = was_empty || (state.is_urgent() && !was_urgent);
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
        left
    }

    /// Waits for something and gives all there is: nothing after `timeout`, `None` once stopped and empty.
    pub(crate) fn next(&self, timeout: Duration) -> Option<W> {
        let deadline = Instant::now() + timeout;
        let state = self.wait(self.lock(), timeout, |state| state.waiting.is_empty() && !state.is_stopped);
        let gather = GATHER.min(deadline.saturating_duration_since(Instant::now()));
        let mut state = self.wait(state, gather, |state| !state.waiting.is_empty() && !state.is_urgent());
        if state.is_stopped && state.waiting.is_empty() {
            return None;
        }
        Some(std::mem::take(&mut state.waiting))
    }

    /// Ends the waiting; what is there can still be pulled.
    pub(crate) fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State<W>>,
        timeout: Duration,
        goes_on: impl FnMut(&mut State<W>) -> bool,
    ) -> MutexGuard<'a, State<W>> {
        self.changed.wait_timeout_while(state, timeout, goes_on).unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    impl Waiting for Vec<u32> {
        fn is_empty(&self) -> bool {
            self.is_empty()
        }

        fn is_urgent(&self) -> bool {
            self.len() >= 3
        }
    }

    fn queue(numbers: &[u32]) -> PullQueue<Vec<u32>> {
        let queue = PullQueue::default();
        numbers.iter().for_each(|number| queue.add(|waiting: &mut Vec<u32>| waiting.push(*number)));
        queue
    }

    #[test]
    fn a_pull_gives_all_there_is_and_nothing_where_nothing_comes() {
        let queue = queue(&[1, 2]);
        assert_eq!(queue.next(Duration::ZERO), Some(vec![1, 2]));
        assert_eq!(queue.next(Duration::ZERO), Some(vec![]));
    }

    #[test]
    fn what_is_there_at_the_end_can_still_be_pulled() {
        let queue = queue(&[1]);
        queue.stop();
        assert_eq!(queue.next(LONG), Some(vec![1]));
        assert_eq!(queue.next(LONG), None);
    }

    #[test]
    fn who_pulls_is_woken_by_what_comes_and_by_the_end() {
        let queue = queue(&[]);
        std::thread::scope(|scope| {
            let pull = scope.spawn(|| (queue.next(LONG), queue.next(LONG)));
            (0..3).for_each(|number| queue.add(|waiting| waiting.push(number)));
            while !queue.lock().waiting.is_empty() {
                std::thread::yield_now();
            }
            queue.stop();
            assert_eq!(pull.join().unwrap().1, None);
        });
    }
}
