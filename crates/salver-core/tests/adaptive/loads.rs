//! Models and loads that the tests share.

use std::time::Duration;

use salver_core::batching::Policy;
use salver_core::batching::simulation::{Arrivals, Simulation};

pub(crate) const MAX_ROWS: usize = 64;

pub(crate) fn ms(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1e3)
}

/// A model whose batch of so many rows takes so many milliseconds.
pub(crate) fn model(millis: impl Fn(usize) -> f64) -> Simulation {
    Simulation {
        policy: Policy { max_batch_size: MAX_ROWS, ..Policy::default() },
        curve: (1..=MAX_ROWS).map(|rows| (rows, ms(millis(rows)))).collect(),
        jitter: 0.05,
        warmup: ms(3000.0),
        duration: ms(12_000.0),
        ..Simulation::default()
    }
}

/// Each row takes its time, beside what each batch takes.
pub(crate) fn linear() -> Simulation {
    model(|rows| 5.0 + 0.5 * rows as f64)
}

/// The first 32 rows take no more time than one.
pub(crate) fn flat_then_linear() -> Simulation {
    model(|rows| 20.0 * (rows as f64 / 32.0).max(1.0))
}

/// Rows run 16 at a time.
pub(crate) fn stepped() -> Simulation {
    model(|rows| 16.0 * rows.div_ceil(16) as f64)
}

pub(crate) fn poisson(simulation: &Simulation, load: f64) -> Arrivals {
    Arrivals::Poisson { requests_per_s: load * simulation.capacity() }
}

pub(crate) fn clients(num_clients: usize, think_ms: f64) -> Arrivals {
    Arrivals::ClosedLoop { num_clients, think_time: ms(think_ms) }
}
