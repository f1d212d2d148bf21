//! Requests that stand for others of their size.

use std::time::SystemTime;

/// A traced request of the size of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemplar {
    /// Its trace.
    pub trace_id: u128,
    /// How long it took.
    pub nanos: u64,
    /// When it ended.
    pub at: SystemTime,
}
