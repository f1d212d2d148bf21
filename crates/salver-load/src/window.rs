//! Which requests count.

use std::time::{Duration, Instant};

use crate::Options;

/// The time in which requests count, after the warm-up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: Instant,
    /// `None` where the number of requests alone ends the run.
    pub(crate) end: Option<Instant>,
    /// Whether a request counts by the time it was due, rather than the time it ended.
    ///
    /// An open loop sends at its own pace: what was due in the window counts, however late it ended. A closed loop has
    /// as many requests in flight at the end as at the start: what ended in the window is its rate. A number of
    /// requests is counted as they are sent.
    is_by_due: bool,
}

impl Window {
    /// That of a run whose first request may be sent at `begin`.
    pub(crate) fn new(options: &Options, begin: Instant) -> Self {
        let start = begin + options.warmup;
        Self {
            start,
            end: options.duration.map(|duration| start + duration),
            is_by_due: options.rate.is_some() || options.num_requests.is_some(),
        }
    }

    /// Whether a request that was due and that ended at these times counts.
    pub(crate) fn counts(&self, due: Instant, ended: Instant) -> bool {
        self.contains(if self.is_by_due { due } else { ended })
    }

    /// Whether a time lies in it.
    pub(crate) fn contains(&self, at: Instant) -> bool {
        at >= self.start && !self.is_over(at)
    }

    /// Whether it is over at this time.
    pub(crate) fn is_over(&self, at: Instant) -> bool {
        self.end.is_some_and(|end| at >= end)
    }

    /// How much of it has passed.
    pub(crate) fn passed(&self, at: Instant) -> Duration {
        self.end.map_or(at, |end| end.min(at)).saturating_duration_since(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    fn window(rate: Option<f64>, num_requests: Option<u64>, begin: Instant) -> Window {
        let warmup = Duration::from_secs(2);
        let duration = Some(Duration::from_secs(10));
        Window::new(&Options { rate, num_requests, warmup, duration, ..crate::run::tests::options(1) }, begin)
    }

    #[test]
    fn a_closed_loop_counts_what_ends_in_the_window() {
        let begin = Instant::now();
        let window = window(None, None, begin);
        assert!(window.counts(at(begin, 1), at(begin, 3)));
        assert!(!window.counts(at(begin, 11), at(begin, 12)));
        assert!(!window.counts(at(begin, 0), at(begin, 1)));
    }

    #[test]
    fn an_open_loop_counts_what_was_due_in_the_window_however_late_it_ends() {
        let begin = Instant::now();
        for window in [window(Some(9.0), None, begin), window(None, Some(3), begin)] {
            assert!(!window.counts(at(begin, 1), at(begin, 3)));
            assert!(window.counts(at(begin, 11), at(begin, 19)));
            assert!(!window.counts(at(begin, 12), at(begin, 13)));
        }
    }

    #[test]
    fn what_has_passed_stops_at_the_end() {
        let begin = Instant::now();
        let window = window(None, None, begin);
        let passed = [1, 5, 30].map(|seconds| window.passed(at(begin, seconds)).as_secs());
        assert_eq!(passed, [0, 3, 10]);
    }
}
