//! More than there is room for, and latencies to hold.

use salver_core::batching::Policy;
use salver_core::batching::simulation::Simulation;

use crate::loads::{flat_then_linear, linear, ms, poisson, stepped};

#[test]
fn twice_the_capacity_gives_the_goodput_of_the_capacity() {
    for plan in [linear(), flat_then_linear(), stepped()] {
        for deadline in [100.0, 250.0] {
            let at = |load| {
                let arrivals = poisson(&plan, load);
                Simulation { arrivals, deadline: Some(ms(deadline)), ..plan.clone() }.run()
            };
            let (full, twice, four_times) = (at(1.0).goodput, at(2.0).goodput, at(4.0).goodput);
            let told = format!("deadline {deadline} ms: {full:.0}, {twice:.0}, {four_times:.0} rows/s in time");
            println!("{told}");
            assert!(twice > 0.9 * full && four_times > 0.9 * full, "{told}");
        }
    }
}

#[test]
fn who_cannot_make_it_is_refused_instead_of_answered_late() {
    let plan = Simulation { deadline: Some(ms(150.0)), ..linear() };
    let report = Simulation { arrivals: poisson(&plan, 2.0), ..plan }.run();
    assert!(report.num_late * 20 < report.latencies.len(), "{} of {}", report.num_late, report.latencies.len());
}

#[test]
fn a_deadline_that_no_batch_can_make_does_not_stop_the_line() {
    let plan = Simulation { deadline: Some(ms(1.0)), ..linear() };
    let report = Simulation { arrivals: poisson(&plan, 0.5), ..plan }.run();
    assert!(report.batch_rows.len() > 1000);
}

#[test]
fn a_latency_is_held_under_overload() {
    for plan in [linear(), flat_then_linear(), stepped()] {
        let slo = ms(120.0);
        let policy = Policy { latency_slo: Some(slo), ..plan.policy.clone() };
        let plan = Simulation { policy, ..plan };
        for load in [0.7, 2.0] {
            let report = Simulation { arrivals: poisson(&plan, load), ..plan.clone() }.run();
            let told = format!("p99 {:?} at {:.0} rows/s", report.latency(0.99), report.rows_per_s);
            println!("{told}");
            assert!(report.latency(0.99) <= slo.mul_f64(1.1), "{told}");
            assert!(report.rows_per_s > 0.9 * load.min(1.0) * plan.capacity(), "{told}");
        }
    }
}

#[test]
fn batches_are_no_larger_than_the_latency_allows() {
    // 40 ms for two runs: 20 ms, of which 5 are for the batch and 15 for 30 rows.
    let plan = linear();
    let policy = Policy { latency_slo: Some(ms(40.0)), ..plan.policy.clone() };
    let plan = Simulation { policy, ..plan };
    let report = Simulation { arrivals: poisson(&plan, 2.0), ..plan }.run();
    let largest = report.batch_rows.iter().max().copied().unwrap_or(0);
    assert!((20..=36).contains(&largest), "{largest}");
}
