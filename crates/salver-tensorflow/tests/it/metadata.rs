//! Signatures as clients see them.

use salver_core::DType;

use crate::support::{bytes, load, signature};

#[test]
fn signatures_are_sorted_and_complete() {
    let model = load("half_plus_two/1");
    let names: Vec<_> = model.signatures().iter().map(|signature| &*signature.name).collect();
    assert_eq!(names, ["classify_x_to_y", "regress_x2_to_y", "regress_x_to_y", "serving_default"]);
    let classify = signature(&model, "classify_x_to_y");
    assert_eq!(&*classify.method, "tensorflow/serving/classify");
    let outputs: Vec<_> = classify.outputs.iter().map(|spec| (&*spec.name, spec.dtype)).collect();
    assert_eq!(outputs, [("classes", DType::String), ("scores", DType::Float)]);
}

#[test]
fn a_spec_has_type_shape_and_graph_name() {
    let model = load("half_plus_two/1");
    let x = &signature(&model, "serving_default").inputs[0];
    assert_eq!((&*x.name, &*x.runtime_name, x.dtype, x.shape.as_deref()), ("x", "x:0", DType::Float, Some(&[-1][..])));
}

#[test]
fn an_unknown_rank_is_no_shape() {
    let model = load("echo_all_dtypes/1");
    assert_eq!(signature(&model, "echo_float32").inputs[0].shape, None);
}

#[test]
fn default_values_are_read() {
    let model = load("defaults/1");
    let serving = signature(&model, "serving_default");
    let inputs: Vec<_> = serving.inputs.iter().map(|spec| &*spec.name).collect();
    assert_eq!(inputs, ["addend", "factor", "x"]);
    assert_eq!(bytes(serving.default_of(0).unwrap()), 10f32.to_le_bytes());
    assert_eq!(bytes(serving.default_of(1).unwrap()), 3f32.to_le_bytes());
    assert!(serving.default_of(2).is_none());
}

#[test]
fn the_initialisers_signature_is_metadata_but_not_callable() {
    let model = load("mlp/1");
    let map = model.signature_def_map();
    let has = |name: &[u8]| map.windows(name.len()).any(|window| window == name);
    assert!(has(b"__saved_model_init_op") && has(b"serving_default"));
    assert_eq!(model.signatures().len(), 1);
}
