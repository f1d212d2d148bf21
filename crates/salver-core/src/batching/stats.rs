//! What became of the batches of a line.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::entry::Taken;
use super::recent::{Quantiles, Recent, RowRate};
use super::work::{Reason, Refusal, Work};
use crate::histogram::{BATCH_LIMITS, Histogram, LATENCY_LIMITS};

/// Waits that the quantiles are taken over.
const RECENT_WAITS: usize = 1024;
/// Runs that the quantiles are taken over.
const RECENT_RUNS: usize = 256;

/// Counts of one line since it was first used.
#[derive(Debug)]
pub struct LineStats {
    by_reason: [AtomicU64; Reason::ALL.len()],
    by_refusal: [AtomicU64; Refusal::NAMES.len()],
    num_requests: AtomicU64,
    num_rows: AtomicU64,
    num_padding_rows: AtomicU64,
    /// Rows of each batch that left, padding aside.
    pub batch_rows: Histogram,
    /// Microseconds that requests waited for their batch to leave.
    pub wait_micros: Histogram,
    /// Microseconds that batches ran.
    pub run_micros: Histogram,
    recent_waits: Recent,
    recent_runs: Recent,
    rate: RowRate,
}

impl Default for LineStats {
    fn default() -> Self {
        Self {
            by_reason: Default::default(),
            by_refusal: Default::default(),
            num_requests: AtomicU64::new(0),
            num_rows: AtomicU64::new(0),
            num_padding_rows: AtomicU64::new(0),
            batch_rows: Histogram::new(&BATCH_LIMITS),
            wait_micros: Histogram::new(&LATENCY_LIMITS),
            run_micros: Histogram::new(&LATENCY_LIMITS),
            recent_waits: Recent::new(RECENT_WAITS),
            recent_runs: Recent::new(RECENT_RUNS),
            rate: RowRate::default(),
        }
    }
}

impl LineStats {
    /// Notes a batch that leaves at `now`.
    pub(super) fn left<W: Work>(&self, taken: &Taken<W>, now: Instant) {
        let (num_rows, num_padding_rows) = (taken.num_rows, taken.padded_rows.saturating_sub(taken.num_rows));
        self.by_reason[taken.reason as usize].fetch_add(1, Ordering::Relaxed);
        self.num_requests.fetch_add(taken.batch.len() as u64, Ordering::Relaxed);
        self.num_rows.fetch_add(num_rows as u64, Ordering::Relaxed);
        self.num_padding_rows.fetch_add(num_padding_rows as u64, Ordering::Relaxed);
        self.batch_rows.record(num_rows as u64);
        self.rate.record(num_rows, now);
        for item in &taken.batch {
            let wait = now.saturating_duration_since(item.queued_at());
            self.wait_micros.record(micros(wait));
            self.recent_waits.record(wait);
        }
    }

    /// Notes a batch that ran to its end.
    pub(super) fn ran(&self, elapsed: Duration) {
        self.run_micros.record(micros(elapsed));
        self.recent_runs.record(elapsed);
    }

    /// Notes work that did not run.
    pub(super) fn refused(&self, refusal: &Refusal) {
        let index = Refusal::NAMES.iter().position(|name| *name == refusal.name()).unwrap_or(0);
        self.by_refusal[index].fetch_add(1, Ordering::Relaxed);
    }

    /// Batches that left, by why.
    pub fn by_reason(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL.into_iter().zip(self.by_reason.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Work that did not run, by the name of why.
    pub fn by_refusal(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Refusal::NAMES.into_iter().zip(self.by_refusal.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// How long the latest requests waited for their batch to leave.
    pub fn wait(&self) -> Option<Quantiles> {
        self.recent_waits.quantiles()
    }

    /// How long the latest batches ran.
    pub fn run(&self) -> Option<Quantiles> {
        self.recent_runs.quantiles()
    }

    /// Rows that left per second, over the last ten seconds or so.
    pub fn rows_per_s(&self, now: Instant) -> f64 {
        self.rate.rows_per_s(now)
    }

    /// Batches that left.
    pub fn num_batches(&self) -> u64 {
        self.by_reason().map(|(_, count)| count).sum()
    }

    /// Batches by their size, as pairs of the most rows that count for it and how many there were; empty ones aside.
    pub fn batch_sizes(&self) -> Vec<(u64, u64)> {
        let (counts, _) = self.batch_rows.snapshot();
        // A limit is exclusive, and rows are whole.
        let most_rows = BATCH_LIMITS.iter().map(|limit| *limit as u64 - 1).chain([u64::MAX]);
        most_rows.zip(counts).filter(|(_, count)| *count > 0).collect()
    }

    /// Requests that left in a batch.
    pub fn num_requests(&self) -> u64 {
        self.num_requests.load(Ordering::Relaxed)
    }

    /// Rows that left in a batch, padding aside.
    pub fn num_rows(&self) -> u64 {
        self.num_rows.load(Ordering::Relaxed)
    }

    /// Rows that batches were filled up with.
    pub fn num_padding_rows(&self) -> u64 {
        self.num_padding_rows.load(Ordering::Relaxed)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
