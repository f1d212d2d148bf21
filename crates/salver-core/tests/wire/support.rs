//! Builders that the tests share.

use std::sync::Arc;

use bytes::Bytes;
use salver_core::{DType, Shape, Signature, Tensor, TensorData, TensorSpec};

/// A serialized length-delimited field.
pub(crate) fn span(number: u8, value: &[u8]) -> Vec<u8> {
    assert!(value.len() < 128 * 128, "two length bytes are enough for tests");
    let mut out = tag(number, 2);
    if value.len() >= 128 {
        out.extend([value.len() as u8 | 128, (value.len() >> 7) as u8]);
    } else {
        out.push(value.len() as u8);
    }
    out.extend_from_slice(value);
    out
}

/// A serialized varint field of one byte.
pub(crate) fn small(number: u8, value: u8) -> Vec<u8> {
    let mut out = tag(number, 0);
    out.push(value);
    out
}

fn tag(number: u8, wire_type: u8) -> Vec<u8> {
    let tag = u16::from(number) << 3 | u16::from(wire_type);
    if tag < 128 { vec![tag as u8] } else { vec![tag as u8 | 128, (tag >> 7) as u8] }
}

/// A serialized TensorProto: dtype, dimensions below 128, further fields.
pub(crate) fn proto(dtype: DType, shape: &[u8], fields: &[Vec<u8>]) -> Bytes {
    let dims: Vec<u8> = shape.iter().flat_map(|&dim| span(2, &small(1, dim))).collect();
    let mut out = small(1, dtype.number() as u8);
    out.extend(span(2, &dims));
    out.extend(fields.concat());
    Bytes::from(out)
}

/// A tensor over these bytes.
pub(crate) fn fixed(dtype: DType, shape: &[i64], bytes: impl Into<Vec<u8>>) -> Tensor {
    Tensor::new(dtype, Shape::from_slice(shape), TensorData::Fixed(Bytes::from(bytes.into()))).unwrap()
}

/// A float tensor of one dimension.
pub(crate) fn floats(values: &[f32]) -> Tensor {
    fixed(DType::Float, &[values.len() as i64], values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

/// A signature `sig` with these names.
pub(crate) fn signature(inputs: &[&str], outputs: &[&str]) -> Signature {
    let specs = |names: &[&str]| names.iter().map(|name| spec(name)).collect();
    Signature {
        name: Arc::from("sig"),
        method: Arc::from("tensorflow/serving/predict"),
        inputs: specs(inputs),
        outputs: specs(outputs),
        defaults: Vec::new(),
    }
}

fn spec(name: &str) -> TensorSpec {
    TensorSpec {
        name: Arc::from(name),
        runtime_name: Arc::from(format!("{name}:0")),
        dtype: DType::Float,
        shape: Some(vec![-1]),
    }
}

/// The bytes that a hex string spells.
pub(crate) fn unhex(text: &str) -> Bytes {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The hex string of these bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The columns of each line of a table of vectors.
pub(crate) fn rows(table: &str) -> Vec<Vec<String>> {
    let path = format!("{}/../../tests/data/{table}.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Vec<String>> = text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert!(!rows.is_empty());
    rows
}
