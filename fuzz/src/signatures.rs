//! Signatures to decode against. Each has the same tensors as inputs and as outputs, so what is read can be written.

use bytes::Bytes;
use salver_core::{DType, Shape, Signature, Tensor, TensorData, TensorSpec};

/// A signature of these tensors.
pub fn signature(name: &str, tensors: &[(&str, DType)]) -> Signature {
    let mut specs: Vec<TensorSpec> = tensors.iter().map(|(name, dtype)| spec(name, *dtype)).collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    Signature {
        name: name.into(),
        method: "tensorflow/serving/predict".into(),
        inputs: specs.clone(),
        outputs: specs,
        defaults: Vec::new(),
    }
}

fn spec(name: &str, dtype: DType) -> TensorSpec {
    TensorSpec { name: name.into(), runtime_name: format!("{name}:0").into(), dtype, shape: None }
}

/// One input; two of which one has a default; every dtype, all with defaults.
pub fn with_defaults() -> Vec<Signature> {
    let one = signature("serving_default", &[("x", DType::Float)]);
    let mut two = signature("two", &[("a", DType::Int64), ("b", DType::String)]);
    two.defaults = vec![(1, scalar(DType::String))];
    let by_name: Vec<(&str, DType)> = DType::ALL.iter().map(|&dtype| (dtype.name(), dtype)).collect();
    let mut all = signature("all", &by_name);
    all.defaults = all.inputs.iter().enumerate().map(|(index, spec)| (index, scalar(spec.dtype))).collect();
    vec![one, two, all]
}

/// One input of every dtype that JSON carries, named `x`, and some with several inputs.
pub fn for_json() -> Vec<Signature> {
    use DType::{Bool, Double, Float, Int32, Int64, String, Uint8, Uint64};
    let mut signatures: Vec<Signature> =
        JSON_DTYPES.iter().map(|&dtype| signature("serving_default", &[("x", dtype)])).collect();
    signatures.push(signature("serving_default", &[("x", DType::Half)]));
    signatures.push(signature("serving_default", &[("text_bytes", String)]));
    signatures.push(signature("two", &[("a", Float), ("b", Int64)]));
    signatures.push(signature("many", &[("b", Bool), ("d", Double), ("i", Int32), ("s", String), ("s_bytes", String)]));
    signatures.push(signature("odd_names", &[("", Uint8), ("b64", String), ("é\n\"", Uint64)]));
    signatures
}

/// For examples: `serving_default` classifies, `regress` regresses, `predict` does neither.
pub fn for_examples() -> Vec<Signature> {
    let shaped = |name: &str, method: &str, outputs: &[(&str, DType)]| Signature {
        name: name.into(),
        method: method.into(),
        inputs: vec![spec("inputs", DType::String)],
        outputs: signature(name, outputs).outputs,
        defaults: Vec::new(),
    };
    let classes = [("classes", DType::String), ("scores", DType::Float)];
    vec![
        shaped("serving_default", "tensorflow/serving/classify", &classes),
        shaped("regress", "tensorflow/serving/regress", &[("outputs", DType::Float)]),
        shaped("predict", "tensorflow/serving/predict", &[("y", DType::Float)]),
    ]
}

/// The dtypes that JSON carries.
pub const JSON_DTYPES: [DType; 11] = [
    DType::Float,
    DType::Double,
    DType::Int32,
    DType::Uint8,
    DType::Int16,
    DType::Int8,
    DType::String,
    DType::Int64,
    DType::Bool,
    DType::Uint32,
    DType::Uint64,
];

fn scalar(dtype: DType) -> Tensor {
    let data = match dtype {
        DType::String => TensorData::Strings(vec![Bytes::from_static(b"default")]),
        _ => TensorData::Fixed(vec![0; dtype.size()].into()),
    };
    Tensor::new(dtype, Shape::new(), data).expect("one element of the dtype's size")
}
