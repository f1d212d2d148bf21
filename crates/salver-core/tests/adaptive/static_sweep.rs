//! Without numbers to set it is about as good as the best numbers.

use salver_core::batching::Policy;
use salver_core::batching::simulation::{Report, Simulation};

use crate::loads::{MAX_ROWS, flat_then_linear, linear, ms, poisson, stepped};

/// The lowest p99 of all static settings that carry the load, and the setting.
fn best_static(simulation: &Simulation, offered: f64) -> (Report, String) {
    let mut best: Option<(Report, String)> = None;
    for max_batch_size in [8, 16, 32, 48, MAX_ROWS] {
        for timeout_ms in [0.0, 2.0, 8.0] {
            let policy = Policy {
                is_adaptive: false,
                max_batch_size,
                batch_timeout: ms(timeout_ms),
                max_enqueued_batches: 1000,
                ..Policy::default()
            };
            let report = Simulation { policy, ..simulation.clone() }.run();
            let is_better = |(best, _): &(Report, String)| report.latency(0.99) < best.latency(0.99);
            if report.rows_per_s > 0.97 * offered && best.as_ref().is_none_or(is_better) {
                best = Some((report, format!("batches of {max_batch_size}, timeout {timeout_ms} ms")));
            }
        }
    }
    best.expect("no static setting carries the load")
}

fn assert_near_the_best(simulation: &Simulation) {
    for num_runners in [1, 2] {
        for load in [0.3, 0.7, 0.95] {
            let plan = Simulation { num_runners, ..simulation.clone() };
            let plan = Simulation { arrivals: poisson(&plan, load), ..plan };
            let (best, setting) = best_static(&plan, load * plan.capacity());
            let adaptive = plan.run();
            let told = format!(
                "load {load} on {num_runners}: p99 {:?}, {:.0} rows/s; with {setting}: {:?}, {:.0}",
                adaptive.latency(0.99),
                adaptive.rows_per_s,
                best.latency(0.99),
                best.rows_per_s
            );
            println!("{told}");
            assert!(adaptive.rows_per_s >= 0.9 * best.rows_per_s, "{told}");
            assert!(adaptive.latency(0.99) <= best.latency(0.99).mul_f64(1.1), "{told}");
        }
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
