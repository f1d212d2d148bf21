//! Prints what JSON costs for a batch of one 224x224x3 image: milliseconds for each step, the best of many runs.
//!
//! `cargo run --release -p salver-core --example json_cost`

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use salver_core::json::{Format, encode_predict_response, scan_examples, scan_predict};
use salver_core::{DType, Signature, TensorSpec};

const SHAPE: [i64; 4] = [1, 224, 224, 3];
const NUM_ELEMENTS: usize = 224 * 224 * 3;
const NUM_RUNS: usize = 40;

fn main() {
    let pixels = random_units(NUM_ELEMENTS);
    let short: Vec<String> = pixels.iter().map(|value| format!("{value:.6}")).collect();
    let long: Vec<String> = pixels.iter().map(|value| format!("{}", f64::from(*value))).collect();
    let bytes: Vec<String> = pixels.iter().map(|value| format!("{}", (value * 255.0) as u8)).collect();
    report("float32, 6 decimals", DType::Float, &short);
    report("float32, printed as double", DType::Float, &long);
    report("double, 16-17 digits", DType::Double, &long);
    report("uint8", DType::Uint8, &bytes);
    report_example("float32, 6 decimals, as one example", &short);
    report_example("uint8, as one example", &bytes);
    let image = "c2FsdmVy".repeat(NUM_ELEMENTS / 6);
    let body = format!("{{\"instances\":[{{\"b64\":\"{image}\"}}]}}");
    report_body("the same as one base64 string", DType::String, body.into());
}

fn report(title: &str, dtype: DType, elements: &[String]) {
    report_body(title, dtype, body_of(elements));
}

/// A classify body: an object becomes a serialized Example.
fn report_example(title: &str, elements: &[String]) {
    let body = Bytes::from(format!("{{\"examples\":[{{\"x\":[{}]}}]}}", elements.join(",")));
    println!("{title}, {} KB, {NUM_ELEMENTS} elements", body.len() / 1000);
    line("scan and convert", best(|| scan_examples(black_box(&body)).expect("a classify body")));
}

fn report_body(title: &str, dtype: DType, body: Bytes) {
    let signature = signature_of(dtype);
    let scanned = scan_predict(&body).expect("the body is JSON");
    let (_, tensors) = scanned.parse(&signature).expect("the body fits the signature");
    let scan = best(|| scan_predict(black_box(&body)).expect("the body is JSON"));
    let parse = best(|| black_box(&scanned).parse(&signature).expect("the body fits the signature"));
    let encode = best(|| {
        encode_predict_response(Format::Row, &signature, black_box(&tensors)).expect("the dtype has a JSON form")
    });
    println!("{title}, {} KB, {NUM_ELEMENTS} elements", body.len() / 1000);
    line("scan", scan);
    line("parse", parse);
    line("scan and parse", scan + parse);
    line("encode", encode);
}

fn line(step: &str, time: Duration) {
    let each = time.as_secs_f64() * 1e9 / NUM_ELEMENTS as f64;
    println!("  {step:<15} {:7.3} ms  {each:6.1} ns per element", time.as_secs_f64() * 1e3);
}

fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let run = |_| {
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        drop(result);
        time
    };
    (0..NUM_RUNS).map(run).min().unwrap_or_default()
}

/// Floats in 0..1 from a fixed seed.
fn random_units(count: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

fn body_of(elements: &[String]) -> Bytes {
    let pixels: Vec<String> = elements.chunks(3).map(|pixel| format!("[{}]", pixel.join(","))).collect();
    let lines: Vec<String> = pixels.chunks(224).map(|line| format!("[{}]", line.join(","))).collect();
    format!("{{\"instances\":[[{}]]}}", lines.join(",")).into()
}

fn signature_of(dtype: DType) -> Signature {
    let spec = TensorSpec { name: "x".into(), runtime_name: "x".into(), dtype, shape: Some(SHAPE.to_vec()) };
    Signature {
        name: "serving_default".into(),
        method: "".into(),
        inputs: vec![spec.clone()],
        outputs: vec![spec],
        defaults: Vec::new(),
    }
}
