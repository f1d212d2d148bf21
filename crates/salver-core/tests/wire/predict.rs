//! Requests: merging, repeated names, text, faults.

use bytes::Bytes;
use salver_core::Code;
use salver_core::wire::{ModelSpec, PredictRequest, Utf8Bytes, VersionChoice, decode_predict_request};

use crate::support::{small, span};

fn read(parts: &[Vec<u8>]) -> PredictRequest {
    decode_predict_request(parts.concat().into()).unwrap()
}

fn fault(parts: &[Vec<u8>]) -> String {
    let status = decode_predict_request(parts.concat().into()).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    status.message
}

fn input(name: &[u8], tensor: &[u8]) -> Vec<u8> {
    span(2, &[span(1, name), span(2, tensor)].concat())
}

#[test]
fn names_and_tensors_share_the_memory_of_the_body() {
    let body = Bytes::from([span(1, &span(1, b"model")), input(b"x", b"tensor")].concat());
    let request = decode_predict_request(body.clone()).unwrap();
    let range = body.as_ptr_range();
    assert!(range.contains(&request.model_spec.unwrap().name.as_bytes().as_ptr()));
    assert!(range.contains(&request.inputs[0].1.as_ptr()));
}

#[test]
fn the_last_of_a_repeated_input_wins() {
    let request = read(&[input(b"x", b"1"), input(b"y", b"2"), input(b"x", b"3")]);
    let names: Vec<(&str, &[u8])> = request.inputs.iter().map(|(name, t)| (name.as_str(), &t[..])).collect();
    assert_eq!(names, [("y", &b"2"[..]), ("x", b"3")]);
}

#[test]
fn many_repeated_inputs_are_no_burden() {
    let mut parts: Vec<Vec<u8>> = (0..200_000u32).map(|n| input(format!("{}", n % 70_000).as_bytes(), b"")).collect();
    parts.push(input(b"69999", b"last"));
    let request = read(&parts);
    assert_eq!(request.inputs.len(), 70_000);
    assert_eq!(request.inputs.last().unwrap().1, b"last"[..]);
}

#[test]
fn the_later_of_version_and_label_is_the_choice() {
    let version = span(2, &small(1, 7));
    let label = span(4, b"stable");
    let choice = |parts: &[&Vec<u8>]| {
        let spec: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        ModelSpec::decode(&spec.into()).unwrap().choice
    };
    assert_eq!(choice(&[]), VersionChoice::Latest);
    assert_eq!(choice(&[&version]), VersionChoice::Version(7));
    assert_eq!(choice(&[&span(2, b"")]), VersionChoice::Version(0));
    assert_eq!(choice(&[&version, &label]), VersionChoice::Label(Utf8Bytes::from("stable")));
    assert_eq!(choice(&[&label, &version]), VersionChoice::Version(7));
    assert_eq!(choice(&[&version, &span(2, b"")]), VersionChoice::Version(7));
    assert_eq!(choice(&[&version, &label, &span(2, b"")]), VersionChoice::Version(0));
}

#[test]
fn a_missing_spec_is_not_an_empty_one() {
    assert_eq!(read(&[]).model_spec, None);
    assert_eq!(read(&[span(1, b"")]).model_spec, Some(ModelSpec::default()));
}

#[test]
fn text_must_be_utf8() {
    let place = |offset| {
        format!("malformed tensorflow.serving.PredictRequest: a string field that is not UTF-8 at byte {offset}")
    };
    assert_eq!(fault(&[span(1, &span(1, b"\xff"))]), place(4));
    assert_eq!(fault(&[span(3, b"\xc3")]), place(2));
    assert_eq!(fault(&[input(b"\xed\xa0\x80", b"")]), place(4));
    assert_eq!(fault(&[span(1, &span(4, b"\x80"))]), place(4));
}

#[test]
fn a_fault_names_the_message_and_the_place() {
    assert_eq!(
        fault(&[span(1, b""), vec![0x12, 0x05, 0x0a]]),
        "malformed tensorflow.serving.PredictRequest: a length that runs past the end at byte 2"
    );
}

#[test]
fn fields_that_do_not_matter_are_passed_over() {
    let request = read(&[span(5, b"not looked into"), span(6, b"\xff"), span(7, b"\xff"), small(15, 1), small(3, 1)]);
    assert_eq!(request, PredictRequest::default());
}
