//! Prints what it costs to open TensorFlow, to load a model and to run it, for each way of running.
//!
//! ```sh
//! SALVER_TENSORFLOW_LIB=.venv/lib/python3.11/site-packages/tensorflow \
//!     cargo run --release -p salver-tensorflow --example run_cost
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use salver_core::{BatchInput, Call, DType, Executor, Shape, Status, Tensor, TensorData};
use salver_tensorflow::{ExecutorChoice, LoadOptions, RunPlace, Runtime, SavedModel};

const LIBRARIES: [&str; 2] = ["libtensorflow_framework.so.2", "libtensorflow_cc.so.2"];

const WAYS: [(&str, RunPlace, ExecutorChoice); 3] = [
    ("pool", RunPlace::Pool, ExecutorChoice::General),
    ("caller", RunPlace::Caller, ExecutorChoice::General),
    ("caller, single-threaded", RunPlace::Caller, ExecutorChoice::SingleThreaded),
];

const MODELS: [(&str, &[i64]); 4] =
    [("half_plus_two/1", &[1]), ("ref_variables/1", &[1]), ("mlp/1", &[1, 32]), ("image/1", &[1, 224, 224, 3])];

fn main() -> Result<(), Status> {
    let folder = PathBuf::from(std::env::var_os("SALVER_TENSORFLOW_LIB").expect("set SALVER_TENSORFLOW_LIB"));
    let started = Instant::now();
    let runtime = Runtime::open(&LIBRARIES.map(|name| folder.join(name)))?;
    println!("open {}: {:.0} ms, {} MB resident", runtime.version(), millis(started.elapsed()), resident_mb());
    for (name, shape) in MODELS {
        for (way, run_place, executor) in WAYS {
            let options = LoadOptions { run_place, executor, ..LoadOptions::default() };
            if let Err(error) = measure(&runtime, name, shape, way, &options) {
                println!("{name:<16} {way:<24} {error}");
            }
        }
    }
    Ok(())
}

fn measure(runtime: &Arc<Runtime>, name: &str, shape: &[i64], way: &str, options: &LoadOptions) -> Result<(), Status> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/models").join(name);
    let started = Instant::now();
    let model = SavedModel::load(runtime, &folder, options)?;
    let load = started.elapsed();
    let input = ones(shape)?;
    let plain = micros_per_run(&model, &input, None)?;
    let timed = micros_per_run(&model, &input, Some(Instant::now() + Duration::from_secs(600)))?;
    println!(
        "{name:<16} {way:<24} load {:4.0} ms, run {plain:6.1} us, with a deadline {timed:6.1} us, {} MB resident",
        millis(load),
        resident_mb(),
    );
    Ok(())
}

/// The median of several rounds.
fn micros_per_run(model: &SavedModel, input: &Tensor, deadline: Option<Instant>) -> Result<f64, Status> {
    let signature = model.signatures().iter().find(|signature| &*signature.name == "serving_default");
    let signature = signature.expect("a default signature");
    let mut rounds = Vec::new();
    for _ in 0..15 {
        let started = Instant::now();
        for _ in 0..500 {
            let inputs = [BatchInput::single(input.clone())];
            model.run(&Call { deadline, ..Call::new(signature, &inputs, &[0]) })?;
        }
        rounds.push(started.elapsed().as_secs_f64() * 1e6 / 500.0);
    }
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[rounds.len() / 2])
}

fn ones(shape: &[i64]) -> Result<Tensor, Status> {
    let count = shape.iter().product::<i64>() as usize;
    let data = Bytes::from(1f32.to_le_bytes().repeat(count));
    Tensor::new(DType::Float, Shape::from_slice(shape), TensorData::Fixed(data))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn resident_mb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<usize>().ok()).unwrap_or(0) / 1024
}
