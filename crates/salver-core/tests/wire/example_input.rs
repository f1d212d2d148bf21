//! Examples of a request: shared memory, contexts, and what they may cost.

use bytes::Bytes;
use salver_core::wire::{ExampleInput, MemoryBudget, decode_inference_request};
use salver_core::{BatchInput, Code, DType, TensorData};

use crate::support::span;

/// The input of a request whose Input message has these fields.
fn input(fields: &[Vec<u8>]) -> (Bytes, ExampleInput) {
    let message = Bytes::from(span(2, &fields.concat()));
    (message.clone(), decode_inference_request(message).unwrap().input)
}

fn list(examples: &[&[u8]]) -> Vec<u8> {
    span(1, &examples.iter().flat_map(|example| span(1, example)).collect::<Vec<_>>())
}

fn list_with_context(context: &[u8], examples: &[&[u8]]) -> Vec<u8> {
    let examples = examples.iter().flat_map(|example| span(1, example)).collect();
    span(2, &[span(2, context), examples].concat())
}

fn strings(input: ExampleInput) -> Vec<Bytes> {
    let tensor = input.into_tensor().unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (DType::String, &[tensor.num_elements() as i64][..]));
    match tensor.data() {
        TensorData::Strings(strings) => strings.clone(),
        TensorData::Fixed(_) => panic!("a string tensor"),
    }
}

#[test]
fn examples_share_the_memory_of_the_message() {
    let (message, input) = input(&[list(&[b"first", b"", b"third"])]);
    assert_eq!((input.len(), input.is_empty()), (3, false));
    let examples = strings(input);
    assert_eq!(examples, ["first", "", "third"]);
    let range = message.as_ptr_range();
    assert!(range.contains(&examples[0].as_ptr()) && range.contains(&examples[2].as_ptr()));
}

#[test]
fn a_context_stands_before_each_example_in_one_buffer() {
    let examples = strings(input(&[list_with_context(b"ctx", &[b"first", b"", b"third"])]).1);
    assert_eq!(examples, ["ctxfirst", "ctx", "ctxthird"]);
    assert_eq!(examples[0].as_ptr_range().end, examples[1].as_ptr());
    assert_eq!(examples[1].as_ptr_range().end, examples[2].as_ptr());
}

#[test]
fn an_empty_context_costs_no_copy() {
    let (message, input) = input(&[list_with_context(b"", &[b"first"])]);
    assert!(message.as_ptr_range().contains(&strings(input)[0].as_ptr()));
}

#[test]
fn contexts_of_one_message_are_merged() {
    let fields = [list_with_context(b"a", &[b"1"]), list_with_context(b"b", &[b"2"]), list_with_context(b"", &[])];
    assert_eq!(strings(input(&fields).1), ["ab1", "ab2"]);
}

#[test]
fn examples_are_not_looked_into() {
    let (_, input) = input(&[list_with_context(b"\xff\xff", &[b"\x0a\xff", b"{}"])]);
    assert_eq!(strings(input), [&b"\xff\xff\x0a\xff"[..], b"\xff\xff{}"]);
}

#[test]
fn no_example_is_an_error_whatever_the_form() {
    let forms = [vec![], vec![list(&[])], vec![list_with_context(b"ctx", &[])], vec![list(&[b"x"]), span(2, b"")]];
    for fields in forms {
        let (_, input) = input(&fields);
        assert!(input.is_empty());
        let status = input.into_tensor().unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
        assert!(status.message.contains("Input is empty"), "{status}");
    }
}

#[test]
fn a_broken_list_is_an_error_with_its_place() {
    for (body, offset) in
        [(&b"\x12\x04\x0a\x02\x0a\x05"[..], 4), (b"\x12\x03\x0a\x05\x0a", 2), (b"\x12\x03\x12\x01\x10", 4)]
    {
        let status = decode_inference_request(Bytes::from_static(body)).unwrap_err();
        assert_eq!(status.code, Code::InvalidArgument);
        assert!(status.message.ends_with(&format!("at byte {offset}")), "{status}");
    }
}

#[test]
fn a_repeated_context_is_paid_for() {
    let (context, example, count) = (vec![b'c'; 1000], b"example", 500);
    let (_, input) = input(&[list_with_context(&context, &vec![&example[..]; count])]);
    let needed = count * (context.len() + example.len() + size_of::<Bytes>());
    assert_eq!(input.examples(&mut MemoryBudget::new(needed)).unwrap().len(), count);
    let status = input.into_tensor_within(&mut MemoryBudget::new(needed - 1)).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    for part in ["500 examples", "context of 1000 bytes", &format!("{} bytes", needed - 1)] {
        assert!(status.message.contains(part), "{part} in {status}");
    }
}

#[test]
fn many_empty_examples_are_paid_for() {
    let (_, input) = input(&[list(&vec![&b""[..]; 1000])]);
    let mut budget = MemoryBudget::new(1500 * size_of::<Bytes>());
    assert!(input.examples(&mut budget).is_ok());
    assert_eq!(input.examples(&mut budget).unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn a_terabyte_of_context_is_refused_by_default() {
    let context = span(2, &vec![b'c'; 16_000]);
    let examples = b"\x0a\x00".repeat(200_000);
    let mut body = Vec::new();
    for (number, length) in [(2, context.len() + examples.len() + 4), (2, context.len() + examples.len())] {
        salver_core::wire::writer::put_span_header(&mut body, number, length);
    }
    body.extend([context, examples].concat());
    let request = decode_inference_request(body.into()).unwrap();
    assert_eq!(request.input.len(), 200_000);
    assert_eq!(request.input.into_tensor().unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn batches_of_examples_share_their_memory() {
    let tensor = input(&[list(&[b"first", b"second"])]).1.into_tensor().unwrap();
    let rows = tensor.rows(1, 1).unwrap();
    let (TensorData::Strings(all), TensorData::Strings(some)) = (tensor.data(), rows.data()) else {
        panic!("string tensors")
    };
    assert_eq!(all[1].as_ptr(), some[0].as_ptr());
    let batch = BatchInput::new(vec![tensor, rows]);
    assert_eq!((&batch.shape()[..], batch.dtype(), batch.num_bytes()), (&[3][..], DType::String, 17));
}
