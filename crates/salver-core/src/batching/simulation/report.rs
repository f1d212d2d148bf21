//! What came of a simulated load.

use std::time::Duration;

use super::super::work::Reason;

/// What came of a simulated load, in the time that counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Rows answered in a second.
    pub rows_per_s: f64,
    /// Rows answered in a second before their deadline.
    pub goodput: f64,
    /// Requests that came.
    pub num_requests: usize,
    /// Requests that were refused, at once or after a while.
    pub num_refused: usize,
    /// Requests that were answered after their deadline.
    pub num_late: usize,
    /// Rows of each batch that ran, padding aside, in order.
    pub batch_rows: Vec<usize>,
    /// Why batches left, by [`Reason::ALL`].
    pub reasons: [usize; Reason::ALL.len()],
    /// From coming to answer, of what was answered; ascending.
    pub latencies: Vec<Duration>,
}

impl Report {
    /// The latency that this share of the answered requests stays below; zero where none was answered.
    pub fn latency(&self, quantile: f64) -> Duration {
        let at = (quantile * self.latencies.len() as f64) as usize;
        self.latencies.get(at).or(self.latencies.last()).copied().unwrap_or_default()
    }

    /// Rows of the mean batch.
    pub fn mean_batch_rows(&self) -> f64 {
        self.batch_rows.iter().sum::<usize>() as f64 / self.batch_rows.len().max(1) as f64
    }

    /// Batches that left for `reason`.
    pub fn num_left(&self, reason: Reason) -> usize {
        self.reasons[reason as usize]
    }
}
