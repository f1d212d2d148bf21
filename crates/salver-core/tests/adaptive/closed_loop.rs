//! Clients that wait for each answer, and how many batches run at the same time.

use salver_core::batching::Policy;
use salver_core::batching::simulation::Simulation;

use crate::loads::{clients, flat_then_linear, linear, model, ms, poisson};

#[test]
fn one_client_waits_for_nothing() {
    for plan in [linear(), flat_then_linear()] {
        let plan = Simulation { jitter: 0.0, arrivals: clients(1, 0.2), ..plan };
        assert_eq!(plan.run().latency(0.99), plan.run_time(1));
    }
}

#[test]
fn clients_that_come_back_together_stay_together() {
    let plan = Simulation { arrivals: clients(64, 0.3), ..model(|rows| 10.0 + 0.05 * rows as f64) };
    let report = plan.run();
    assert!(report.mean_batch_rows() > 50.0, "batches of {:.1}", report.mean_batch_rows());
    let limit = 64.0 / (plan.run_time(64) + ms(0.5)).as_secs_f64();
    assert!(report.rows_per_s > 0.95 * limit, "{:.0} of {limit:.0} rows/s", report.rows_per_s);
}

#[test]
fn clients_that_do_not_come_back_soon_are_not_waited_for() {
    let plan = Simulation { arrivals: clients(64, 40.0), ..linear() };
    let never = Simulation {
        policy: Policy { is_adaptive: false, max_enqueued_batches: 100, ..plan.policy.clone() },
        ..plan.clone()
    };
    let (report, greedy) = (plan.run(), never.run());
    assert!(
        report.rows_per_s > 0.98 * greedy.rows_per_s,
        "{:.0} and {:.0} rows/s",
        report.rows_per_s,
        greedy.rows_per_s
    );
}

/// Rows in a second with the best number of batches at a time, were they always full and never late.
fn limit(plan: &Simulation, num_clients: usize, think_ms: f64) -> f64 {
    let with = |number: usize| {
        let slowed = 1.0 + plan.sharing * (number - 1) as f64;
        let run = plan.run_time(num_clients / number).mul_f64(slowed);
        num_clients as f64 / (run + ms(think_ms)).as_secs_f64()
    };
    (1..=plan.num_runners).map(with).fold(0.0, f64::max)
}

#[test]
fn as_many_batches_run_at_a_time_as_pay() {
    for sharing in [0.0, 0.5, 1.0] {
        for num_runners in [2, 4] {
            for plan in [linear(), flat_then_linear()] {
                let plan = Simulation { arrivals: clients(64, 0.5), sharing, num_runners, ..plan };
                let (limit, learnt) = (limit(&plan, 64, 0.5), plan.run().rows_per_s);
                let told = format!("sharing {sharing}, {num_runners} runners: {learnt:.0} of {limit:.0} rows/s");
                println!("{told}");
                assert!(learnt > 0.85 * limit, "{told}");
            }
        }
    }
}

#[test]
fn a_model_that_changes_its_speed_is_followed() {
    let slower = vec![(ms(5000.0), 4.0), (ms(10_000.0), 1.0)];
    let plan = Simulation { slowdowns: slower, arrivals: clients(64, 0.5), ..linear() };
    let count_from = |warmup| Simulation { warmup: ms(warmup), duration: ms(3000.0), ..plan.clone() }.run().rows_per_s;
    let (before, during, after) = (count_from(2000.0), count_from(7000.0), count_from(12_000.0));
    assert!(4.0 * during > 0.9 * before && after > 0.9 * before, "{before:.0}, {during:.0}, {after:.0} rows/s");
}

#[test]
fn a_model_of_microseconds_keeps_up_with_its_load_on_several_runners() {
    let micros = |points: &[(usize, f64)]| points.iter().map(|(rows, micros)| (*rows, ms(micros / 1e3))).collect();
    // Measured of a small model. A batch of one may be much faster than one of two.
    let dip: Vec<_> = micros(&[(1, 49.0), (2, 203.0), (4, 176.0), (8, 180.0), (32, 184.0), (64, 231.0)]);
    let flat: Vec<_> = micros(&[(1, 170.0), (4, 176.0), (8, 180.0), (32, 184.0), (64, 231.0)]);
    for (curve, num_runners, sharing) in [(&dip, 2, 0.0), (&flat, 2, 0.9), (&dip, 8, 0.44), (&flat, 8, 0.44)] {
        for load in [0.5, 0.7] {
            let plan = Simulation { curve: curve.clone(), num_runners, sharing, jitter: 0.2, ..linear() };
            let plan = Simulation { warmup: ms(300.0), duration: ms(100.0), ..plan };
            let report = Simulation { arrivals: poisson(&plan, load), ..plan.clone() }.run();
            let wanted = load * plan.capacity();
            let told = format!("{} runners, {load}: {:.0} of {wanted:.0}", num_runners, report.rows_per_s);
            assert!(report.rows_per_s > 0.9 * wanted, "{told}");
        }
    }
}
