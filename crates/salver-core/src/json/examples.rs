//! Bodies of classify and regress requests: JSON objects to serialized `tensorflow.Example`s.
//!
//! The features of an example keep the order of the object. A name that comes again is written again, and by protobuf's
//! rule for maps the last one counts.

use bytes::Bytes;

use super::cursor::{Cursor, shorten};
use super::feature::FeatureReader;
use super::root::Root;
use super::strings::RawString;
use crate::status::Status;
use crate::wire::ExampleInput;
use crate::wire::writer::{put_span_header, span_field_len};

/// A classify or regress body, converted.
#[derive(Clone, Debug)]
pub struct ScannedExamples {
    /// The signature asked for; empty when the body names none.
    pub signature_name: String,
    /// At least one example; with a context where the body has one.
    pub input: ExampleInput,
}

/// Reads the whole body of a classify or regress request.
///
/// Skips a byte order mark, and ignores unknown members, repeated members after the first, and text after the root.
///
/// # Errors
/// INVALID_ARGUMENT: malformed JSON (with the byte offset), a root that is no object, a `signature_name` that is no
/// string, a `context` that is no example, `examples` that are no list of at least one; looked for in this order. What
/// is wrong with an example names the example, the feature and the JSON type found.
pub fn scan_examples(body: &Bytes) -> Result<ScannedExamples, Status> {
    let root = Root::scan(body, ["context", "examples"])?;
    let [context, examples] = root.members.map(|member| member.map(|pos| Cursor::new(&root.text, pos)));
    let mut reader = ExampleReader::default();
    let context = context.map(|cursor| read_context(cursor, &mut reader)).transpose()?;
    let examples = examples.ok_or_else(|| {
        Status::invalid_argument(
            "the request has no \"examples\", expected a list of at least one object, to classify or regress",
        )
    })?;
    let (list, num_examples) = read_examples(examples, &mut reader)?;
    let input = ExampleInput::from_list(list, num_examples, context);
    Ok(ScannedExamples { signature_name: root.signature_name, input })
}

fn read_context(mut cursor: Cursor<'_>, reader: &mut ExampleReader) -> Result<Vec<u8>, Status> {
    reader.read(&mut cursor).map_err(|inner| within("\"context\"", inner))?;
    let mut context = Vec::with_capacity(reader.encoded_len());
    reader.write(&mut context);
    Ok(context)
}

/// The serialized ExampleList of the list under the cursor, and how many examples it has.
fn read_examples(mut cursor: Cursor<'_>, reader: &mut ExampleReader) -> Result<(Vec<u8>, usize), Status> {
    if cursor.token() != b'[' {
        return Err(Status::invalid_argument(format!(
            "\"examples\" must be a list of at least one object, got {} of type {}",
            cursor.quote(),
            cursor.kind()
        )));
    }
    if !cursor.enter(b']') {
        return Err(Status::invalid_argument("\"examples\" must have at least one element, got an empty list"));
    }
    let (mut list, mut num_examples) = (Vec::new(), 0);
    loop {
        reader.read(&mut cursor).map_err(|inner| within(&format!("element {num_examples} of \"examples\""), inner))?;
        put_span_header(&mut list, 1, reader.encoded_len());
        reader.write(&mut list);
        num_examples += 1;
        if !cursor.more() {
            return Ok((list, num_examples));
        }
    }
}

#[cold]
fn within(place: &str, inner: Status) -> Status {
    Status::new(inner.code, format!("{place}: {}", inner.message))
}

/// Reads examples one after the other into the same memory.
#[derive(Default)]
struct ExampleReader {
    feature: FeatureReader,
    /// The entries of the map of features.
    entries: Vec<u8>,
}

impl ExampleReader {
    /// Reads the object under the cursor.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        self.entries.clear();
        if cursor.token() != b'{' {
            return Err(Status::invalid_argument(format!(
                "an example must be a JSON object, got {} of type {}",
                cursor.quote(),
                cursor.kind()
            )));
        }
        let mut has_member = cursor.enter(b'}');
        while has_member {
            let name = cursor.member_name();
            self.read_feature(name, cursor)
                .map_err(|inner| within(&format!("feature \"{}\"", shorten(&name.bytes())), inner))?;
            has_member = cursor.more();
        }
        Ok(())
    }

    fn read_feature(&mut self, name: RawString<'_>, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        let name = name.bytes();
        if std::str::from_utf8(&name).is_err() {
            return Err(Status::invalid_argument("the name of a feature must be UTF-8"));
        }
        self.feature.read(cursor)?;
        let feature_len = self.feature.encoded_len();
        let out = &mut self.entries;
        put_span_header(out, 1, span_field_len(1, name.len()) + span_field_len(2, feature_len));
        put_span_header(out, 1, name.len());
        out.extend_from_slice(&name);
        put_span_header(out, 2, feature_len);
        self.feature.write(out);
        Ok(())
    }

    /// Bytes that [`Self::write`] appends.
    fn encoded_len(&self) -> usize {
        if self.entries.is_empty() { 0 } else { span_field_len(1, self.entries.len()) }
    }

    /// Appends the example that was read last, without a length before it.
    fn write(&self, out: &mut Vec<u8>) {
        if !self.entries.is_empty() {
            put_span_header(out, 1, self.entries.len());
            out.extend_from_slice(&self.entries);
        }
    }
}
