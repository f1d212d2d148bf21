//! What a line has learnt of its runs.

use std::time::{Duration, Instant};

use super::ticket::Over;

/// A size that ran, and how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Rows that ran, padding included.
    pub num_rows: usize,
    /// Microseconds that half of its runs stay below.
    pub p50_micros: f64,
    /// Microseconds that nine of ten of its runs stay below.
    pub p90_micros: f64,
    /// Runs that this was learnt from: the latest ones.
    pub num_runs: usize,
}

/// Weight of the past in the moving mean.
const WINDOW: u32 = 16;

/// What a line has learnt of its runs.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    mean: Option<Duration>,
}

impl Learnt {
    /// Takes in a batch that is over, while `waiting_rows` wait.
    pub(super) fn record(&mut self, over: &Over, _waiting_rows: usize) {
        let mean = self.mean.unwrap_or(over.elapsed);
        self.mean = Some(mean - mean / WINDOW + over.elapsed / WINDOW);
    }

    /// What is known of the time of a run, by ascending rows.
    pub(super) fn points(&self) -> Vec<CurvePoint> {
        Vec::new()
    }

    /// How long a batch of so many rows is going to run.
    pub(super) fn expected_run(&self, _num_rows: usize) -> Option<Duration> {
        self.mean
    }

    /// Rows of the batch that should run next where so many wait.
    pub(super) fn preferred_rows(&self, waiting_rows: usize, max_rows: usize) -> usize {
        waiting_rows.min(max_rows)
    }

    /// Until when a batch of what waits should be held back for company.
    pub(super) fn hold_until(&self, _waiting_rows: usize, _now: Instant) -> Option<Instant> {
        None
    }

    /// Batches that should run at the same time.
    pub(super) fn max_in_flight(&self, num_runners: usize) -> usize {
        num_runners
    }

    /// When the answer to a request would be ready that comes behind so many rows.
    pub(super) fn time_to_answer(&self, _rows_ahead: usize, _num_rows: usize) -> Option<Duration> {
        None
    }
}
