//! The checks between a request and its signature, in their order.

use bytes::Bytes;
use salver_core::wire::{BoundPredict, MemoryBudget, PredictRequest, Utf8Bytes, bind, bind_within};
use salver_core::{Code, DType, Signature};

use crate::support::{fixed, floats, proto, signature, small, span};

fn scalar(value: u8) -> Bytes {
    proto(DType::Uint8, &[], &[small(7, value)])
}

fn request(inputs: &[(&str, Bytes)], filter: &[&str]) -> PredictRequest {
    PredictRequest {
        model_spec: None,
        inputs: inputs.iter().map(|(name, bytes)| (Utf8Bytes::from(*name), bytes.clone())).collect(),
        output_filter: filter.iter().map(|name| Utf8Bytes::from(*name)).collect(),
    }
}

fn with_default(mut signature: Signature, index: usize) -> Signature {
    signature.defaults.push((index, floats(&[9.0])));
    signature
}

fn fault(request: PredictRequest, signature: &Signature) -> String {
    let status = bind(request, signature).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    status.message
}

#[test]
fn inputs_come_out_in_the_order_of_the_signature() {
    let bound =
        bind(request(&[("b", scalar(2)), ("a", scalar(1))], &[]), &signature(&["a", "b"], &["y", "z"])).unwrap();
    let inputs = vec![fixed(DType::Uint8, &[], [1]), fixed(DType::Uint8, &[], [2])];
    assert_eq!(bound, BoundPredict { inputs, outputs: vec![0, 1] });
}

#[test]
fn an_input_that_is_not_sent_has_its_default() {
    let bound = bind(request(&[("b", scalar(2))], &[]), &with_default(signature(&["a", "b"], &[]), 0)).unwrap();
    assert_eq!(bound.inputs, [floats(&[9.0]), fixed(DType::Uint8, &[], [2])]);
}

#[test]
fn a_sent_input_overrides_its_default() {
    let bound = bind(request(&[("a", scalar(2))], &[]), &with_default(signature(&["a"], &[]), 0)).unwrap();
    assert_eq!(bound.inputs, [fixed(DType::Uint8, &[], [2])]);
}

#[test]
fn a_wrong_number_of_inputs_is_explained() {
    let both = &signature(&["a", "b"], &[]);
    assert_eq!(
        fault(request(&[("z", scalar(1))], &[]), both),
        "signature 'sig' takes 2 inputs, the request has 1; missing: {a,b}; sent extra: {z}; declared: {a,b}; sent: {z}"
    );
    let three = [("c", scalar(1)), ("b", scalar(1)), ("a", scalar(1))];
    assert_eq!(
        fault(request(&three, &[]), both),
        "signature 'sig' takes 2 inputs, the request has 3; missing: {}; sent extra: {c}; declared: {a,b}; sent: {a,b,c}"
    );
}

#[test]
fn defaults_do_not_allow_more_inputs_than_declared() {
    let two = [("a", scalar(1)), ("b", scalar(1))];
    assert!(fault(request(&two, &[]), &with_default(signature(&["a"], &[]), 0)).contains("takes 1 inputs"));
}

#[test]
fn a_missing_input_without_default_is_named() {
    let signature = &with_default(signature(&["a", "b"], &[]), 0);
    assert_eq!(
        fault(request(&[("a", scalar(1))], &[]), signature),
        "input 'b' (tensor 'b:0') of signature 'sig' is neither sent nor has a default; sent: {a}; with default: {a}"
    );
    assert!(fault(request(&[("z", scalar(1)), ("a", scalar(1))], &[]), signature).contains("input 'b'"));
}

#[test]
fn a_tensor_that_cannot_be_read_is_named() {
    let broken = request(&[("a", Bytes::new())], &[]);
    let message = fault(broken, &signature(&["a"], &[]));
    assert_eq!(message, "tensor parsing error for input 'a': tensor without a dtype");
}

#[test]
fn an_unknown_input_is_named_with_those_used() {
    let request = request(&[("b", scalar(1)), ("z", scalar(1))], &[]);
    assert_eq!(
        fault(request, &with_default(signature(&["a", "b"], &[]), 0)),
        "the request has inputs that signature 'sig' does not know; used: {b}; sent: {b,z}"
    );
}

#[test]
fn the_filter_picks_outputs_in_any_order() {
    let signature = &signature(&[], &["a", "b", "c"]);
    assert_eq!(bind(request(&[], &["c", "a"]), signature).unwrap().outputs, [0, 2]);
    assert_eq!(bind(request(&[], &[]), signature).unwrap().outputs, [0, 1, 2]);
}

#[test]
fn an_unknown_or_repeated_output_is_named() {
    let signature = &signature(&[], &["a", "b"]);
    assert_eq!(
        fault(request(&[], &["a", "q"]), signature),
        "output_filter names 'q', which is not an output of signature 'sig'; outputs are {a,b}"
    );
    assert_eq!(fault(request(&[], &["a", "a"]), signature), "output_filter has the duplicate output 'a'");
}

#[test]
fn the_first_failing_check_is_the_answer() {
    let declared = with_default(signature(&["a", "b"], &["y"]), 0);
    let filter = &["no such output"];
    let steps = [
        (vec![("p", scalar(1)), ("q", scalar(1)), ("r", scalar(1))], "takes 2 inputs"),
        (vec![("a", Bytes::new()), ("z", scalar(1))], "input 'b'"),
        (vec![("b", Bytes::new()), ("z", scalar(1))], "tensor parsing error"),
        (vec![("b", scalar(1)), ("z", scalar(1))], "does not know"),
        (vec![("b", scalar(1))], "output_filter names"),
    ];
    for (inputs, said) in steps {
        assert!(fault(request(&inputs, filter), &declared).contains(said), "{said}");
    }
}

#[test]
fn one_budget_serves_all_inputs() {
    let two = || request(&[("a", proto(DType::Uint8, &[64], &[])), ("b", proto(DType::Uint8, &[64], &[]))], &[]);
    let signature = &signature(&["a", "b"], &[]);
    assert!(bind_within(two(), signature, &mut MemoryBudget::new(128)).is_ok());
    let status = bind_within(two(), signature, &mut MemoryBudget::new(127)).unwrap_err();
    assert_eq!(status.code, Code::ResourceExhausted);
    assert!(status.message.starts_with("tensor parsing error for input 'b'"));
}

#[test]
fn a_message_lists_a_bounded_number_of_names() {
    let many: Vec<(String, Bytes)> = (0..10_000).map(|n| (format!("input_{n}"), scalar(1))).collect();
    let many: Vec<(&str, Bytes)> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let message = fault(request(&many, &[]), &signature(&["a"], &[]));
    assert!(message.len() < 2000 && message.contains(" more}"), "{} bytes", message.len());
}

#[test]
fn dtype_and_shape_are_not_checked_here() {
    let strings = proto(DType::String, &[1], &[span(8, b"x")]);
    assert!(bind(request(&[("a", strings)], &[]), &signature(&["a"], &[])).is_ok());
}
