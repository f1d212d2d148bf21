//! Batching under made-up loads: what the adaptive mode makes of them, beside what it could be tuned to by hand.

use std::time::Duration;

use salver_core::batching::Policy;
use salver_core::batching::simulation::{Arrivals, Report, Simulation};

fn ms(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1e3)
}

fn curve(micros: impl Fn(usize) -> f64) -> Vec<(usize, Duration)> {
    (1..=64).map(|rows| (rows, ms(micros(rows) / 1e3))).collect()
}

fn curves() -> Vec<(&'static str, Vec<(usize, Duration)>)> {
    vec![
        ("linear", curve(|rows| 1000.0 + 100.0 * rows as f64)),
        ("flat", curve(|rows| 5000.0 * (rows as f64 / 32.0).max(1.0))),
        ("steps", curve(|rows| 4000.0 * rows.div_ceil(16) as f64)),
    ]
}

fn adaptive() -> Policy {
    Policy { max_batch_size: 64, ..Policy::default() }
}

fn show(name: &str, report: &Report) {
    println!(
        "{name}: {:.0}/s good {:.0} p50 {:?} p99 {:?} batch {:.1} refused {} late {} {:?}",
        report.rows_per_s,
        report.goodput,
        report.latency(0.5),
        report.latency(0.99),
        report.mean_batch_rows(),
        report.num_refused,
        report.num_late,
        report.reasons
    );
}

#[test]
fn explore() {
    for (name, curve) in curves() {
        for load in [0.3, 0.7, 0.95] {
            for num_runners in [1, 2] {
                let mut simulation = Simulation {
                    policy: adaptive(),
                    curve: curve.clone(),
                    num_runners,
                    jitter: 0.05,
                    ..Simulation::default()
                };
                simulation.arrivals = Arrivals::Poisson { requests_per_s: load * simulation.capacity() };
                show(&format!("{name} {load} x{num_runners} cap {:.0}", simulation.capacity()), &simulation.run());
            }
        }
        let simulation = Simulation {
            policy: adaptive(),
            curve: curve.clone(),
            jitter: 0.05,
            deadline: Some(ms(50.0)),
            ..Simulation::default()
        };
        for load in [1.0, 2.0, 4.0] {
            let arrivals = Arrivals::Poisson { requests_per_s: load * simulation.capacity() };
            show(
                &format!("{name} over {load} cap {:.0}", simulation.capacity()),
                &Simulation { arrivals, ..simulation.clone() }.run(),
            );
        }
        for sharing in [0.0, 1.0] {
            for num_runners in [1, 2, 4] {
                for num_clients in [1, 2, 64] {
                    let arrivals = Arrivals::ClosedLoop { num_clients, think_time: ms(0.2) };
                    let simulation = Simulation {
                        policy: adaptive(),
                        curve: curve.clone(),
                        num_runners,
                        sharing,
                        jitter: 0.05,
                        arrivals,
                        ..Simulation::default()
                    };
                    show(&format!("{name} loop {num_clients} x{num_runners} sharing {sharing}"), &simulation.run());
                }
            }
        }
    }
}
