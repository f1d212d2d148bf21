//! One JSON value to a serialized `tensorflow.Feature`.
//!
//! The first value decides the kind: strings and base64 objects are bytes, booleans and integer literals int64, other
//! numbers float. The values are gathered in the form that their list has on the wire.

use super::cursor::Cursor;
use super::number;
use crate::status::Status;
use crate::wire::writer::{put_span_header, put_varint, span_field_len};

/// What a feature may hold. The numbers are its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bytes = 1,
    Float = 2,
    Int64 = 3,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Bytes => "bytes",
            Kind::Float => "float",
            Kind::Int64 => "int64",
        }
    }
}

/// Reads features one after the other into the same memory.
#[derive(Default)]
pub(super) struct FeatureReader {
    kind: Option<Kind>,
    /// Of bytes the fields of a BytesList, else the packed values.
    values: Vec<u8>,
}

impl FeatureReader {
    /// Reads the scalar or flat list under the cursor; an empty list gives a feature of no kind.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: a value that no feature holds, or values of several kinds. The cursor stands on the value.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        self.kind = None;
        self.values.clear();
        if cursor.token() != b'[' {
            return self.push(cursor);
        }
        let mut has_member = cursor.enter(b']');
        while has_member {
            self.push(cursor)?;
            has_member = cursor.more();
        }
        Ok(())
    }

    /// Bytes that [`Self::write`] appends.
    pub(super) fn encoded_len(&self) -> usize {
        self.kind.map_or(0, |kind| span_field_len(kind as u32, self.list_len(kind)))
    }

    /// Appends the feature that was read last, without a length before it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Some(kind) = self.kind else { return };
        put_span_header(out, kind as u32, self.list_len(kind));
        if kind != Kind::Bytes {
            put_span_header(out, 1, self.values.len());
        }
        out.extend_from_slice(&self.values);
    }

    fn list_len(&self, kind: Kind) -> usize {
        if kind == Kind::Bytes { self.values.len() } else { span_field_len(1, self.values.len()) }
    }

    fn push(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        match cursor.peek() {
            b'"' => {
                self.set_kind(Kind::Bytes, cursor)?;
                let text = cursor.string();
                self.push_bytes(&text.bytes());
                Ok(())
            }
            b't' | b'f' => {
                self.set_kind(Kind::Int64, cursor)?;
                self.values.push(u8::from(cursor.peek() == b't'));
                cursor.skip_value();
                Ok(())
            }
            b'{' => {
                let mut after = cursor.clone();
                let bytes = after.base64_bytes().ok_or_else(|| no_feature_value(cursor))?;
                self.set_kind(Kind::Bytes, cursor)?;
                self.push_bytes(&bytes);
                *cursor = after;
                Ok(())
            }
            b'[' | b'n' => Err(no_feature_value(cursor)),
            _ => self.push_number(cursor),
        }
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        put_span_header(&mut self.values, 1, bytes.len());
        self.values.extend_from_slice(bytes);
    }

    fn push_number(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        let (text, pos) = (cursor.text(), cursor.pos());
        let integer = number::read_integer(text, pos);
        let end = match integer.map(|(is_negative, magnitude, end)| (int64(is_negative, magnitude), is_negative, end)) {
            Some((Some(value), _, end)) => {
                self.set_kind(Kind::Int64, cursor)?;
                put_varint(&mut self.values, value as u64);
                end
            }
            Some((None, false, _)) => return Err(beyond_int64(cursor)),
            // Below the range of int64 as beyond that of uint64, a literal is a double.
            _ => {
                let Some((value, end)) = number::read_float(text, pos) else { return Err(no_feature_value(cursor)) };
                self.set_kind(Kind::Float, cursor)?;
                self.values.extend_from_slice(&value.to_le_bytes());
                end
            }
        };
        cursor.set_pos(end);
        Ok(())
    }

    fn set_kind(&mut self, kind: Kind, cursor: &Cursor<'_>) -> Result<(), Status> {
        match *self.kind.get_or_insert(kind) {
            chosen if chosen == kind => Ok(()),
            chosen => Err(mixed_kinds(chosen, kind, cursor)),
        }
    }
}

fn int64(is_negative: bool, magnitude: u64) -> Option<i64> {
    if is_negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

#[cold]
fn no_feature_value(cursor: &Cursor<'_>) -> Status {
    Status::invalid_argument(format!(
        "JSON value {} of type {} cannot be in a feature, which takes a number, a string, true, false, \
         {{\"b64\": \"...\"}} in standard base64, or a flat list of them",
        cursor.quote(),
        cursor.kind()
    ))
}

#[cold]
fn beyond_int64(cursor: &Cursor<'_>) -> Status {
    Status::invalid_argument(format!(
        "integer {} is beyond int64, the only integer type of features, expected at most {}",
        cursor.quote(),
        i64::MAX
    ))
}

#[cold]
fn mixed_kinds(chosen: Kind, kind: Kind, cursor: &Cursor<'_>) -> Status {
    let hint = if chosen == Kind::Int64 && kind == Kind::Float { "; write floats with a decimal point" } else { "" };
    Status::invalid_argument(format!(
        "JSON value {} of type {} is for a feature of kind {}, expected {}, as the first value is{hint}",
        cursor.quote(),
        cursor.kind(),
        kind.name(),
        chosen.name()
    ))
}
