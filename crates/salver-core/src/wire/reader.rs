//! Protobuf's wire format, read field by field without copying.
//!
//! The reader knows no message: it yields numbered fields, passes over groups, and leaves it to the caller which
//! numbers mean something. A field whose wire type is not the declared one is an unknown field, as everywhere in
//! protobuf. Nothing here recurses, so a hostile message cannot exhaust the stack.
//!
//! Source: protobuf encoding guide; limits (10-byte varints, 32-bit tags, 100 levels) as in protobuf's own parsers.

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use crate::status::Status;
use crate::wire::utf8::Utf8Bytes;

/// Levels of nested groups that are accepted; protobuf's own limit.
const MAX_GROUP_DEPTH: usize = 100;

/// Entries that a repeated field of names, tensors or tasks may have: more than any servable knows of, and so few that
/// their places in memory stay small however small they are on the wire.
const MAX_ENTRIES: usize = 1 << 18;

/// What is wrong with a message, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The fault, for example `truncated varint`.
    pub what: &'static str,
    /// Byte offset from the start of the outermost message read.
    pub offset: usize,
}

impl Malformed {
    /// INVALID_ARGUMENT for a message of type `message`, for example `tensorflow.serving.PredictRequest`.
    pub fn into_status(self, message: &str) -> Status {
        Status::invalid_argument(format!("malformed {message}: {} at byte {}", self.what, self.offset))
    }
}

/// The value of a length-delimited field and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    /// The bytes, without their length.
    pub bytes: &'a [u8],
    /// Offset of the first byte in the outermost message.
    pub offset: usize,
}

impl<'a> Span<'a> {
    /// Reads the value as a message.
    pub fn fields(self) -> Reader<'a> {
        Reader { bytes: self.bytes, at: 0, base: self.offset }
    }

    /// Reads the value as a packed run of varints.
    pub fn varints(self) -> Varints<'a> {
        Varints { bytes: self.bytes, at: 0, base: self.offset }
    }

    /// The value as text that shares the memory of `source`, of which it is a part.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    pub fn text(self, source: &Bytes) -> Result<Utf8Bytes, Malformed> {
        Utf8Bytes::new(source.slice_ref(self.bytes))
            .ok_or(Malformed { what: "a string field that is not UTF-8", offset: self.offset })
    }
}

/// The value of a field, by wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// int32, int64, uint32, uint64, bool, enum.
    Varint(u64),
    /// double, fixed64: eight little-endian bytes.
    Fixed64(&'a [u8; 8]),
    /// float, fixed32: four little-endian bytes.
    Fixed32(&'a [u8; 4]),
    /// string, bytes, messages and packed runs.
    Span(Span<'a>),
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Number, 1..=2^29-1.
    pub number: u32,
    /// Value.
    pub value: Value<'a>,
}

/// Walks over the fields of one message.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`, whose errors count from there.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::starting_at(bytes, 0)
    }

    /// A reader of `bytes` that begins with the field at `offset`.
    pub fn starting_at(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, at: offset, base: 0 }
    }

    /// Offset of the next field in the bytes of this reader.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next field that is not a group, or `None` at the end.
    ///
    /// # Errors
    /// The bytes are not a protobuf message. Do not go on reading.
    #[inline]
    pub fn next_field(&mut self) -> Result<Option<Field<'a>>, Malformed> {
        loop {
            let start = self.at;
            let Some((number, wire_type)) = self.next_tag()? else { return Ok(None) };
            match wire_type {
                3 => self.skip_group(number, start)?,
                4 => return Err(self.malformed("an end-group tag without its group", start)),
                _ => return Ok(Some(Field { number, value: self.read_value(wire_type, start)? })),
            }
        }
    }

    #[inline]
    fn next_tag(&mut self) -> Result<Option<(u32, u8)>, Malformed> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let start = self.at;
        let tag = read_varint(self.bytes, &mut self.at).map_err(|what| self.malformed(what, start))?;
        let tag = u32::try_from(tag).map_err(|_| self.malformed("a field number that is too large", start))?;
        match tag >> 3 {
            0 => Err(self.malformed("field number 0", start)),
            number => Ok(Some((number, (tag & 7) as u8))),
        }
    }

    #[inline]
    fn read_value(&mut self, wire_type: u8, start: usize) -> Result<Value<'a>, Malformed> {
        let rest = &self.bytes[self.at..];
        match wire_type {
            0 => read_varint(self.bytes, &mut self.at).map(Value::Varint).map_err(|what| self.malformed(what, start)),
            1 => {
                let value = rest.first_chunk().ok_or_else(|| self.malformed("a truncated 64-bit value", start))?;
                self.at += 8;
                Ok(Value::Fixed64(value))
            }
            2 => self.read_span(start).map(Value::Span),
            5 => {
                let value = rest.first_chunk().ok_or_else(|| self.malformed("a truncated 32-bit value", start))?;
                self.at += 4;
                Ok(Value::Fixed32(value))
            }
            _ => Err(self.malformed("an unknown wire type", start)),
        }
    }

    #[inline]
    fn read_span(&mut self, start: usize) -> Result<Span<'a>, Malformed> {
        let length = read_varint(self.bytes, &mut self.at).map_err(|what| self.malformed(what, start))?;
        let left = self.bytes.len() - self.at;
        match usize::try_from(length) {
            Ok(length) if length <= left => {
                let span = Span { bytes: &self.bytes[self.at..self.at + length], offset: self.base + self.at };
                self.at += length;
                Ok(span)
            }
            _ => Err(self.malformed("a length that runs past the end", start)),
        }
    }

    /// Passes over a group whose start tag has been read, with all groups inside it.
    fn skip_group(&mut self, number: u32, start: usize) -> Result<(), Malformed> {
        let mut open: SmallVec<[u32; 8]> = SmallVec::from_elem(number, 1);
        while let Some(&innermost) = open.last() {
            let at = self.at;
            let Some((number, wire_type)) = self.next_tag()? else {
                return Err(self.malformed("a group that does not end", start));
            };
            match wire_type {
                3 if open.len() >= MAX_GROUP_DEPTH => return Err(self.malformed("groups nested too deeply", at)),
                3 => open.push(number),
                4 if number == innermost => {
                    open.pop();
                }
                4 => return Err(self.malformed("an end-group tag of another group", at)),
                _ => {
                    self.read_value(wire_type, at)?;
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn malformed(&self, what: &'static str, at: usize) -> Malformed {
        Malformed { what, offset: self.base + at }
    }
}

/// Walks over a packed run of varints.
#[derive(Clone, Debug)]
pub struct Varints<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
}

impl Varints<'_> {
    /// The next value, or `None` at the end of the run.
    ///
    /// # Errors
    /// The run ends within a value, or a value has more than ten bytes.
    #[inline]
    pub fn next_value(&mut self) -> Result<Option<u64>, Malformed> {
        let start = self.at;
        if start >= self.bytes.len() {
            return Ok(None);
        }
        match read_varint(self.bytes, &mut self.at) {
            Ok(value) => Ok(Some(value)),
            Err(what) => Err(Malformed { what, offset: self.base + start }),
        }
    }
}

/// Appends an entry of a repeated field, which stands at `offset`.
pub(crate) fn push_entry<T>(entries: &mut Vec<T>, entry: T, offset: usize) -> Result<(), Malformed> {
    if entries.len() == MAX_ENTRIES {
        return Err(Malformed { what: "more than 262144 entries of a repeated field", offset });
    }
    entries.push(entry);
    Ok(())
}

/// Two serialized messages one after the other are their merged message.
pub(crate) fn merged(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    let mut joined = first.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    joined.extend_from_slice(&second);
    joined.freeze()
}

/// Reads the varint at `*at` and moves `*at` behind it.
///
/// # Errors
/// What is wrong: no end within the bytes or within ten bytes.
#[inline]
pub fn read_varint(bytes: &[u8], at: &mut usize) -> Result<u64, &'static str> {
    match bytes.get(*at) {
        Some(&byte) if byte < 0x80 => {
            *at += 1;
            Ok(u64::from(byte))
        }
        _ => read_long_varint(bytes, at),
    }
}

fn read_long_varint(bytes: &[u8], at: &mut usize) -> Result<u64, &'static str> {
    let rest = bytes.get(*at..).unwrap_or_default();
    let mut value = 0u64;
    for (index, &byte) in rest.iter().take(10).enumerate() {
        // The tenth byte has one bit to give; protobuf drops the others.
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *at += index + 1;
            return Ok(value);
        }
    }
    Err(if rest.len() < 10 { "a truncated varint" } else { "a varint of more than ten bytes" })
}
