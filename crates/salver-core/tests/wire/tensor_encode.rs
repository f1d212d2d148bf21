//! Written tensors and answers.

use bytes::Bytes;
use salver_core::wire::{PredictResponse, PreparedResponse, TensorForm, decode_predict_request, encode_tensor};
use salver_core::{DType, Shape, Tensor, TensorData};

use crate::support::{fixed, floats, signature};

fn written(tensor: &Tensor, form: TensorForm) -> Vec<u8> {
    let mut out = Vec::new();
    encode_tensor(&mut out, tensor, form);
    out
}

#[test]
fn a_scalar_has_a_shape_without_dimensions() {
    let tensor = fixed(DType::Uint8, &[], [5]);
    assert_eq!(written(&tensor, TensorForm::TypedFields), b"\x08\x04\x12\x00\x3a\x01\x05");
}

#[test]
fn an_empty_tensor_carries_no_values() {
    for form in [TensorForm::TypedFields, TensorForm::TensorContent] {
        assert_eq!(written(&floats(&[]), form), b"\x08\x01\x12\x02\x12\x00");
    }
}

#[test]
fn equal_values_are_not_compressed() {
    let tensor = fixed(DType::Int8, &[3], [7, 7, 7]);
    assert_eq!(written(&tensor, TensorForm::TypedFields), b"\x08\x06\x12\x04\x12\x02\x08\x03\x3a\x03\x07\x07\x07");
}

#[test]
fn a_bool_is_written_as_0_or_1() {
    let tensor = fixed(DType::Bool, &[2], [0, 200]);
    assert_eq!(written(&tensor, TensorForm::TypedFields)[8..], *b"\x5a\x02\x00\x01");
}

#[test]
fn strings_go_into_content_when_asked() {
    let strings = vec![Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
    let tensor = Tensor::new(DType::String, Shape::from_slice(&[2]), TensorData::Strings(strings)).unwrap();
    assert_eq!(written(&tensor, TensorForm::TensorContent)[8..], *b"\x22\x05\x02\x01abc");
    assert_eq!(written(&tensor, TensorForm::TypedFields)[8..], *b"\x42\x02ab\x42\x01c");
}

#[test]
fn the_length_of_a_response_is_known_before_it_is_written() {
    let tensors = [floats(&[1.0; 300]), fixed(DType::Int64, &[2], [0xff; 16])];
    for form in [TensorForm::TypedFields, TensorForm::TensorContent] {
        let response = PredictResponse {
            model_name: "m",
            version: 0,
            signature_name: "serving_default",
            signature: &signature(&[], &["a", "b", "c"]),
            output_indexes: &[2, 0],
            tensors: &tensors,
            form,
        };
        let prepared = PreparedResponse::new(response);
        let mut out = vec![1, 2, 3];
        prepared.write(&mut out);
        assert_eq!(out.len(), 3 + prepared.encoded_len());
        assert!(out.ends_with(b"\x12\x16\x0a\x01m\x12\x00\x1a\x0fserving_default"));
    }
}

#[test]
fn an_answer_to_a_label_names_no_label() {
    let mut out = Vec::new();
    let empty = signature(&[], &[]);
    let (model_name, version, signature_name) = ("m", -1, "s");
    let (output_indexes, tensors, form) = (&[][..], &[][..], TensorForm::TypedFields);
    let response =
        PredictResponse { model_name, version, signature_name, signature: &empty, output_indexes, tensors, form };
    PreparedResponse::new(response).write(&mut out);
    // A response's spec is field 2; as field 1 it is that of a request.
    out[0] = 0x0a;
    let spec = decode_predict_request(out.into()).unwrap().model_spec.unwrap();
    assert_eq!(spec.choice, salver_core::wire::VersionChoice::Version(-1));
}
