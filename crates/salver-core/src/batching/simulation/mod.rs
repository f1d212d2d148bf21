//! The scheduler under a load that is made up, in a time that is made up: what a policy would do, in milliseconds.
//!
//! The scheduler is the real one; requests, runners and the clock are not. Nothing here is random beyond the seed.

pub(super) mod random;
mod report;
mod world;

use std::time::Duration;

use super::policy::Policy;
pub use report::Report;

/// A load, and what runs it.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// How batches are made.
    pub policy: Policy,
    /// How long a batch of so many rows runs, ascending by rows. Between two points linear, below the first as the first,
    /// above the last in proportion to the rows.
    pub curve: Vec<(usize, Duration)>,
    /// How much single runs differ: 0.1 spreads them evenly over 90 to 110 %.
    pub jitter: f64,
    /// Factors of the run times from these moments on, ascending.
    pub slowdowns: Vec<(Duration, f64)>,
    /// Batches that can run at the same time.
    pub num_runners: usize,
    /// How much batches that run at the same time slow each other: 0 not at all, 1 as if they took turns.
    pub sharing: f64,
    /// When requests come.
    pub arrivals: Arrivals,
    /// Rows of each request.
    pub rows_per_request: usize,
    /// How long a request waits for its answer.
    pub deadline: Option<Duration>,
    /// Time before anything counts.
    pub warmup: Duration,
    /// Time that counts.
    pub duration: Duration,
    /// Equal seeds give equal reports.
    pub seed: u64,
}

/// When requests come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// At random times, whatever became of those before.
    Poisson {
        /// Mean number of requests in a second.
        requests_per_s: f64,
    },
    /// From clients that wait for each answer.
    ClosedLoop {
        /// Requests that are under way at any time.
        num_clients: usize,
        /// Mean time from an answer to the next request of the client, spread evenly over 50 to 150 %.
        think_time: Duration,
    },
}

impl Default for Simulation {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            curve: vec![(1, Duration::from_millis(1))],
            jitter: 0.0,
            slowdowns: Vec::new(),
            num_runners: 1,
            sharing: 0.0,
            arrivals: Arrivals::Poisson { requests_per_s: 100.0 },
            rows_per_request: 1,
            deadline: None,
            warmup: Duration::from_secs(2),
            duration: Duration::from_secs(20),
            seed: 0,
        }
    }
}

impl Simulation {
    /// What comes of it.
    pub fn run(&self) -> Report {
        world::World::new(self).run()
    }

    /// How long a batch of `num_rows` runs.
    pub fn run_time(&self, num_rows: usize) -> Duration {
        let after = self.curve.partition_point(|(rows, _)| *rows < num_rows);
        match (after.checked_sub(1).map(|at| self.curve[at]), self.curve.get(after)) {
            (Some((rows, time)), Some((next_rows, next_time))) => {
                let share = (num_rows - rows) as f64 / (next_rows - rows) as f64;
                time + next_time.saturating_sub(time).mul_f64(share)
            }
            (None, Some((_, time))) => *time,
            (Some((rows, time)), None) => time.mul_f64(num_rows as f64 / rows as f64),
            (None, None) => Duration::ZERO,
        }
    }

    /// Rows in a second that batches of the best size give, with all runners at work.
    pub fn capacity(&self) -> f64 {
        let rate = |rows: usize| rows as f64 / self.run_time(self.policy.padded_rows(rows)).as_secs_f64();
        let best = (1..=self.policy.max_rows().max(1)).map(rate).fold(0.0, f64::max);
        let at_a_time = |k: f64| k / (1.0 + self.sharing * (k - 1.0));
        best * at_a_time(self.num_runners as f64)
    }
}
