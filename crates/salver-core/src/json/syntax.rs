//! The strict check of JSON text, iterative so that nesting depth is bounded by memory alone.
//!
//! Accepted beyond RFC 8259: the number tokens of `number` and strings of bytes that are no UTF-8.

use super::{number, strings};
use crate::status::Status;

/// Why and where a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// What is wrong, as the end of a sentence.
    pub(super) reason: &'static str,
    /// Bytes before the fault.
    pub(super) offset: usize,
}

impl SyntaxError {
    pub(super) fn new(reason: &'static str, offset: usize) -> Self {
        Self { reason, offset }
    }
}

impl From<SyntaxError> for Status {
    fn from(error: SyntaxError) -> Self {
        Status::invalid_argument(format!("JSON parse error: {} at byte {}", error.reason, error.offset))
    }
}

/// The byte at `pos`, or 0 past the end; 0 is never part of JSON outside a string.
#[inline]
pub(super) fn byte_at(text: &[u8], pos: usize) -> u8 {
    text.get(pos).copied().unwrap_or(0)
}

/// The first position at or after `pos` that holds no white space.
#[inline]
pub(super) fn skip_space(text: &[u8], mut pos: usize) -> usize {
    while matches!(byte_at(text, pos), b' ' | b'\n' | b'\r' | b'\t') {
        pos += 1;
    }
    pos
}

/// Checks the value that starts at `start` (white space allowed before it) and gives the position after it.
pub(super) fn check_value(text: &[u8], start: usize) -> Result<usize, SyntaxError> {
    let mut checker = Checker { text, pos: start, open: Vec::new() };
    loop {
        let value_follows = checker.begin_value()? || checker.end_value()?;
        if !value_follows {
            return Ok(checker.pos);
        }
    }
}

/// Checks the name of an object's member and its colon, and gives the position after the colon.
pub(super) fn check_member_name(text: &[u8], start: usize) -> Result<usize, SyntaxError> {
    let quote = skip_space(text, start);
    if byte_at(text, quote) != b'"' {
        return Err(SyntaxError::new("an object member must begin with a quoted name", quote));
    }
    let colon = skip_space(text, strings::check(text, quote)?);
    if byte_at(text, colon) != b':' {
        return Err(SyntaxError::new("a colon must follow the name of an object member", colon));
    }
    Ok(colon + 1)
}

struct Checker<'a> {
    text: &'a [u8],
    pos: usize,
    /// The closing bracket of each container that is open, innermost last.
    open: Vec<u8>,
}

impl Checker<'_> {
    #[inline]
    fn token(&mut self) -> u8 {
        self.pos = skip_space(self.text, self.pos);
        byte_at(self.text, self.pos)
    }

    /// Steps over a whole scalar or empty container, or into a container: then another value follows (true).
    #[inline]
    fn begin_value(&mut self) -> Result<bool, SyntaxError> {
        match self.token() {
            b'-' | b'0'..=b'9' | b'N' | b'I' => {
                self.pos = number::check(self.text, self.pos)?;
                Ok(false)
            }
            b'"' => {
                self.pos = strings::check(self.text, self.pos)?;
                Ok(false)
            }
            b'[' => self.open_container(b']'),
            b'{' => self.open_container(b'}'),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ if self.pos >= self.text.len() => Err(SyntaxError::new("the text ends where a value is due", self.pos)),
            _ => Err(SyntaxError::new("this is no JSON value", self.pos)),
        }
    }

    fn open_container(&mut self, close: u8) -> Result<bool, SyntaxError> {
        self.pos += 1;
        if self.token() == close {
            self.pos += 1;
            return Ok(false);
        }
        self.open.push(close);
        if close == b'}' {
            self.pos = check_member_name(self.text, self.pos)?;
        }
        Ok(true)
    }

    fn word(&mut self, word: &'static [u8]) -> Result<bool, SyntaxError> {
        if !self.text[self.pos..].starts_with(word) {
            return Err(SyntaxError::new("this is no JSON value", self.pos));
        }
        self.pos += word.len();
        Ok(false)
    }

    /// After a value: closes what ends here. True when a comma announces another value, false when all is closed.
    #[inline]
    fn end_value(&mut self) -> Result<bool, SyntaxError> {
        while let Some(&close) = self.open.last() {
            let token = self.token();
            if token == b',' {
                self.pos += 1;
                if close == b'}' {
                    self.pos = check_member_name(self.text, self.pos)?;
                }
                return Ok(true);
            }
            if token != close {
                return Err(self.missing_separator(close));
            }
            self.pos += 1;
            self.open.pop();
        }
        Ok(false)
    }

    fn missing_separator(&self, close: u8) -> SyntaxError {
        let reason = match close {
            b']' => "a comma or ] must follow an array element",
            _ => "a comma or } must follow an object member",
        };
        SyntaxError::new(reason, self.pos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_position_after_the_first_value() {
        for (text, end) in
            [("[1, 2] x", 6), (" {} ", 3), ("null]", 4), ("\"a\"b", 3), ("-Infinity,", 9), ("[[],{}]", 7)]
        {
            assert_eq!(check_value(text.as_bytes(), 0), Ok(end), "{text}");
        }
    }

    #[test]
    fn names_the_byte_of_the_fault() {
        for (text, offset) in [
            ("", 0),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("{\"a\" 1}", 5),
            ("{a:1}", 1),
            ("{\"a\":1,}", 7),
            ("[1}", 2),
            ("[tru]", 1),
            ("[01]", 2),
            ("['a']", 1),
            ("[1 /* c */]", 3),
            ("[nan]", 1),
            ("[[[", 3),
        ] {
            assert_eq!(check_value(text.as_bytes(), 0).unwrap_err().offset, offset, "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let depth = 500_000;
        let mut text = vec![b'['; depth];
        assert_eq!(check_value(&text, 0).unwrap_err().offset, depth);
        text.extend(std::iter::repeat_n(b']', depth));
        assert_eq!(check_value(&text, 0), Ok(2 * depth));
    }
}
