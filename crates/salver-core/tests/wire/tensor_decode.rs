//! Acceptance rules, count rules and strings of TensorProto.

use bytes::Bytes;
use salver_core::wire::{MemoryBudget, decode_tensor, decode_tensor_within};
use salver_core::{Code, DType, Tensor, TensorData};

use crate::support::{fixed, floats, proto, small, span};

fn read(bytes: Bytes) -> Tensor {
    decode_tensor(bytes).unwrap()
}

fn fault(bytes: Bytes) -> String {
    let status = decode_tensor(bytes).unwrap_err();
    assert_eq!(status.code, Code::InvalidArgument);
    status.message
}

fn one_two() -> Vec<u8> {
    [1.0f32, 2.0].iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn strings(tensor: &Tensor) -> Vec<&[u8]> {
    let TensorData::Strings(strings) = tensor.data() else { panic!("not strings") };
    strings.iter().map(|s| &s[..]).collect()
}

// === accepting ===

#[test]
fn a_dtype_that_cannot_be_sent_is_refused() {
    assert_eq!(fault(Bytes::new()), "tensor without a dtype");
    assert_eq!(fault(small(1, 20).into()), "tensors of dtype resource cannot be sent");
    assert_eq!(fault(small(1, 21).into()), "tensors of dtype variant cannot be sent");
    assert_eq!(fault(small(1, 101).into()), "dtype 101 is a reference type, which cannot be sent");
    assert_eq!(fault(small(1, 99).into()), "unknown dtype 99");
}

#[test]
fn a_missing_shape_is_a_scalar() {
    assert_eq!(read([small(1, 4), small(7, 9)].concat().into()), fixed(DType::Uint8, &[], [9]));
}

#[test]
fn a_bad_shape_is_refused() {
    let shape = |dim: &[u8]| Bytes::from([small(1, 1), span(2, &span(2, &[&[8], dim].concat()).repeat(2))].concat());
    assert!(fault(shape(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")).contains("negative dimension -1"));
    assert!(fault(shape(b"\x80\x80\x80\x80\x80\x80\x80\x40")).contains("too many elements"));
    let bad_name = [small(1, 1), span(2, &span(2, &span(2, b"\xff")))].concat();
    assert!(fault(bad_name.into()).contains("not UTF-8"));
}

#[test]
fn unknown_rank_is_ignored() {
    assert_eq!(read([small(1, 4), span(2, &small(3, 1)), small(7, 9)].concat().into()), fixed(DType::Uint8, &[], [9]));
}

#[test]
fn content_shares_the_memory_of_the_message() {
    let message = proto(DType::Float, &[2], &[span(4, &one_two())]);
    let tensor = read(message.clone());
    assert_eq!(tensor, floats(&[1.0, 2.0]));
    let TensorData::Fixed(bytes) = tensor.data() else { panic!("not fixed") };
    assert!(message.as_ptr_range().contains(&bytes.as_ptr()));
}

#[test]
fn content_of_the_wrong_size_is_refused() {
    let message = fault(proto(DType::Float, &[3], &[span(4, &one_two())]));
    assert_eq!(message, "tensor_content has 8 bytes where 3 elements of dtype float of 4 bytes each are expected");
}

#[test]
fn content_wins_over_typed_fields() {
    assert_eq!(read(proto(DType::Uint8, &[1], &[small(7, 9), span(4, b"\x07")])), fixed(DType::Uint8, &[1], [7]));
}

#[test]
fn no_elements_need_no_values() {
    assert_eq!(read(proto(DType::Float, &[0, 3], &[span(5, &one_two())])), fixed(DType::Float, &[0, 3], []));
    assert_eq!(read(proto(DType::Float, &[0], &[span(4, b"x")])), fixed(DType::Float, &[0], []));
    assert!(strings(&read(proto(DType::String, &[0], &[span(8, b"x")]))).is_empty());
}

#[test]
fn bool_content_is_0_or_1() {
    assert_eq!(read(proto(DType::Bool, &[2], &[span(4, b"\x00\x01")])), fixed(DType::Bool, &[2], [0, 1]));
    assert!(fault(proto(DType::Bool, &[2], &[span(4, b"\x00\x02")])).contains("other than 0 and 1"));
}

// === counts ===

#[test]
fn one_packed_run_shares_the_memory_of_the_message() {
    for more in [&b""[..], &[0; 8]] {
        let message = proto(DType::Float, &[2], &[span(5, &[&one_two()[..], more].concat())]);
        let tensor = read(message.clone());
        assert_eq!(tensor, floats(&[1.0, 2.0]));
        let TensorData::Fixed(bytes) = tensor.data() else { panic!("not fixed") };
        assert!(message.as_ptr_range().contains(&bytes.as_ptr()));
    }
}

#[test]
fn too_few_values_repeat_the_last() {
    assert_eq!(read(proto(DType::Float, &[5], &[span(5, &one_two())])), floats(&[1.0, 2.0, 2.0, 2.0, 2.0]));
    assert_eq!(read(proto(DType::Uint8, &[3], &[span(7, &[5])])), fixed(DType::Uint8, &[3], [5, 5, 5]));
    assert_eq!(strings(&read(proto(DType::String, &[3], &[span(8, b"a"), span(8, b"b")]))), [b"a", b"b", b"b"]);
    assert_eq!(read(proto(DType::Float8E5m2, &[3], &[span(18, &[5, 6])])), fixed(DType::Float8E5m2, &[3], [5, 6, 6]));
}

#[test]
fn no_values_are_zeros() {
    assert_eq!(read(proto(DType::Float, &[2], &[])), floats(&[0.0, 0.0]));
    assert_eq!(strings(&read(proto(DType::String, &[2], &[]))), [b"", b""]);
    assert_eq!(read(proto(DType::Int64, &[1], &[])), fixed(DType::Int64, &[1], [0; 8]));
}

#[test]
fn too_many_values_are_dropped() {
    assert_eq!(read(proto(DType::Uint8, &[2], &[span(7, &[1, 2, 3])])), fixed(DType::Uint8, &[2], [1, 2]));
    assert_eq!(strings(&read(proto(DType::String, &[1], &[span(8, b"a"), span(8, b"b")]))), [b"a"]);
}

#[test]
fn values_in_the_wrong_field_are_zeros() {
    assert_eq!(read(proto(DType::Int32, &[1], &[span(10, &[5])])), fixed(DType::Int32, &[1], [0; 4]));
    assert_eq!(read(proto(DType::Uint32, &[1], &[span(7, &[5])])), fixed(DType::Uint32, &[1], [0; 4]));
    assert_eq!(read(proto(DType::Bfloat16, &[1], &[span(7, &[5])])), fixed(DType::Bfloat16, &[1], [0; 2]));
}

#[test]
fn narrow_types_wrap() {
    let minus_129 = b"\xff\xfe\xff\xff\xff\xff\xff\xff\xff\x01";
    let int8 = read(proto(DType::Int8, &[2], &[span(7, &[&b"\xac\x02"[..], minus_129].concat())]));
    assert_eq!(int8, fixed(DType::Int8, &[2], [44, 127]));
    let minus_1 = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_eq!(read(proto(DType::Uint8, &[1], &[span(7, minus_1)])), fixed(DType::Uint8, &[1], [255]));
    let half = read(proto(DType::Half, &[1], &[span(13, b"\x80\xf8\x04")]));
    assert_eq!(half, fixed(DType::Half, &[1], [0, 0x3c]));
}

#[test]
fn complex_values_are_pairs() {
    let pair = |re: f32, im: f32| [re.to_le_bytes(), im.to_le_bytes()].concat();
    let sent = [pair(1.0, 2.0), 3f32.to_le_bytes().to_vec()].concat();
    let expected = pair(1.0, 2.0).repeat(2);
    assert_eq!(read(proto(DType::Complex64, &[2], &[span(9, &sent)])), fixed(DType::Complex64, &[2], expected));
}

#[test]
fn packed_and_single_values_mix() {
    let single = |v: f32| [&[0x2d][..], &v.to_le_bytes()].concat();
    let message = proto(DType::Float, &[4], &[single(4.0), span(5, &one_two()), single(3.0)]);
    assert_eq!(read(message), floats(&[4.0, 1.0, 2.0, 3.0]));
    let message = proto(DType::Uint8, &[3], &[small(7, 4), span(7, &[1, 2])]);
    assert_eq!(read(message), fixed(DType::Uint8, &[3], [4, 1, 2]));
}

#[test]
fn a_broken_run_is_refused_with_its_place() {
    let message = fault(proto(DType::Float, &[1], &[span(5, &[0; 7])]));
    assert_eq!(message, "malformed tensorflow.TensorProto: a packed run that ends within a value at byte 10");
    assert!(fault(proto(DType::Int64, &[1], &[span(10, &[1, 0x80])])).contains("a truncated varint at byte 11"));
}

// === strings in content ===

#[test]
fn string_content_has_all_lengths_first() {
    let message = proto(DType::String, &[2], &[span(4, b"\x02\x01abc")]);
    assert_eq!(strings(&read(message)), [&b"ab"[..], b"c"]);
}

#[test]
fn string_content_must_match_exactly() {
    for (content, said) in [
        (&b"\x02\x01abcd"[..], "1 bytes too many"),
        (b"\x02\x01ab", "a length runs past the end"),
        (b"\x02\x80", "a truncated varint"),
        (b"\x02", "fewer lengths than strings"),
    ] {
        assert!(fault(proto(DType::String, &[2], &[span(4, content)])).contains(said), "{content:?}");
    }
}

// === memory ===

/// A shape of `2^bits` elements in one dimension.
fn huge(dtype: DType, bits: usize, fields: &[Vec<u8>]) -> Bytes {
    let mut dim = vec![8];
    dim.extend(vec![0x80; bits / 7]);
    dim.push(1 << (bits % 7));
    Bytes::from([small(1, dtype.number() as u8), span(2, &span(2, &dim)), fields.concat()].concat())
}

#[test]
fn a_small_message_cannot_take_more_than_the_budget() {
    for dtype in [DType::Float, DType::Int64, DType::String, DType::Float8E5m2, DType::Complex128] {
        for bits in [33, 40, 61, 62] {
            let status = decode_tensor(huge(dtype, bits, &[])).unwrap_err();
            assert_eq!(status.code, Code::ResourceExhausted, "{dtype:?} {bits}");
        }
    }
}

#[test]
fn the_tensors_of_a_request_share_one_budget() {
    let mut budget = MemoryBudget::new(100);
    let tensor = huge(DType::Uint8, 6, &[]);
    assert!(decode_tensor_within(&tensor, &mut budget).is_ok());
    let status = decode_tensor_within(&tensor, &mut budget).unwrap_err();
    assert_eq!(status.message, "64 elements of 1 bytes exceed the 100 bytes a request's tensors may take");
}

#[test]
fn repeats_of_a_string_are_paid_for_in_full() {
    let text = [b'x'; 100];
    let message = proto(DType::String, &[4], &[span(8, &text)]);
    let handles = 4 * size_of::<Bytes>();
    assert!(decode_tensor_within(&message, &mut MemoryBudget::new(handles + 300)).is_ok());
    let status = decode_tensor_within(&message, &mut MemoryBudget::new(handles + 299)).unwrap_err();
    assert_eq!(status.code, Code::ResourceExhausted);
}

#[test]
fn shared_memory_costs_no_budget() {
    let message = proto(DType::Float, &[2], &[span(4, &one_two())]);
    assert!(decode_tensor_within(&message, &mut MemoryBudget::new(0)).is_ok());
}
