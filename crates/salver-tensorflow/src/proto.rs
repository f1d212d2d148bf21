//! Just enough of the protobuf wire format to read signatures and to write options, without generated code.

use salver_core::{Code, Status};

/// A field's value as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Integers, booleans and enums.
    Varint(u64),
    /// Strings, bytes and messages.
    Bytes(&'a [u8]),
    /// Fixed-width numbers, which none of the messages read here needs.
    Skipped,
}

impl<'a> Value<'a> {
    /// The bytes of a string, bytes or message field; empty for other values.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The text of a string field; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// The number of an integer field; 0 for other values.
    pub(crate) fn int(self) -> i64 {
        match self {
            Value::Varint(value) => value as i64,
            _ => 0,
        }
    }
}

/// Fields of one message, in the order of the wire: (field number, value).
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn next_field(&mut self) -> Option<(u32, Value<'a>)> {
        let tag = read_varint(&mut self.rest)?;
        let value = match tag & 7 {
            0 => Value::Varint(read_varint(&mut self.rest)?),
            1 => self.take(8).map(|_| Value::Skipped)?,
            2 => {
                let size = read_varint(&mut self.rest)?;
                Value::Bytes(self.take(usize::try_from(size).ok()?)?)
            }
            5 => self.take(4).map(|_| Value::Skipped)?,
            _ => return None,
        };
        Some((u32::try_from(tag >> 3).ok()?, value))
    }

    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(size)?;
        self.rest = tail;
        Some(head)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Status>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or_else(|| Status::new(Code::DataLoss, "a protobuf message of the model is damaged")))
    }
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends `value` as a base-128 varint.
pub(crate) fn put_varint(target: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        target.push(value as u8 | 0x80);
        value >>= 7;
    }
    target.push(value as u8);
}

/// Appends an integer, boolean or enum field.
pub(crate) fn put_int(target: &mut Vec<u8>, field: u32, value: i64) {
    put_varint(target, u64::from(field) << 3);
    put_varint(target, value as u64);
}

/// Appends a string, bytes or message field.
pub(crate) fn put_bytes(target: &mut Vec<u8>, field: u32, value: &[u8]) {
    put_varint(target, u64::from(field) << 3 | 2);
    put_varint(target, value.len() as u64);
    target.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_back_as_written() {
        let mut message = Vec::new();
        put_int(&mut message, 3, -1);
        put_bytes(&mut message, 16, b"text");
        let fields = Fields::new(&message).collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(fields, [(3, Value::Varint(u64::MAX)), (16, Value::Bytes(b"text"))]);
        assert_eq!(fields[0].1.int(), -1);
    }

    #[test]
    fn a_truncated_message_is_an_error_and_ends_the_fields() {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, b"text");
        let mut fields = Fields::new(&message[..4]);
        assert_eq!(fields.next().unwrap().unwrap_err().code, Code::DataLoss);
        assert!(fields.next().is_none());
    }
}
