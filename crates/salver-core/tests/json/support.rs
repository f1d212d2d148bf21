//! Signatures and shorthands for the JSON tests.

use bytes::Bytes;
use salver_core::json::{Format, encode_predict_response, scan_predict};
use salver_core::{Code, DType, Shape, Signature, Status, Tensor, TensorData, TensorSpec};

pub(crate) fn specs(named: &[(&str, DType)]) -> Vec<TensorSpec> {
    let mut specs: Vec<TensorSpec> = named
        .iter()
        .map(|&(name, dtype)| TensorSpec { name: name.into(), runtime_name: name.into(), dtype, shape: None })
        .collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    specs
}

pub(crate) fn signature(inputs: &[(&str, DType)], outputs: &[(&str, DType)]) -> Signature {
    Signature {
        name: "serving_default".into(),
        method: "tensorflow/serving/predict".into(),
        inputs: specs(inputs),
        outputs: specs(outputs),
        defaults: Vec::new(),
    }
}

pub(crate) fn inputs(named: &[(&str, DType)]) -> Signature {
    signature(named, &[])
}

pub(crate) fn parse(body: impl Into<Bytes>, signature: &Signature) -> Result<(Format, Vec<Tensor>), Status> {
    scan_predict(&body.into())?.parse(signature)
}

/// Parses a body for the single input `x` of `dtype`.
pub(crate) fn parse_one(dtype: DType, body: impl Into<Bytes>) -> Result<Tensor, Status> {
    let (_, tensors) = parse(body, &inputs(&[("x", dtype)]))?;
    Ok(tensors.into_iter().next().expect("one tensor per input"))
}

/// Expects a failure whose message holds all of `parts`.
pub(crate) fn assert_fails<T: std::fmt::Debug>(what: &str, result: Result<T, Status>, code: Code, parts: &[&str]) {
    let status = result.expect_err(what);
    assert_eq!(status.code, code, "{what}: {status}");
    for part in parts {
        assert!(status.message.contains(part), "{what}: {part:?} is not in {:?}", status.message);
    }
}

pub(crate) trait Scalar: Copy {
    fn le_bytes(self) -> Vec<u8>;
}

macro_rules! scalar {
    ($($type:ty)*) => {$(
        impl Scalar for $type {
            fn le_bytes(self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
        }
    )*};
}

scalar!(f32 f64 i8 i16 i32 i64 u8 u32 u64);

impl Scalar for bool {
    fn le_bytes(self) -> Vec<u8> {
        vec![u8::from(self)]
    }
}

pub(crate) fn fixed<T: Scalar>(dtype: DType, shape: &[i64], elements: &[T]) -> Tensor {
    let bytes: Vec<u8> = elements.iter().flat_map(|element| element.le_bytes()).collect();
    Tensor::new(dtype, Shape::from_slice(shape), TensorData::Fixed(bytes.into())).expect("a sound tensor")
}

pub(crate) fn strings(shape: &[i64], elements: &[&[u8]]) -> Tensor {
    let strings = elements.iter().map(|bytes| Bytes::copy_from_slice(bytes)).collect();
    Tensor::new(DType::String, Shape::from_slice(shape), TensorData::Strings(strings)).expect("a sound tensor")
}

pub(crate) fn encode(format: Format, outputs: &[(&str, &Tensor)]) -> Result<String, Status> {
    let named: Vec<(&str, DType)> = outputs.iter().map(|(name, tensor)| (*name, tensor.dtype())).collect();
    let tensors: Vec<Tensor> = outputs.iter().map(|(_, tensor)| (*tensor).clone()).collect();
    let body = encode_predict_response(format, &signature(&[], &named), &tensors)?;
    Ok(String::from_utf8(body).expect("UTF-8"))
}
