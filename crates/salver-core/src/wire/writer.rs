//! Protobuf's wire format, written into a vector.
//!
//! Lengths stand before their content on the wire, so every message is sized first and written second; the functions
//! come in pairs, one for the size and one for the bytes.

/// Wire type of varints.
const VARINT: u32 = 0;
/// Wire type of length-delimited values.
const SPAN: u32 = 2;
/// Wire type of four-byte values.
const FIXED32: u32 = 5;

/// Bytes that `value` takes as a varint, 1..=10.
#[inline]
pub const fn varint_len(value: u64) -> usize {
    // Seven bits a byte: ceil(bits / 7), written so that it needs no division by 7.
    (((64 - (value | 1).leading_zeros()) * 9 + 64) / 64) as usize
}

/// Appends `value` as a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes `value` as a varint to the start of `target` and returns its length.
///
/// # Panics
/// `target` is shorter than the varint.
#[inline]
pub fn write_varint(target: &mut [u8], mut value: u64) -> usize {
    let mut at = 0;
    while value >= 0x80 {
        target[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    target[at] = value as u8;
    at + 1
}

/// Bytes of the tag of field `number`.
#[inline]
pub const fn tag_len(number: u32) -> usize {
    varint_len((number << 3) as u64)
}

/// Bytes of a varint field; 0 for the value 0, which proto3 leaves out.
#[inline]
pub const fn varint_field_len(number: u32, value: u64) -> usize {
    if value == 0 { 0 } else { tag_len(number) + varint_len(value) }
}

/// Appends a varint field, or nothing for the value 0.
#[inline]
pub fn put_varint_field(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_varint(out, u64::from(number << 3 | VARINT));
        put_varint(out, value);
    }
}

/// Bytes of a float field with these bits; 0 for positive zero, which proto3 leaves out.
#[inline]
pub const fn fixed32_field_len(number: u32, bits: u32) -> usize {
    if bits == 0 { 0 } else { tag_len(number) + 4 }
}

/// Appends a float field, or nothing for positive zero.
#[inline]
pub fn put_fixed32_field(out: &mut Vec<u8>, number: u32, bits: u32) {
    if bits != 0 {
        put_varint(out, u64::from(number << 3 | FIXED32));
        out.extend_from_slice(&bits.to_le_bytes());
    }
}

/// Bytes of a length-delimited field whose value has `length` bytes.
#[inline]
pub const fn span_field_len(number: u32, length: usize) -> usize {
    tag_len(number) + varint_len(length as u64) + length
}

/// Appends tag and length of a length-delimited field; the caller appends the `length` bytes.
#[inline]
pub fn put_span_header(out: &mut Vec<u8>, number: u32, length: usize) {
    put_varint(out, u64::from(number << 3 | SPAN));
    put_varint(out, length as u64);
}

/// Bytes of a string field; 0 for empty text, which proto3 leaves out.
#[inline]
pub const fn text_field_len(number: u32, text: &str) -> usize {
    if text.is_empty() { 0 } else { span_field_len(number, text.len()) }
}

/// Appends a string field, or nothing for empty text.
#[inline]
pub fn put_text_field(out: &mut Vec<u8>, number: u32, text: &str) {
    if !text.is_empty() {
        put_span_header(out, number, text.len());
        out.extend_from_slice(text.as_bytes());
    }
}
