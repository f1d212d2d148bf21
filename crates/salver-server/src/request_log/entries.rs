//! Answered requests that wait to be logged, bounded by their number and by what they keep in memory.

use std::collections::HashMap;

use super::entry::LogEntry;
use crate::pull_queue::Waiting;

/// Entries that may wait.
const MAX_ENTRIES: usize = 16_384;
/// Bytes of requests and responses that may wait.
pub(super) const MAX_BYTES: usize = 128 << 20;

/// What a pull gives.
#[derive(Default)]
pub struct LogEntries {
    /// In the order in which they were answered.
    pub entries: Vec<LogEntry>,
    /// How many found no room since the last pull, by model.
    pub dropped: HashMap<String, u64>,
    num_bytes: usize,
}

impl LogEntries {
    /// Takes in an entry; one that finds no room is counted and given back, as it may take a while to be freed.
    pub(super) fn push(&mut self, entry: LogEntry) -> Option<LogEntry> {
        let num_bytes = entry.num_bytes();
        if self.entries.len() < MAX_ENTRIES && num_bytes <= MAX_BYTES - self.num_bytes {
            self.num_bytes += num_bytes;
            self.entries.push(entry);
            None
        } else {
            *self.dropped.entry(entry.rule.model.clone()).or_default() += 1;
            Some(entry)
        }
    }
}

impl Waiting for LogEntries {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.dropped.is_empty()
    }

    fn is_urgent(&self) -> bool {
        self.entries.len() >= MAX_ENTRIES / 2 || self.num_bytes >= MAX_BYTES / 2
    }
}
