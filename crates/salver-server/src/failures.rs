//! Failures that come by the hundred a second, told to the operator now and then.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Failures of one kind.
pub(crate) struct Failures {
    title: &'static str,
    interval: Duration,
    count: u64,
    told: Option<Instant>,
}

impl Failures {
    /// None yet; `title` says what fails, and one line an `interval` tells of it.
    pub(crate) fn new(title: &'static str, interval: Duration) -> Self {
        Self { title, interval, count: 0, told: None }
    }

    /// Counts one, and returns the line where it is time for one.
    pub(crate) fn note(&mut self, error: impl Display) -> Option<String> {
        self.count += 1;
        if self.told.is_some_and(|told| told.elapsed() < self.interval) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(format!("{} ({} failures so far): {error}", self.title, self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_failures_is_told_once_in_an_interval() {
        let interval = Duration::from_secs(10);
        let mut failures = Failures::new("Connections cannot be accepted", interval);
        let told: Vec<_> = (0..100).filter_map(|_| failures.note("too many open files")).collect();
        assert_eq!(told, ["Connections cannot be accepted (1 failures so far): too many open files"]);
        failures.told = Instant::now().checked_sub(interval);
        assert!(failures.note("").unwrap().contains("(101 failures so far)"));
    }
}
