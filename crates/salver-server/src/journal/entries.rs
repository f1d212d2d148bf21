//! Requests that are told of and wait to be, bounded by their number.

use super::entry::JournalEntry;
use crate::pull_queue::Waiting;

/// Entries that may wait; each takes less than a kilobyte, but for names, which are bounded by the sizes of messages.
const MAX_ENTRIES: usize = 16_384;

/// What a pull gives.
#[derive(Default)]
pub struct JournalEntries {
    /// In the order in which they ended.
    pub entries: Vec<JournalEntry>,
    /// How many found no room since the last pull.
    pub num_dropped: u64,
}

impl JournalEntries {
    /// Takes in an entry, or drops and counts it where there is no room.
    pub(super) fn push(&mut self, entry: JournalEntry) {
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push(entry);
        } else {
            self.num_dropped += 1;
        }
    }
}

impl Waiting for JournalEntries {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.num_dropped == 0
    }

    fn is_urgent(&self) -> bool {
        self.entries.len() >= MAX_ENTRIES / 2
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

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
        let mut waiting = JournalEntries::default();
        assert!(waiting.is_empty());
        (0..MAX_ENTRIES + 3).for_each(|index| waiting.push(entry(index)));
        assert_eq!((waiting.entries.len(), waiting.num_dropped), (MAX_ENTRIES, 3));
        assert_eq!(waiting.entries[7].request_id, "7");
        waiting.entries.clear();
        assert!(!waiting.is_empty(), "what was dropped is to be told");
    }
}
