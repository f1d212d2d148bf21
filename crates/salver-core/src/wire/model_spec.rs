//! Which model, version and signature a request is for.

use bytes::Bytes;

use crate::status::Status;
use crate::wire::reader::{Malformed, Span, Value};
use crate::wire::utf8::Utf8Bytes;
use crate::wire::writer;

/// How a request picks the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum VersionChoice {
    /// The newest version that is available.
    #[default]
    Latest,
    /// Exactly this version.
    Version(i64),
    /// The version that carries this label.
    Label(Utf8Bytes),
}

/// `tensorflow.serving.ModelSpec`, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelSpec {
    /// Model name; empty where none was sent.
    pub name: Utf8Bytes,
    /// Which version.
    pub choice: VersionChoice,
    /// Signature name; empty asks for the default signature.
    pub signature_name: Utf8Bytes,
}

impl ModelSpec {
    /// Reads a serialized ModelSpec; the texts share its memory.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: not such a message.
    pub fn decode(bytes: &Bytes) -> Result<Self, Status> {
        let mut spec = Self::default();
        spec.merge(Span { bytes, offset: 0 }, bytes)
            .map_err(|error| error.into_status("tensorflow.serving.ModelSpec"))?;
        Ok(spec)
    }

    /// Merges the fields of a further occurrence of the message, which is a part of `source`.
    ///
    /// # Errors
    /// Not such a message.
    pub fn merge(&mut self, span: Span<'_>, source: &Bytes) -> Result<(), Malformed> {
        let mut fields = span.fields();
        while let Some(field) = fields.next_field()? {
            match (field.number, field.value) {
                (1, Value::Span(text)) => self.name = text.text(source)?,
                (2, Value::Span(wrapper)) => self.choice = VersionChoice::Version(self.merged_version(wrapper)?),
                (3, Value::Span(text)) => self.signature_name = text.text(source)?,
                (4, Value::Span(text)) => self.choice = VersionChoice::Label(text.text(source)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// The value of an Int64Value merged into the version chosen so far.
    fn merged_version(&self, wrapper: Span<'_>) -> Result<i64, Malformed> {
        let mut version = if let VersionChoice::Version(version) = self.choice { version } else { 0 };
        let mut fields = wrapper.fields();
        while let Some(field) = fields.next_field()? {
            if let (1, Value::Varint(value)) = (field.number, field.value) {
                version = value as i64;
            }
        }
        Ok(version)
    }
}

/// The ModelSpec of an answer: the concrete version, never a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveSpec<'a> {
    /// Model name, as requested.
    pub model_name: &'a str,
    /// Version that served.
    pub version: i64,
    /// Signature that served, resolved; empty where the call went past signatures.
    pub signature_name: &'a str,
}

impl EffectiveSpec<'_> {
    /// Bytes that [`Self::write`] appends.
    pub(crate) fn encoded_len(&self) -> usize {
        writer::text_field_len(1, self.model_name)
            + writer::span_field_len(2, writer::varint_field_len(1, self.version as u64))
            + writer::text_field_len(3, self.signature_name)
    }

    /// Appends the message as field `number` of the one around it; `length` is its [`Self::encoded_len`].
    pub(crate) fn write(&self, out: &mut Vec<u8>, number: u32, length: usize) {
        writer::put_span_header(out, number, length);
        writer::put_text_field(out, 1, self.model_name);
        writer::put_span_header(out, 2, writer::varint_field_len(1, self.version as u64));
        writer::put_varint_field(out, 1, self.version as u64);
        writer::put_text_field(out, 3, self.signature_name);
    }
}
