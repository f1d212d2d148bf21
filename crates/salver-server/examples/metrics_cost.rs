//! What the metrics cost one request: `cargo run --release -p salver-server --example metrics_cost`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use salver_core::Code;
use salver_core::histogram::{Histogram, LATENCY_LIMITS};
use salver_core::requests::{Company, Progress, Protocol, Times, VersionStats};
use salver_server::Api;
use salver_server::metrics::{Entrypoint, Metrics};

const NUM_REQUESTS: u32 = 20_000;
/// Many and short, so that some of them have a processor to themselves on a machine that does other things besides.
const NUM_ROUNDS: u32 = 500;

/// Prints the time of one call of `work`, the best of all rounds.
fn measure(what: &str, work: impl Fn(u32)) {
    let round = |_| {
        let started = Instant::now();
        (0..NUM_REQUESTS).for_each(&work);
        started.elapsed()
    };
    let best = (0..NUM_ROUNDS).map(round).min().unwrap_or(Duration::ZERO);
    println!("{what:45} {:6.1} ns", best.as_nanos() as f64 / f64::from(NUM_REQUESTS));
}

fn main() {
    let (metrics, histogram) = (Metrics::default(), Histogram::new(&LATENCY_LIMITS));
    let models: Vec<String> = (0..100).map(|index| format!("model_{index}")).collect();
    let count = |index: u32, code| {
        let model = &models[index as usize % models.len()];
        // Known by then: the clock is read for the request's moments, below.
        let micros = || black_box(u64::from(index));
        metrics.count_request(black_box(model), Some(Api::Predict), Entrypoint::Grpc, code, micros);
    };
    models.iter().for_each(|model| metrics.count_request(model, None, Entrypoint::Rest, Code::Ok, || 1));
    measure("a request that succeeds", |index| count(index, Code::Ok));
    measure("a request that fails", |index| count(index, Code::NotFound));
    measure("one sample of a histogram", |index| histogram.record(black_box(u64::from(index))));
    let version = VersionStats::new("m".into(), 1, ["serving_default".into()]);
    measure("its moments, its phases, and that it is in flight", |_| {
        let (started, stats) = (Instant::now(), version.signature("serving_default"));
        let received = Instant::now();
        let progress = Arc::new(Progress::new(stats.clone()));
        let in_flight = stats.enter();
        progress.batch(progress.queued(), Company::default());
        progress.begin_run(progress.queued());
        progress.end_run(progress.queued());
        let times = Times {
            started,
            received: Some(received),
            queued: Some(progress.queued()),
            batched: progress.batched(),
            run_begun: progress.run_begun(),
            run_ended: progress.run_ended(),
            ended: Instant::now(),
        };
        in_flight.stats().outcomes.record(Protocol::Grpc, Code::Ok, black_box(&times), None);
    });
    measure("reading the clock", |_| {
        black_box(Instant::now());
    });
    (0..2000).for_each(|index| metrics.count_request(&index.to_string(), None, Entrypoint::Rest, Code::NotFound, || 1));
    let unknown = "x".repeat(40);
    measure("a name beyond those that are kept apart", |_| {
        metrics.count_request(black_box(&unknown), Some(Api::Predict), Entrypoint::Grpc, Code::NotFound, || 1);
    });
}
