//! Prints what reading, binding and writing a Predict message costs on this machine.
//!
//! `cargo run --release -p salver-core --example wire_cost`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use salver_core::wire::writer::{put_span_header, put_varint};
use salver_core::wire::{
    PredictResponse, PreparedResponse, TensorForm, bind, decode_predict_request, encode_tensor, encoded_tensor_len,
};
use salver_core::{DType, Shape, Signature, Tensor, TensorData, TensorSpec};

/// How long each figure is measured.
const TIME: Duration = Duration::from_millis(200);

fn main() {
    for shape in [&[1, 8][..], &[1, 224, 224, 3]] {
        for (dtype, form) in [
            (DType::Float, TensorForm::TypedFields),
            (DType::Float, TensorForm::TensorContent),
            (DType::Int64, TensorForm::TypedFields),
        ] {
            measure(dtype, shape, form);
        }
    }
}

fn measure(dtype: DType, shape: &[i64], form: TensorForm) {
    let signature = signature(dtype);
    let tensors = [sample(dtype, shape)];
    let body = request(&tensors[0], form);
    let response = PredictResponse {
        model_name: "half_plus_two",
        version: 123,
        signature_name: "serving_default",
        signature: &signature,
        output_indexes: &[0],
        tensors: &tensors,
        form,
    };
    let decode = nanos(|| {
        black_box(decode_predict_request(body.clone()).ok());
    });
    let decode_and_bind = nanos(|| {
        let request = decode_predict_request(body.clone()).expect("a request");
        black_box(bind(request, &signature).ok());
    });
    let encode = nanos(|| {
        let prepared = PreparedResponse::new(response);
        let mut out = Vec::with_capacity(prepared.encoded_len());
        prepared.write(&mut out);
        black_box(out);
    });
    let kind = format!("{} {shape:?} {form:?}", dtype.name());
    println!(
        "{kind:<42} {:>8} B  decode {decode:>7.0} ns  decode+bind {decode_and_bind:>9.0} ns  encode {encode:>9.0} ns",
        body.len()
    );
}

/// Nanoseconds per call, the best of several rounds.
fn nanos(mut call: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let end = Instant::now() + TIME;
    while Instant::now() < end {
        let start = Instant::now();
        let mut calls = 0u32;
        while start.elapsed() < TIME / 20 {
            (0..16).for_each(|_| call());
            calls += 16;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}

fn signature(dtype: DType) -> Signature {
    let spec = |name: &str| TensorSpec { name: Arc::from(name), runtime_name: Arc::from(name), dtype, shape: None };
    Signature {
        name: Arc::from("serving_default"),
        method: Arc::from("tensorflow/serving/predict"),
        inputs: vec![spec("x")],
        outputs: vec![spec("y")],
        defaults: Vec::new(),
    }
}

/// A tensor with values of all sizes.
fn sample(dtype: DType, shape: &[i64]) -> Tensor {
    let count = shape.iter().product::<i64>() as u64;
    let bytes: Vec<u8> = match dtype {
        DType::Int64 => (0..count).flat_map(|n| scattered(n).to_le_bytes()).collect(),
        _ => (0..count).flat_map(|n| (n as f32).to_le_bytes()).collect(),
    };
    Tensor::new(dtype, Shape::from_slice(shape), TensorData::Fixed(bytes.into())).expect("a tensor")
}

fn request(tensor: &Tensor, form: TensorForm) -> Bytes {
    let mut spec = Vec::new();
    for (number, text) in [(1, "half_plus_two"), (3, "serving_default")] {
        put_span_header(&mut spec, number, text.len());
        spec.extend_from_slice(text.as_bytes());
    }
    let mut body = Vec::new();
    put_span_header(&mut body, 1, spec.len());
    body.extend(spec);
    let mut entry = b"\x0a\x01x\x12".to_vec();
    put_varint(&mut entry, encoded_tensor_len(tensor, form) as u64);
    encode_tensor(&mut entry, tensor, form);
    put_span_header(&mut body, 2, entry.len());
    body.extend(entry);
    body.into()
}

/// Numbers of one to three bytes in no order, as token ids are.
fn scattered(n: u64) -> u64 {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 43) >> (mixed % 20)
}
