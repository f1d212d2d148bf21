//! The latest of many samples, and how fast rows go.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The times that half, nine in ten and 99 in 100 of some samples were within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    /// Half.
    pub p50: Duration,
    /// Nine in ten.
    pub p90: Duration,
    /// 99 in 100.
    pub p99: Duration,
}

impl Quantiles {
    /// Those of `samples`, in microseconds; `None` where there are none.
    fn of(mut samples: Vec<u32>) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        samples.sort_unstable();
        let within = |part: f64| {
            let place = (part * samples.len() as f64).ceil() as usize;
            Duration::from_micros(samples[place.clamp(1, samples.len()) - 1].into())
        };
        Some(Self { p50: within(0.5), p90: within(0.9), p99: within(0.99) })
    }
}

/// The last so many samples of a time. A sample costs two atomic operations; there is no lock.
#[derive(Debug)]
pub(super) struct Recent {
    micros: Box<[AtomicU32]>,
    num_taken: AtomicUsize,
}

impl Recent {
    /// Keeps the last `capacity`, at least one.
    pub(super) fn new(capacity: usize) -> Self {
        Self { micros: (0..capacity.max(1)).map(|_| AtomicU32::new(0)).collect(), num_taken: AtomicUsize::new(0) }
    }

    /// Takes in a sample; one of more than an hour counts as one of 71 minutes.
    pub(super) fn record(&self, time: Duration) {
        let place = self.num_taken.fetch_add(1, Ordering::Relaxed) % self.micros.len();
        self.micros[place].store(u32::try_from(time.as_micros()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Of the samples that are kept.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let num_kept = self.num_taken.load(Ordering::Relaxed).min(self.micros.len());
        Quantiles::of(self.micros[..num_kept].iter().map(|sample| sample.load(Ordering::Relaxed)).collect())
    }
}

/// In this time a row loses all but a third of its weight: what is older than some of these hardly counts.
const MEMORY_S: f64 = 10.0;
/// A rate is never taken over less than this: a first batch is not a rate yet.
const MIN_WINDOW_S: f64 = 1.0;

/// How many rows go by per second, lately.
#[derive(Debug, Default)]
pub(super) struct RowRate(Mutex<Option<Flow>>);

#[derive(Clone, Copy, Debug)]
struct Flow {
    began: Instant,
    last: Instant,
    /// Rows, each with the weight that its age has left it at `last`.
    num_rows: f64,
}

impl Flow {
    fn at(self, now: Instant) -> Self {
        let age_s = now.saturating_duration_since(self.last).as_secs_f64();
        Self { last: now.max(self.last), num_rows: self.num_rows * (-age_s / MEMORY_S).exp(), ..self }
    }
}

impl RowRate {
    /// Takes in rows that go by at `now`.
    pub(super) fn record(&self, num_rows: usize, now: Instant) {
        let mut flow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let aged = flow.unwrap_or(Flow { began: now, last: now, num_rows: 0.0 }).at(now);
        *flow = Some(Flow { num_rows: aged.num_rows + num_rows as f64, ..aged });
    }

    /// Rows per second at `now`.
    pub(super) fn rows_per_s(&self, now: Instant) -> f64 {
        let flow = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flow.map_or(0.0, |flow| {
            let window_s = now.saturating_duration_since(flow.began).as_secs_f64().max(MIN_WINDOW_S);
            flow.at(now).num_rows / (MEMORY_S * (1.0 - (-window_s / MEMORY_S).exp()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples_that_so_many_were_within() {
        let recent = Recent::new(100);
        assert_eq!(recent.quantiles(), None);
        (1..=100).rev().for_each(|millis| recent.record(Duration::from_millis(millis)));
        let of = |millis| Duration::from_millis(millis);
        assert_eq!(recent.quantiles(), Some(Quantiles { p50: of(50), p90: of(90), p99: of(99) }));
    }

    #[test]
    fn only_the_latest_samples_count() {
        let recent = Recent::new(4);
        [900, 1, 2, 3, 4].iter().for_each(|millis| recent.record(Duration::from_millis(*millis)));
        let of = |millis| Duration::from_millis(millis);
        assert_eq!(recent.quantiles(), Some(Quantiles { p50: of(2), p90: of(4), p99: of(4) }));
    }

    #[test]
    fn a_steady_flow_has_its_rate_from_the_start_and_loses_it_when_it_ends() {
        let (rate, start) = (RowRate::default(), Instant::now());
        assert_eq!(rate.rows_per_s(start), 0.0);
        let at = |tick: u64| start + Duration::from_millis(10 * tick);
        for tick in 0..=3000 {
            rate.record(5, at(tick));
            if tick >= 200 {
                let found = rate.rows_per_s(at(tick));
                assert!((found / 500.0 - 1.0).abs() < 0.01, "{found} at {tick}");
            }
        }
        assert!(rate.rows_per_s(at(3000) + Duration::from_secs(60)) < 2.0);
    }
}
