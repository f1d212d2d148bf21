//! The top level of a request body.

use bytes::Bytes;

use super::cursor::Cursor;
use super::strings::RawString;
use super::syntax::{self, SyntaxError, byte_at, skip_space};
use crate::status::Status;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A body that is known to be a well-formed JSON object.
pub(super) struct Root<const N: usize> {
    /// The body up to the end of the root object.
    pub(super) text: Bytes,
    /// The signature asked for; empty when the body names none.
    pub(super) signature_name: String,
    /// Where the value of each of the names begins, in their order.
    pub(super) members: [Option<usize>; N],
}

impl<const N: usize> Root<N> {
    /// Checks the syntax of the whole document and finds `signature_name` and the members with these `names`.
    pub(super) fn scan(body: &Bytes, names: [&str; N]) -> Result<Self, Status> {
        let mark = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let start = skip_space(body, mark);
        match byte_at(body, start) {
            b'{' => Self::scan_object(body, start, names),
            _ if start >= body.len() => Err(SyntaxError::new("the document is empty", start).into()),
            _ => Err(no_object(body, start)),
        }
    }

    fn scan_object(body: &Bytes, start: usize, names: [&str; N]) -> Result<Self, Status> {
        let (mut signature_name, mut members) = (None, [None; N]);
        let end = each_member(body, start, |name, value| {
            let known = names.iter().zip(&mut members).chain([(&"signature_name", &mut signature_name)]);
            for (_, position) in known.filter(|(known, _)| name.is(known)) {
                // Of a repeated name the first member counts.
                position.get_or_insert(value);
            }
        })?;
        let text = body.slice(..end);
        let signature_name = match signature_name {
            Some(pos) => read_signature_name(Cursor::new(&text, pos))?,
            None => String::new(),
        };
        Ok(Self { text, signature_name, members })
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

/// Checks the root object at `start` and gives the position after it; `note` gets each name and where its value begins.
fn each_member(text: &Bytes, start: usize, mut note: impl FnMut(RawString<'_>, usize)) -> Result<usize, SyntaxError> {
    let mut pos = skip_space(text, start + 1);
    if byte_at(text, pos) == b'}' {
        return Ok(pos + 1);
    }
    loop {
        let value = syntax::check_member_name(text, pos)?;
        note(Cursor::new(text, skip_space(text, pos)).string(), skip_space(text, value));
        pos = skip_space(text, syntax::check_value(text, value)?);
        match byte_at(text, pos) {
            b'}' => return Ok(pos + 1),
            b',' => pos += 1,
            _ => return Err(SyntaxError::new("a comma or } must follow an object member", pos)),
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
