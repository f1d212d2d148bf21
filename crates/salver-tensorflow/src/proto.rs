//! The messages of a model: the wire format of `salver-core`, as an iterator that suits small, trusted messages.

use salver_core::wire::reader as wire;
use salver_core::wire::writer::{put_span_header, put_varint_field};
use salver_core::{Code, Status};

/// A field's value as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a>(wire::Value<'a>);

impl<'a> Value<'a> {
    /// The bytes of a string, bytes or message field; empty for other values.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self.0 {
            wire::Value::Span(span) => span.bytes,
            _ => &[],
        }
    }

    /// The text of a string field; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// The number of an integer field; 0 for other values.
    pub(crate) fn int(self) -> i64 {
        match self.0 {
            wire::Value::Varint(value) => value as i64,
            _ => 0,
        }
    }
}

/// Fields of one message of a model, in the order of the wire: (field number, value). A damaged message is DATA_LOSS.
pub(crate) struct Fields<'a>(Option<wire::Reader<'a>>);

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self(Some(wire::Reader::new(message)))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Status>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.as_mut()?.next_field() {
            Ok(field) => field.map(|field| Ok((field.number, Value(field.value)))),
            Err(_malformed) => {
                self.0 = None;
                Some(Err(Status::new(Code::DataLoss, "a protobuf message of the model is damaged")))
            }
        }
    }
}

/// Appends an integer, boolean or enum field.
pub(crate) fn put_int(target: &mut Vec<u8>, field: u32, value: i64) {
    put_varint_field(target, field, value as u64);
}

/// Appends a string, bytes or message field.
pub(crate) fn put_bytes(target: &mut Vec<u8>, field: u32, value: &[u8]) {
    put_span_header(target, field, value.len());
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
        assert_eq!((fields[0].0, fields[0].1.int()), (3, -1));
        assert_eq!((fields[1].0, fields[1].1.bytes()), (16, &b"text"[..]));
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
