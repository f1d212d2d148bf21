//! The wire format itself.

use salver_core::wire::Malformed;
use salver_core::wire::reader::{Field, Reader, Value, read_varint};
use salver_core::wire::writer::{put_varint, varint_len, write_varint};

fn all(bytes: &[u8]) -> Result<Vec<Field<'_>>, Malformed> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(|| reader.next_field().transpose()).collect()
}

fn fault(bytes: &[u8]) -> (&'static str, usize) {
    let error = all(bytes).unwrap_err();
    (error.what, error.offset)
}

#[test]
fn every_wire_type_is_read() {
    let bytes = b"\x08\x96\x01\x11\x01\x02\x03\x04\x05\x06\x07\x08\x1a\x02hi\x25\x01\x02\x03\x04";
    let fields = all(bytes).unwrap();
    assert_eq!(fields[0], Field { number: 1, value: Value::Varint(150) });
    assert_eq!(fields[1], Field { number: 2, value: Value::Fixed64(&[1, 2, 3, 4, 5, 6, 7, 8]) });
    assert!(matches!(fields[2].value, Value::Span(span) if span.bytes == b"hi" && span.offset == 14));
    assert_eq!(fields[3], Field { number: 4, value: Value::Fixed32(&[1, 2, 3, 4]) });
}

#[test]
fn faults_are_named_with_their_place() {
    assert_eq!(fault(b"\x08\x01\x80"), ("a truncated varint", 2));
    assert_eq!(fault(b"\x08\x80"), ("a truncated varint", 0));
    assert_eq!(fault(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ("a varint of more than ten bytes", 0));
    assert_eq!(fault(b"\x11\x01"), ("a truncated 64-bit value", 0));
    assert_eq!(fault(b"\x15\x01"), ("a truncated 32-bit value", 0));
    assert_eq!(fault(b"\x0a\x02x"), ("a length that runs past the end", 0));
    assert_eq!(fault(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), ("a length that runs past the end", 0));
    assert_eq!(fault(b"\x00\x01"), ("field number 0", 0));
    assert_eq!(fault(b"\x0e\x01"), ("an unknown wire type", 0));
    assert_eq!(fault(b"\x80\x80\x80\x80\x10\x01"), ("a field number that is too large", 0));
    assert_eq!(fault(b"\x08\x01\x0c"), ("an end-group tag without its group", 2));
}

#[test]
fn offsets_within_a_value_count_from_the_outermost_message() {
    let fields = all(b"\x08\x01\x12\x02\x08\x80").unwrap();
    let Value::Span(inner) = fields[1].value else { panic!("a span") };
    assert_eq!(inner.fields().next_field().unwrap_err().offset, 4);
    assert_eq!(inner.varints().next_value(), Ok(Some(8)));
}

#[test]
fn groups_are_passed_over() {
    let fields = all(b"\x0b\x08\x01\x13\x14\x0c\x10\x05").unwrap();
    assert_eq!(fields, [Field { number: 2, value: Value::Varint(5) }]);
    assert_eq!(fault(b"\x0b\x14"), ("an end-group tag of another group", 1));
    assert_eq!(fault(b"\x0b\x08\x01"), ("a group that does not end", 0));
    assert_eq!(fault(b"\x0b\x0d\x01"), ("a truncated 32-bit value", 1));
}

#[test]
fn nesting_of_groups_is_limited() {
    let nested = |depth: usize| [b"\x0b".repeat(depth), b"\x0c".repeat(depth)].concat();
    assert_eq!(all(&nested(100)), Ok(Vec::new()));
    assert_eq!(fault(&nested(101)), ("groups nested too deeply", 100));
    assert_eq!(fault(&b"\x0b".repeat(1_000_000)), ("groups nested too deeply", 100));
}

#[test]
fn varints_have_the_size_that_is_promised() {
    for shift in 0..64 {
        for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(out.len(), varint_len(value), "{value}");
            let mut fixed = [0; 10];
            assert_eq!(write_varint(&mut fixed, value), out.len());
            assert_eq!(fixed[..out.len()], out);
            for more in [0, 8] {
                let bytes = [&out[..], &[0xff; 8][..more]].concat();
                let mut at = 0;
                assert_eq!(read_varint(&bytes, &mut at), Ok(value));
                assert_eq!(at, out.len());
            }
        }
    }
}
