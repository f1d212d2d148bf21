//! Without numbers to set it is about as good as the best numbers.

use std::time::Duration;

use salver_core::batching::Policy;
use salver_core::batching::simulation::Simulation;

use crate::loads::{MAX_ROWS, flat_then_linear, linear, ms, poisson, stepped};

const NUM_SEEDS: u64 = 3;

/// Rows in a second and the p99, as means of some runs.
fn measure(simulation: &Simulation) -> (f64, Duration) {
    let runs = (0..NUM_SEEDS).map(|seed| Simulation { seed, ..simulation.clone() }.run());
    let sum =
        |(rows, p99), run: salver_core::batching::simulation::Report| (rows + run.rows_per_s, p99 + run.latency(0.99));
    let (rows, p99) = runs.fold((0.0, Duration::ZERO), sum);
    (rows / NUM_SEEDS as f64, p99 / NUM_SEEDS as u32)
}

fn fixed(max_batch_size: usize, timeout_ms: f64) -> Policy {
    let batch_timeout = ms(timeout_ms);
    Policy { is_adaptive: false, max_batch_size, batch_timeout, max_enqueued_batches: 1000, ..Policy::default() }
}

/// The best of all static settings that carry the load: rows in a second, the p99, and the setting.
fn best_static(simulation: &Simulation, offered: f64) -> (f64, Duration, String) {
    let mut best: Option<(f64, Duration, String)> = None;
    for max_batch_size in [8, 16, 32, MAX_ROWS] {
        for timeout_ms in [0.0, 2.0] {
            let plan = Simulation { policy: fixed(max_batch_size, timeout_ms), ..simulation.clone() };
            let (rows, p99) = measure(&plan);
            if rows > 0.97 * offered && best.as_ref().is_none_or(|best| p99 < best.1) {
                best = Some((rows, p99, format!("batches of {max_batch_size}, timeout {timeout_ms} ms")));
            }
        }
    }
    best.expect("no static setting carries the load")
}

fn assert_near_the_best(simulation: &Simulation) {
    for load in [0.3, 0.7, 0.95] {
        let plan = Simulation { arrivals: poisson(simulation, load), ..simulation.clone() };
        let (best_rows, best_p99, setting) = best_static(&plan, load * plan.capacity());
        let (rows, p99) = measure(&plan);
        let told = format!("load {load}: {rows:.0} rows/s, p99 {p99:?}; with {setting}: {best_rows:.0}, {best_p99:?}");
        println!("{told}");
        assert!(rows >= 0.9 * best_rows && p99 <= best_p99.mul_f64(1.1), "{told}");
    }
}

#[test]
fn a_linear_model() {
    assert_near_the_best(&linear());
}

#[test]
fn a_model_that_is_flat_then_linear() {
    assert_near_the_best(&flat_then_linear());
}

#[test]
fn a_stepped_model() {
    assert_near_the_best(&stepped());
}
