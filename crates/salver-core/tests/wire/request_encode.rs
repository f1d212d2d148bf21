//! Requests written back: what is written reads as what it was made of.

use bytes::Bytes;
use salver_core::wire::{
    MemoryBudget, ModelSpec, VersionChoice, decode_inference_request, decode_predict_request, decode_tensor,
    encode_inference_request, encode_predict_request,
};

use crate::support::{fixed, floats};

fn spec(choice: VersionChoice) -> ModelSpec {
    ModelSpec { name: "model".into(), choice, signature_name: "signature".into() }
}

#[test]
fn a_request_reads_back() {
    let inputs = [("x", floats(&[1.5, -2.0])), ("", fixed(salver_core::DType::Int8, &[0], []))];
    let encoded =
        encode_predict_request(&spec(VersionChoice::Latest), inputs.iter().map(|(name, tensor)| (*name, tensor)));
    let request = decode_predict_request(encoded.into()).unwrap();
    assert!(request.output_filter.is_empty());
    let read: Vec<_> =
        request.inputs.iter().map(|(name, bytes)| (name.as_str(), decode_tensor(bytes.clone()).unwrap())).collect();
    assert_eq!(read, inputs);
}

#[test]
fn the_choice_of_the_version_reads_back() {
    let choices = [
        VersionChoice::Latest,
        VersionChoice::Version(0),
        VersionChoice::Version(1 << 40),
        VersionChoice::Label("stable".into()),
    ];
    for choice in choices {
        let encoded = encode_predict_request(&spec(choice.clone()), std::iter::empty());
        assert_eq!(decode_predict_request(encoded.into()).unwrap().model_spec, Some(spec(choice)));
    }
}

#[test]
fn examples_read_back() {
    let examples = [Bytes::from_static(b"\x0a\x00"), Bytes::new()];
    let encoded = encode_inference_request(&spec(VersionChoice::Version(2)), &examples);
    let request = decode_inference_request(encoded.into()).unwrap();
    assert_eq!(request.model_spec, Some(spec(VersionChoice::Version(2))));
    assert_eq!(request.input.examples(&mut MemoryBudget::new(1 << 20)).unwrap(), examples);
}
