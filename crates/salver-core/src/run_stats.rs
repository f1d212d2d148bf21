//! What is known of how long a target's batches run, and whether that is short enough for an event loop.
//!
//! A hand-over to a runner thread and back costs more than a short run. A target whose runs are short is therefore run
//! by the event loop itself; the figures are taken on every run, so that a target that grows slow loses that place
//! after a few runs. All updates are relaxed: a lost one changes an estimate by a sixteenth.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Mean run up to which an event loop may run the batches of a target.
const MAX_SHORT_MEAN: Duration = Duration::from_micros(100);
/// A single run this long bars the target from the event loop for a while. Longer than the time slice after which a busy
/// machine takes the processor away from a short run: that only raises the mean for some runs.
const LONG_RUN: Duration = Duration::from_millis(5);
/// Runs that follow a long one before the target is trusted again.
const RUNS_BARRED: u64 = 256;
/// Runs before the mean counts.
const MIN_RUNS: u64 = 16;
/// Weight of the past in the moving mean.
const WINDOW: u64 = 16;

/// Moving figures of one target.
#[derive(Debug, Default)]
pub struct RunStats {
    num_runs: AtomicU64,
    mean_nanos: AtomicU64,
    runs_barred: AtomicU64,
}

impl RunStats {
    /// Takes in one run.
    pub fn record(&self, elapsed: Duration) {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let num_runs = self.num_runs.fetch_add(1, Ordering::Relaxed);
        let mean = self.mean_nanos.load(Ordering::Relaxed);
        let mean = if num_runs == 0 { nanos } else { mean - mean / WINDOW + nanos / WINDOW };
        self.mean_nanos.store(mean, Ordering::Relaxed);
        if elapsed >= LONG_RUN {
            return self.bar();
        }
        let barred = self.runs_barred.load(Ordering::Relaxed);
        if barred > 0 {
            self.runs_barred.store(barred - 1, Ordering::Relaxed);
        }
    }

    /// Bars the target from the event loop for a while.
    pub fn bar(&self) {
        self.runs_barred.store(RUNS_BARRED, Ordering::Relaxed);
    }

    /// Mean of the recent runs; zero before the first.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.mean_nanos.load(Ordering::Relaxed))
    }

    /// Whether an event loop may run this target's batches.
    pub fn is_short(&self) -> bool {
        self.num_runs.load(Ordering::Relaxed) >= MIN_RUNS
            && self.mean() <= MAX_SHORT_MEAN
            && self.runs_barred.load(Ordering::Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_many(stats: &RunStats, count: u64, micros: u64) {
        (0..count).for_each(|_| stats.record(Duration::from_micros(micros)));
    }

    #[test]
    fn trusted_only_after_enough_short_runs() {
        let stats = RunStats::default();
        record_many(&stats, MIN_RUNS - 1, 20);
        assert!(!stats.is_short());
        record_many(&stats, 1, 20);
        assert!(stats.is_short());
    }

    #[test]
    fn loses_its_place_when_runs_grow_longer() {
        let stats = RunStats::default();
        record_many(&stats, 100, 20);
        record_many(&stats, 20, 500);
        assert!(!stats.is_short());
        record_many(&stats, 100, 20);
        assert!(stats.is_short());
    }

    #[test]
    fn one_long_run_bars_it_for_a_while() {
        let stats = RunStats::default();
        record_many(&stats, 100, 20);
        record_many(&stats, 1, 5000);
        record_many(&stats, RUNS_BARRED - 1, 20);
        assert!(!stats.is_short());
        record_many(&stats, 1, 20);
        assert!(stats.is_short());
    }
}
