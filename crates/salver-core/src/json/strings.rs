//! Strings: the strict check and the way from the literal to bytes.
//!
//! Raw bytes of 0x20 and more pass as they are, UTF-8 or not; escapes give UTF-8.

use std::borrow::Cow;

use super::syntax::{SyntaxError, byte_at};

/// How many bytes are looked at together; the loop over them compiles to vector instructions.
const CHUNK: usize = 32;

/// Whether a byte ends a run that needs no attention.
#[inline]
fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// The first quote, backslash or control character at or after `pos`, or the end of the text.
#[inline]
fn skip_plain(text: &[u8], mut pos: usize) -> usize {
    while let Some(chunk) = text.get(pos..).and_then(|rest| rest.first_chunk::<CHUNK>()) {
        if chunk.iter().fold(false, |found, &byte| found | is_special(byte)) {
            break;
        }
        pos += CHUNK;
    }
    while text.get(pos).is_some_and(|&byte| !is_special(byte)) {
        pos += 1;
    }
    pos
}

/// Checks the string whose opening quote is at `quote` and gives the position after its closing quote.
pub(super) fn check(text: &[u8], quote: usize) -> Result<usize, SyntaxError> {
    let mut pos = quote + 1;
    loop {
        pos = skip_plain(text, pos);
        match text.get(pos) {
            Some(b'"') => return Ok(pos + 1),
            Some(b'\\') => pos = check_escape(text, pos)?,
            Some(_) => return Err(SyntaxError::new("a control character in a string must be escaped", pos)),
            None => return Err(SyntaxError::new("a string has no closing quote", quote)),
        }
    }
}

fn check_escape(text: &[u8], backslash: usize) -> Result<usize, SyntaxError> {
    match byte_at(text, backslash + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(backslash + 2),
        b'u' => check_unicode_escape(text, backslash),
        _ => Err(SyntaxError::new("a backslash in a string begins no known escape", backslash)),
    }
}

fn check_unicode_escape(text: &[u8], backslash: usize) -> Result<usize, SyntaxError> {
    let unit = hex_unit(text, backslash)
        .ok_or_else(|| SyntaxError::new("four hexadecimal digits must follow \\u", backslash))?;
    let end = backslash + 6;
    match unit {
        0xd800..=0xdbff if matches!(hex_unit(text, end), Some(0xdc00..=0xdfff)) => Ok(end + 6),
        0xd800..=0xdfff => Err(SyntaxError::new("a \\u escape is one half of a surrogate pair", backslash)),
        _ => Ok(end),
    }
}

/// The UTF-16 unit of the `\uXXXX` at `backslash`.
fn hex_unit(text: &[u8], backslash: usize) -> Option<u32> {
    let digits = text.get(backslash..backslash + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, &byte| Some(unit << 4 | char::from(byte).to_digit(16)?))
}

/// A string literal of checked text.
#[derive(Clone, Copy)]
pub(super) struct RawString<'a> {
    /// What stands between the quotes.
    raw: &'a [u8],
    has_escapes: bool,
}

impl<'a> RawString<'a> {
    /// The literal whose opening quote is at `quote`, and the position after it.
    pub(super) fn read(text: &'a [u8], quote: usize) -> (Self, usize) {
        let start = quote + 1;
        let mut end = start;
        let mut has_escapes = false;
        loop {
            end = skip_plain(text, end);
            if byte_at(text, end) != b'\\' {
                return (Self { raw: &text[start..end], has_escapes }, end + 1);
            }
            has_escapes = true;
            end = (end + 2).min(text.len());
        }
    }

    /// The bytes meant, borrowed where nothing is escaped.
    pub(super) fn bytes(self) -> Cow<'a, [u8]> {
        if self.has_escapes { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    /// Whether the literal spells `name`.
    pub(super) fn is(self, name: &str) -> bool {
        if self.has_escapes { *self.bytes() == *name.as_bytes() } else { self.raw == name.as_bytes() }
    }

    /// The text for a message, with foreign bytes replaced.
    pub(super) fn display(self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut pos = 0;
    while pos < raw.len() {
        let plain_end = skip_plain(raw, pos);
        bytes.extend_from_slice(&raw[pos..plain_end]);
        pos = if plain_end < raw.len() { unescape_one(raw, plain_end, &mut bytes) } else { plain_end };
    }
    bytes
}

fn unescape_one(raw: &[u8], backslash: usize, bytes: &mut Vec<u8>) -> usize {
    let plain = match byte_at(raw, backslash + 1) {
        b'u' => return unescape_unicode(raw, backslash, bytes),
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    };
    bytes.push(plain);
    backslash + 2
}

fn unescape_unicode(raw: &[u8], backslash: usize, bytes: &mut Vec<u8>) -> usize {
    let unit = hex_unit(raw, backslash).unwrap_or(0);
    let (point, end) = match (unit, hex_unit(raw, backslash + 6)) {
        (0xd800..=0xdbff, Some(low)) => (0x1_0000 + ((unit - 0xd800) << 10) + (low & 0x3ff), backslash + 12),
        _ => (unit, backslash + 6),
    };
    let character = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    end
}

/// Appends `bytes` as a JSON string: quotes, backslashes and control characters escaped, all else as it is.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut pos = 0;
    loop {
        let plain_end = skip_plain(bytes, pos);
        out.extend_from_slice(&bytes[pos..plain_end]);
        let Some(&special) = bytes.get(plain_end) else { break };
        write_escape(special, out);
        pos = plain_end + 1;
    }
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let short = match byte {
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        b'"' | b'\\' => byte,
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(literal: &[u8]) -> Vec<u8> {
        assert_eq!(check(literal, 0).map_err(|e| e.reason), Ok(literal.len()));
        let (string, end) = RawString::read(literal, 0);
        assert_eq!(end, literal.len());
        string.bytes().into_owned()
    }

    #[test]
    fn gives_the_bytes_meant() {
        let table: &[(&[u8], &[u8])] = &[
            (b"\"\"", b""),
            (b"\"plain\"", b"plain"),
            (br#""\"\\\/\b\f\n\r\t""#, b"\"\\/\x08\x0c\n\r\t"),
            (br#""a\u0000b""#, b"a\0b"),
            (br#""\u00e9\u20AC""#, "é€".as_bytes()),
            (br#""\ud83d\ude00""#, "😀".as_bytes()),
            (b"\"\xff\xfe\x7f\"", b"\xff\xfe\x7f"),
            (b"\"exactly thirty-two plain bytes..\"", b"exactly thirty-two plain bytes.."),
        ];
        for (literal, want) in table {
            assert_eq!(read(literal), *want, "{}", String::from_utf8_lossy(literal));
        }
    }

    #[test]
    fn refuses_what_is_no_string() {
        let table: &[(&[u8], usize)] = &[
            (b"\"abc", 0),
            (b"\"a\nb\"", 2),
            (b"\"a\0b\"", 2),
            (br#""\x""#, 1),
            (br#""\'""#, 1),
            (br#""\u12g4""#, 1),
            (br#""\u12"#, 1),
            (br#""\ud83d""#, 1),
            (br#""\ud83dx""#, 1),
            (br#""\ud83d\u0041""#, 1),
            (br#""\ude00""#, 1),
            (br#""\"#, 1),
        ];
        for (literal, offset) in table {
            assert_eq!(check(literal, 0).unwrap_err().offset, *offset, "{}", String::from_utf8_lossy(literal));
        }
    }

    #[test]
    fn writes_what_it_reads() {
        let mut out = Vec::new();
        write(b"a\"b\\c/\x00\x08\x0c\n\r\t\x1f\x7f\xff", &mut out);
        assert_eq!(out, b"\"a\\\"b\\\\c/\\u0000\\b\\f\\n\\r\\t\\u001F\x7f\xff\"");
        assert_eq!(read(&out), b"a\"b\\c/\x00\x08\x0c\n\r\t\x1f\x7f\xff");
    }

    #[test]
    fn compares_with_and_without_escapes() {
        let (plain, _) = RawString::read(b"\"inputs\"", 0);
        let (escaped, _) = RawString::read(br#""in\u0070uts""#, 0);
        assert!(plain.is("inputs") && escaped.is("inputs"));
        assert!(!plain.is("input") && !escaped.is("in\\u0070uts"));
    }
}
