//! When requests of an open loop are due.

use std::time::Duration;

/// How arrivals lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Independent of each other, as those of many clients are: exponential gaps.
    Poisson,
    /// Evenly spaced.
    Constant,
}

/// Times from the start at which requests are due, ascending, without end.
#[derive(Clone, Debug)]
pub struct Arrivals {
    spacing: Spacing,
    rate: f64,
    random: fastrand::Rng,
    num: u64,
    at_s: f64,
}

impl Arrivals {
    /// So many a second on average; the same seed gives the same times.
    pub fn new(spacing: Spacing, rate: f64, seed: u64) -> Self {
        Self { spacing, rate, random: fastrand::Rng::with_seed(seed), num: 0, at_s: 0.0 }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.num += 1;
        self.at_s = match self.spacing {
            Spacing::Poisson => self.at_s - (1.0 - self.random.f64()).ln() / self.rate,
            // From the number, so that rounding does not add up.
            Spacing::Constant => self.num as f64 / self.rate,
        };
        Duration::try_from_secs_f64(self.at_s).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_are_evenly_spaced_to_the_end() {
        let times: Vec<f64> = Arrivals::new(Spacing::Constant, 3.0, 0).take(9000).map(|at| at.as_secs_f64()).collect();
        assert!((times[0] - 1.0 / 3.0).abs() < 1e-9 && (times[8999] - 3000.0).abs() < 1e-6);
    }

    #[test]
    fn poisson_arrivals_have_their_rate_and_the_spread_of_independent_ones() {
        let times: Vec<f64> =
            Arrivals::new(Spacing::Poisson, 50.0, 7).take(20_000).map(|at| at.as_secs_f64()).collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean * 50.0 - 1.0).abs() < 0.03, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "an exponential gap has a deviation like its mean");
        assert!(gaps.iter().all(|gap| *gap >= 0.0));
    }

    #[test]
    fn seeds_tell_runs_apart_and_repeat_them() {
        let times = |seed| Arrivals::new(Spacing::Poisson, 9.0, seed).take(5).collect::<Vec<_>>();
        assert_eq!(times(1), times(1));
        assert_ne!(times(1), times(2));
    }
}
