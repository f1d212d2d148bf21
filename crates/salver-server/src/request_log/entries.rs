//! Where entries wait: bounded by their number and by what they keep in memory.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::entry::LogEntry;

/// Entries that may wait.
const MAX_ENTRIES: usize = 16_384;
/// Bytes of requests and responses that may wait.
pub(super) const MAX_BYTES: usize = 128 << 20;
/// So long a pull waits for more after the first entry: one wake-up for many.
const GATHER: Duration = Duration::from_millis(20);

/// What a pull gives.
#[derive(Default)]
pub struct LogEntries {
    /// In the order in which they were answered.
    pub entries: Vec<LogEntry>,
    /// How many found no room since the last pull, by model.
    pub dropped: HashMap<String, u64>,
}

#[derive(Default)]
struct State {
    waiting: LogEntries,
    num_bytes: usize,
    is_stopped: bool,
}

impl State {
    fn has_room(&self, num_bytes: usize) -> bool {
        self.waiting.entries.len() < MAX_ENTRIES && num_bytes <= MAX_BYTES - self.num_bytes
    }

    fn is_empty(&self) -> bool {
        self.waiting.entries.is_empty() && self.waiting.dropped.is_empty()
    }

    /// Whether a pull must not wait for more.
    fn is_urgent(&self) -> bool {
        self.is_stopped || self.waiting.entries.len() >= MAX_ENTRIES / 2 || self.num_bytes >= MAX_BYTES / 2
    }
}

/// First in, first out. One thread pulls.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// Queues an entry, or drops and counts it where there is no room. Never waits for whoever pulls.
    pub(super) fn push(&self, entry: LogEntry) {
        let num_bytes = entry.num_bytes();
        let mut state = self.lock();
        let (was_empty, was_urgent) = (state.is_empty(), state.is_urgent());
        if state.has_room(num_bytes) {
            state.num_bytes += num_bytes;
            state.waiting.entries.push(entry);
        } else {
            *state.waiting.dropped.entry(entry.rule.model.clone()).or_default() += 1;
        }
        let wakes = was_empty || (state.is_urgent() && !was_urgent);
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
    }

    pub(super) fn next(&self, timeout: Duration) -> Option<LogEntries> {
        let deadline = Instant::now() + timeout;
        let state = self.wait(self.lock(), timeout, |state| state.is_empty() && !state.is_stopped);
        let gather = GATHER.min(deadline.saturating_duration_since(Instant::now()));
        let mut state = self.wait(state, gather, |state| !state.is_empty() && !state.is_urgent());
        if state.is_stopped && state.is_empty() {
            return None;
        }
        state.num_bytes = 0;
        Some(std::mem::take(&mut state.waiting))
    }

    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        timeout: Duration,
        goes_on: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout_while(state, timeout, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
