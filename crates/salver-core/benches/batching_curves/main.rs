//! The adaptive mode beside the best static setting, in real time, and what the scheduler costs.
//!
//! `cargo bench -p salver-core --bench batching_curves` takes about two minutes and prints Markdown. The static setting
//! is the best of a simulated sweep; then both modes get the same requests at the same moments, side by side. Runs are
//! sleeps, so that the machine does not limit them.

mod cost;
mod jobs;
mod models;
mod real_time;

use models::{Model, best_static, models};
use real_time::{Measured, measure_together};

fn main() {
    println!("## Adaptive and best static\n");
    println!(
        "| model | load | best static | rows/s | p50 ms | p99 ms | adaptive rows/s | p50 ms | p99 ms | p99 ratio | batch |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for model in models() {
        for load in [0.3, 0.7, 0.95] {
            row(&model, load);
        }
    }
    overload();
    cost::print();
}

fn row(model: &Model, load: f64) {
    let plan = model.simulation(load, None);
    let (setting, policy) = best_static(&plan);
    let [fixed, adaptive] = measure_together(&plan, [policy, plan.policy.clone()]);
    println!(
        "| {} | {load} | {setting} | {} | {} | {:.2} | {:.1} |",
        model.name,
        cells(&fixed),
        cells(&adaptive),
        adaptive.latency_ms(0.99) / fixed.latency_ms(0.99),
        adaptive.mean_batch_rows()
    );
}

fn cells(measured: &Measured) -> String {
    format!("{:.0} | {:.1} | {:.1}", measured.rows_per_s, measured.latency_ms(0.5), measured.latency_ms(0.99))
}

/// Rows in a second answered within 100 ms, at the capacity and at twice of it.
fn overload() {
    println!("\n## Answers within 100 ms, adaptive\n");
    println!("| model | at capacity, rows/s | at twice the capacity | ratio |");
    println!("| --- | --- | --- | --- |");
    for model in models() {
        let goodput = |load| {
            let plan = model.simulation(load, Some(models::ms(100.0)));
            let [measured] = measure_together(&plan, [plan.policy.clone()]);
            measured.goodput
        };
        let (full, twice) = (goodput(1.0), goodput(2.0));
        println!("| {} | {full:.0} | {twice:.0} | {:.2} |", model.name, twice / full);
    }
}
