//! Names with their tensors: the entries of Predict's maps and `tensorflow.NamedTensorProto`.
//!
//! Both are messages with the name in field 1 and the TensorProto in field 2; both answers that have them list them in
//! field 1.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::tensor::Tensor;
use crate::wire::reader::{Malformed, Span, Value, merged};
use crate::wire::tensor_encode::{Layout, TensorForm};
use crate::wire::utf8::Utf8Bytes;
use crate::wire::writer::{put_span_header, span_field_len};

/// Reads an entry, a part of `source`. Name and tensor may be missing (both empty) or repeated (last name, merged
/// tensor). The tensor is not decoded.
pub(crate) fn read_named_tensor(entry: Span<'_>, source: &Bytes) -> Result<(Utf8Bytes, Bytes), Malformed> {
    let (mut name, mut tensor) = (Utf8Bytes::default(), Bytes::new());
    let mut fields = entry.fields();
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(text)) => name = text.text(source)?,
            (2, Value::Span(value)) => tensor = merged(tensor, source.slice_ref(value.bytes)),
            _ => {}
        }
    }
    Ok((name, tensor))
}

/// Entries whose sizes are known, to be written as field 1.
#[derive(Clone, Debug)]
pub(crate) struct NamedTensors<'a> {
    entries: Entries<'a>,
    total: usize,
}

type Entries<'a> = SmallVec<[(&'a str, &'a Tensor, Layout); 4]>;

impl<'a> NamedTensors<'a> {
    /// Sizes `entries`.
    pub(crate) fn new(entries: impl Iterator<Item = (&'a str, &'a Tensor)>, form: TensorForm) -> Self {
        let entries: Entries<'a> = entries.map(|(name, tensor)| (name, tensor, Layout::of(tensor, form))).collect();
        let total = entries.iter().map(|(name, _, layout)| span_field_len(1, entry_len(name, layout))).sum();
        Self { entries, total }
    }

    /// Bytes that [`Self::write`] appends.
    pub(crate) fn encoded_len(&self) -> usize {
        self.total
    }

    /// Appends all entries.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (name, tensor, layout) in &self.entries {
            put_span_header(out, 1, entry_len(name, layout));
            put_span_header(out, 1, name.len());
            out.extend_from_slice(name.as_bytes());
            put_span_header(out, 2, layout.total);
            layout.write(out, tensor);
        }
    }
}

/// An entry of a map always has both its fields, and no reader minds it elsewhere.
fn entry_len(name: &str, layout: &Layout) -> usize {
    span_field_len(1, name.len()) + span_field_len(2, layout.total)
}
