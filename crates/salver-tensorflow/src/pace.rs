//! How long the runs of a signature take, to choose the thread for the next one.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Runs longer than this gain from the pool: the hand-over, some 20 us, no longer counts, branches run side by side,
/// and a run can be stopped at its deadline.
const LONG_RUN: Duration = Duration::from_millis(5);

/// A moving mean of run times. Threads update it without waiting; a lost update does no harm.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    mean_us: AtomicU32,
}

impl Pace {
    /// Takes one run into account, as an eighth of the mean.
    pub(crate) fn record(&self, time: Duration) {
        let time_us = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let mean_us = self.mean_us.load(Ordering::Relaxed);
        self.mean_us.store(mean_us - mean_us / 8 + time_us / 8, Ordering::Relaxed);
    }

    /// Whether runs take long on average.
    pub(crate) fn is_long(&self) -> bool {
        u128::from(self.mean_us.load(Ordering::Relaxed)) >= LONG_RUN.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_run_is_not_a_long_pace_but_many_are() {
        let pace = Pace::default();
        pace.record(Duration::from_millis(20));
        assert!(!pace.is_long());
        (0..8).for_each(|_| pace.record(Duration::from_millis(20)));
        assert!(pace.is_long());
        (0..20).for_each(|_| pace.record(Duration::from_micros(10)));
        assert!(!pace.is_long());
    }

    #[test]
    fn the_longest_run_does_not_overflow() {
        let pace = Pace::default();
        (0..100).for_each(|_| pace.record(Duration::MAX));
        assert!(pace.is_long());
    }
}
