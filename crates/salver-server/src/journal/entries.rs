//! Where entries wait.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::entry::JournalEntry;

/// Entries that may wait; each takes less than a kilobyte, but for names, which are bounded by the sizes of messages.
const MAX_ENTRIES: usize = 16_384;
/// So long a pull waits for more after the first entry: one wake-up for many.
const GATHER: Duration = Duration::from_millis(50);

/// What a pull gives.
#[derive(Default)]
pub struct JournalEntries {
    /// In the order in which they ended.
    pub entries: Vec<JournalEntry>,
    /// How many found no room since the last pull.
    pub num_dropped: u64,
}

impl JournalEntries {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.num_dropped == 0
    }
}

#[derive(Default)]
struct State {
    waiting: JournalEntries,
    is_stopped: bool,
}

impl State {
    /// Whether a pull must not wait for more.
    fn is_urgent(&self) -> bool {
        self.is_stopped || self.waiting.entries.len() >= MAX_ENTRIES / 2
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
    pub(super) fn push(&self, entry: JournalEntry) {
        let mut state = self.lock();
        let (was_empty, was_urgent) = (state.waiting.is_empty(), state.is_urgent());
        if state.waiting.entries.len() < MAX_ENTRIES {
            state.waiting.entries.push(entry);
        } else {
            state.waiting.num_dropped += 1;
        }
        let wakes = was_empty || (state.is_urgent() && !was_urgent);
        drop(state);
        if wakes {
            self.changed.notify_one();
        }
    }

    pub(super) fn next(&self, timeout: Duration) -> Option<JournalEntries> {
        let deadline = Instant::now() + timeout;
        let state = self.wait(self.lock(), timeout, |state| state.waiting.is_empty() && !state.is_stopped);
        let gather = GATHER.min(deadline.saturating_duration_since(Instant::now()));
        let mut state = self.wait(state, gather, |state| !state.waiting.is_empty() && !state.is_urgent());
        if state.is_stopped && state.waiting.is_empty() {
            return None;
        }
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
        self.changed.wait_timeout_while(state, timeout, goes_on).unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use salver_core::Code;
    use salver_core::requests::{Company, Protocol, Times};

    use super::*;
    use crate::inference::Api;

    fn entry(index: usize) -> JournalEntry {
        JournalEntry {
            is_logged: true,
            request_id: index.to_string(),
            trace: None,
            model: "m".into(),
            version: Some(1),
            signature: String::new(),
            api: Api::Predict,
            protocol: Protocol::Grpc,
            code: Code::Ok,
            started_at: SystemTime::UNIX_EPOCH,
            times: Times::at_once(Instant::now()),
            num_rows: 1,
            company: Company::default(),
            num_request_bytes: 0,
            num_response_bytes: 0,
        }
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_counted() {
        let queue = Queue::default();
        (0..MAX_ENTRIES + 3).for_each(|index| queue.push(entry(index)));
        let pulled = queue.next(Duration::ZERO).unwrap();
        assert_eq!((pulled.entries.len(), pulled.num_dropped), (MAX_ENTRIES, 3));
        assert_eq!(pulled.entries[7].request_id, "7");
        assert!(queue.next(Duration::ZERO).unwrap().is_empty());
    }

    #[test]
    fn what_is_there_at_the_end_can_still_be_pulled() {
        let queue = Queue::default();
        queue.push(entry(0));
        queue.stop();
        assert_eq!(queue.next(Duration::from_secs(60)).map(|pulled| pulled.entries.len()), Some(1));
        assert!(queue.next(Duration::from_secs(60)).is_none());
    }
}
