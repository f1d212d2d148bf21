//! The body of a predict request: its top level, in two steps around the lookup of the model.

use bytes::Bytes;

use super::cursor::Cursor;
use super::syntax::{self, SyntaxError, byte_at, skip_space};
use super::{columns, rows};
use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::Tensor;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a request lays its tensors out; the answer takes the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `instances`, answered by `predictions`: one JSON value per row.
    Row,
    /// `inputs`, answered by `outputs`: one JSON value per tensor.
    Column,
}

/// A predict body that is known to be well-formed JSON. Owns a share of the body's memory.
#[derive(Clone, Debug)]
pub struct PredictBody {
    /// The body up to the end of the root object.
    text: Bytes,
    signature_name: String,
    /// Where the value of `instances` begins.
    instances: Option<usize>,
    /// Where the value of `inputs` begins.
    inputs: Option<usize>,
}

/// Checks the syntax of the whole document and finds its top-level members.
///
/// Skips a byte order mark, and ignores unknown members, repeated members after the first, and text after the root.
///
/// # Errors
/// INVALID_ARGUMENT for malformed JSON (with the byte offset), a root that is no object, and a `signature_name` that is
/// no string, looked for in this order.
pub fn scan_predict(body: &Bytes) -> Result<PredictBody, Status> {
    let mark = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let start = skip_space(body, mark);
    match byte_at(body, start) {
        b'{' => scan_root(body, start),
        _ if start >= body.len() => Err(SyntaxError::new("the document is empty", start).into()),
        _ => Err(no_object(body, start)),
    }
}

fn no_object(body: &Bytes, start: usize) -> Status {
    if let Err(error) = syntax::check_value(body, start) {
        return error.into();
    }
    let root = Cursor::new(body, start);
    Status::invalid_argument(format!(
        "the request body must be a JSON object, got {} of type {}",
        root.quote(),
        root.kind()
    ))
}

/// Where the known members of the root begin.
#[derive(Default)]
struct Members {
    signature_name: Option<usize>,
    instances: Option<usize>,
    inputs: Option<usize>,
}

fn scan_root(body: &Bytes, start: usize) -> Result<PredictBody, Status> {
    let mut members = Members::default();
    let end = scan_members(body, start, &mut members)?;
    let text = body.slice(..end);
    let signature_name = match members.signature_name {
        Some(pos) => read_signature_name(Cursor::new(&text, pos))?,
        None => String::new(),
    };
    Ok(PredictBody { text, signature_name, instances: members.instances, inputs: members.inputs })
}

/// Checks the root object at `start` and gives the position after it.
fn scan_members(text: &Bytes, start: usize, members: &mut Members) -> Result<usize, SyntaxError> {
    let mut pos = skip_space(text, start + 1);
    if byte_at(text, pos) == b'}' {
        return Ok(pos + 1);
    }
    loop {
        let value = syntax::check_member_name(text, pos)?;
        members.note(Cursor::new(text, skip_space(text, pos)), skip_space(text, value));
        pos = skip_space(text, syntax::check_value(text, value)?);
        match byte_at(text, pos) {
            b'}' => return Ok(pos + 1),
            b',' => pos += 1,
            _ => return Err(SyntaxError::new("a comma or } must follow an object member", pos)),
        }
    }
}

impl Members {
    /// Keeps the first position for each name of interest.
    fn note(&mut self, mut at_name: Cursor<'_>, value: usize) {
        let name = at_name.string();
        let known = [
            ("signature_name", &mut self.signature_name),
            ("instances", &mut self.instances),
            ("inputs", &mut self.inputs),
        ];
        for (known_name, position) in known {
            if name.is(known_name) {
                position.get_or_insert(value);
            }
        }
    }
}

fn read_signature_name(mut cursor: Cursor<'_>) -> Result<String, Status> {
    if cursor.peek() != b'"' {
        return Err(Status::invalid_argument(format!(
            "\"signature_name\" must be a string, got {} of type {}",
            cursor.quote(),
            cursor.kind()
        )));
    }
    Ok(cursor.string().display())
}

impl PredictBody {
    /// The signature asked for; empty when the body names none.
    pub fn signature_name(&self) -> &str {
        &self.signature_name
    }

    /// One tensor per `signature.inputs`, in that order. All inputs are required, whatever the signature's defaults.
    ///
    /// The element type comes from the signature and the shape from the body; the declared shape is not consulted.
    /// String elements share the body's memory where they stand in it unescaped.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the body does not fit the signature. UNIMPLEMENTED for an input in column format whose
    /// dtype JSON cannot carry; in row format that is INVALID_ARGUMENT, as every fault of a row is.
    pub fn parse(&self, signature: &Signature) -> Result<(Format, Vec<Tensor>), Status> {
        if signature.inputs.is_empty() {
            return Err(Status::invalid_argument(format!(
                "signature \"{}\" has no inputs, so it cannot be called over REST",
                signature.name
            )));
        }
        match (self.instances, self.inputs) {
            (Some(pos), None) => Ok((Format::Row, rows::parse(&mut Cursor::new(&self.text, pos), signature)?)),
            (None, Some(pos)) => Ok((Format::Column, columns::parse(&mut Cursor::new(&self.text, pos), signature)?)),
            (Some(_), Some(_)) => Err(Status::invalid_argument(
                "the request has both \"instances\" (row format) and \"inputs\" (column format), expected one of them",
            )),
            (None, None) => Err(Status::invalid_argument(
                "the request has neither \"instances\" (row format) nor \"inputs\" (column format), expected one of them",
            )),
        }
    }
}
