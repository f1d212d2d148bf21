//! A position in checked JSON text.

use bytes::Bytes;

use super::base64_text;
use super::strings::RawString;
use super::syntax::{self, byte_at, skip_space};

/// Most bytes of a value that a message quotes.
const MAX_QUOTED_BYTES: usize = 256;

/// Walks text that `syntax` has accepted, so every step is sure to find what JSON has there.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    source: &'a Bytes,
    text: &'a [u8],
    pos: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a Bytes, pos: usize) -> Self {
        Self { source, text: source, pos }
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    #[inline]
    pub(super) fn set_pos(&mut self, pos: usize) {
        self.pos = pos;
    }

    /// The byte under the cursor.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        byte_at(self.text, self.pos)
    }

    /// Steps over white space to the first byte of what follows.
    #[inline]
    pub(super) fn token(&mut self) -> u8 {
        self.pos = skip_space(self.text, self.pos);
        self.peek()
    }

    /// Steps over an opening bracket; false, and past the closing one, if the container is empty.
    #[inline]
    pub(super) fn enter(&mut self, close: u8) -> bool {
        self.pos += 1;
        let is_empty = self.token() == close;
        self.pos += usize::from(is_empty);
        !is_empty
    }

    /// After a member: steps over the comma to the next one, or out of the container (false).
    #[inline]
    pub(super) fn more(&mut self) -> bool {
        let is_comma = self.token() == b',';
        self.pos += 1;
        if is_comma {
            self.token();
        }
        is_comma
    }

    /// Reads the string that begins under the cursor.
    pub(super) fn string(&mut self) -> RawString<'a> {
        let (string, end) = RawString::read(self.text, self.pos);
        self.pos = end;
        string
    }

    /// Reads a member's name and steps to its value.
    pub(super) fn member_name(&mut self) -> RawString<'a> {
        let name = self.string();
        self.token();
        self.pos += 1;
        self.token();
        name
    }

    /// Steps over the value under the cursor.
    pub(super) fn skip_value(&mut self) {
        self.pos = syntax::check_value(self.text, self.pos).unwrap_or(self.text.len());
    }

    /// The bytes of `string`, sharing the body's memory where they stand in it as they are.
    pub(super) fn share(&self, string: RawString<'a>) -> Bytes {
        match string.bytes() {
            std::borrow::Cow::Borrowed(bytes) => self.source.slice_ref(bytes),
            std::borrow::Cow::Owned(bytes) => bytes.into(),
        }
    }

    /// The text of the `{"b64": "..."}` under the cursor, which is then stepped over; `None` for any other value.
    pub(super) fn base64_object(&mut self) -> Option<RawString<'a>> {
        let mut ahead = self.clone();
        if ahead.token() != b'{' || !ahead.enter(b'}') || !ahead.member_name().is("b64") || ahead.peek() != b'"' {
            return None;
        }
        let string = ahead.string();
        if ahead.more() {
            return None;
        }
        self.pos = ahead.pos;
        Some(string)
    }

    /// The decoded bytes of the base64 object under the cursor, which is then stepped over.
    pub(super) fn base64_bytes(&mut self) -> Option<Bytes> {
        let start = self.pos;
        let decoded = self.base64_object().and_then(|string| base64_text::decode(&string.bytes()));
        if decoded.is_none() {
            self.pos = start;
        }
        decoded.map(Bytes::from)
    }

    /// Whether an object begins under the cursor that does not stand for bytes.
    pub(super) fn at_plain_object(&self) -> bool {
        self.peek() == b'{' && self.clone().base64_object().is_none()
    }

    /// The JSON type of the value under the cursor, as messages name it.
    pub(super) fn kind(&self) -> &'static str {
        match self.peek() {
            b'n' => "Null",
            b'f' => "False",
            b't' => "True",
            b'{' => "Object",
            b'[' => "Array",
            b'"' => "String",
            _ => "Number",
        }
    }

    /// The value under the cursor for a message, cut off where it is long.
    pub(super) fn quote(&self) -> String {
        let mut after = self.clone();
        after.skip_value();
        shorten(&self.text[self.pos..after.pos])
    }
}

/// `text` for a message: at most [`MAX_QUOTED_BYTES`] of it, foreign bytes replaced.
pub(super) fn shorten(text: &[u8]) -> String {
    if text.len() <= MAX_QUOTED_BYTES {
        return String::from_utf8_lossy(text).into_owned();
    }
    let mut end = MAX_QUOTED_BYTES;
    // A character that is cut in two would show as a replacement character.
    while end > MAX_QUOTED_BYTES - 4 && text[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    format!("{}...", String::from_utf8_lossy(&text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn only_one_form_of_object_stands_for_bytes() {
        for (text, is_bytes) in [
            (r#"{"b64": "aGk="}"#, true),
            (r#"{ "b\u00364" : "" }"#, true),
            (r#"{"b64": "!"}"#, true),
            (r#"{"b64": 5}"#, false),
            (r#"{"b64": {"b64": ""}}"#, false),
            (r#"{"b64": "", "b64": ""}"#, false),
            (r#"{"b65": ""}"#, false),
            ("{}", false),
            ("[]", false),
        ] {
            assert_eq!(Cursor::new(&at(text), 0).base64_object().is_some(), is_bytes, "{text}");
        }
    }

    #[test]
    fn quotes_are_cut_between_characters() {
        let long = "é".repeat(200);
        assert_eq!(shorten(long.as_bytes()), format!("{}...", "é".repeat(128)));
        assert_eq!(shorten(format!("a{long}").as_bytes()), format!("a{}...", "é".repeat(127)));
        assert_eq!(shorten(b"short"), "short");
    }

    #[test]
    fn plain_strings_share_the_body() {
        let source = at(r#"["plain", "esc\n"]"#);
        let mut cursor = Cursor::new(&source, 1);
        let plain = cursor.string();
        assert_eq!(cursor.share(plain).as_ptr(), source[2..].as_ptr());
        assert!(cursor.more());
        let escaped = cursor.string();
        assert_eq!(cursor.share(escaped), "esc\n");
    }
}
