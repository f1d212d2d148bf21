//! Models by how long their batches run, and the best static setting for a load.

use std::time::Duration;

use salver_core::batching::Policy;
use salver_core::batching::simulation::{Arrivals, Simulation};

const MAX_ROWS: usize = 64;

/// A model by its run times.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    millis: fn(usize) -> f64,
}

pub(crate) fn models() -> [Model; 3] {
    [
        Model { name: "linear: 5 ms + 0.5 ms a row", millis: |rows| 5.0 + 0.5 * rows as f64 },
        Model { name: "flat then linear: 20 ms up to 32 rows", millis: |rows| 20.0 * (rows as f64 / 32.0).max(1.0) },
        Model { name: "stepped: 16 ms for each 16 rows", millis: |rows| 16.0 * rows.div_ceil(16) as f64 },
    ]
}

impl Model {
    /// The adaptive mode with this part of what the model can do.
    pub(crate) fn simulation(&self, load: f64, deadline: Option<Duration>) -> Simulation {
        let plan = Simulation {
            policy: Policy { max_batch_size: MAX_ROWS, ..Policy::default() },
            curve: (1..=MAX_ROWS).map(|rows| (rows, ms((self.millis)(rows)))).collect(),
            warmup: ms(2000.0),
            duration: ms(6000.0),
            deadline,
            ..Simulation::default()
        };
        let arrivals = Arrivals::Poisson { requests_per_s: load * plan.capacity() };
        Simulation { arrivals, ..plan }
    }
}

pub(crate) fn ms(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1e3)
}

/// The static setting with the lowest p99 of those that carry the load.
pub(crate) fn best_static(plan: &Simulation) -> (String, Policy) {
    let sizes = [8, 16, 24, 32, 48, 64].into_iter();
    let settings = sizes.flat_map(|size| [0.0, 0.5, 2.0, 8.0].map(|timeout| (size, timeout)));
    let measured = settings.map(|(max_batch_size, timeout_ms)| {
        let batch_timeout = ms(timeout_ms);
        let policy = Policy {
            is_adaptive: false,
            max_batch_size,
            batch_timeout,
            max_enqueued_batches: 1000,
            ..Policy::default()
        };
        let report = Simulation { policy: policy.clone(), duration: ms(20_000.0), ..plan.clone() }.run();
        let carries = report.rows_per_s > 0.97 * report.num_requests as f64 / 20.0;
        (!carries, report.latency(0.99), format!("{max_batch_size}, {timeout_ms} ms"), policy)
    });
    let best = measured.min_by_key(|(fails, p99, ..)| (*fails, *p99)).expect("there are settings");
    (best.2, best.3)
}
