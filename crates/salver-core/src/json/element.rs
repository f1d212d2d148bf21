//! One JSON scalar to one tensor element.
//!
//! Integers narrower than 32 bits follow the protocol: the literal must fit int32 and then wraps.

use bytes::Bytes;

use super::cursor::Cursor;
use super::number;
use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::TensorData;

/// The value under the cursor cannot be an element of the dtype. The cursor has not moved.
#[derive(Debug)]
pub(super) struct Misfit;

/// Where the elements of one tensor gather.
pub(super) trait Sink {
    /// Reads the scalar under the cursor and appends it.
    fn push(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit>;

    /// What was gathered.
    fn into_data(self) -> TensorData;
}

/// An element of a fixed-size dtype.
pub(super) trait Element: Copy {
    /// The element that the value under the cursor spells, and the position after it.
    fn read(text: &[u8], pos: usize) -> Option<(Self, usize)>;

    /// Appends the element in little-endian order.
    fn store(self, bytes: &mut Vec<u8>);
}

/// Gathers elements of a fixed-size dtype.
pub(super) struct FixedSink<T> {
    bytes: Vec<u8>,
    element: std::marker::PhantomData<T>,
}

impl<T> FixedSink<T> {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), element: std::marker::PhantomData }
    }
}

impl<T: Element> Sink for FixedSink<T> {
    #[inline]
    fn push(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit> {
        let (element, end) = T::read(cursor.text(), cursor.pos()).ok_or(Misfit)?;
        element.store(&mut self.bytes);
        cursor.set_pos(end);
        Ok(())
    }

    fn into_data(self) -> TensorData {
        TensorData::Fixed(Bytes::from(self.bytes))
    }
}

/// Gathers strings.
pub(super) struct StringSink {
    pub(super) strings: Vec<Bytes>,
}

impl Sink for StringSink {
    fn push(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Misfit> {
        let bytes = if cursor.peek() == b'"' {
            let string = cursor.string();
            cursor.share(string)
        } else {
            cursor.base64_bytes().ok_or(Misfit)?
        };
        self.strings.push(bytes);
        Ok(())
    }

    fn into_data(self) -> TensorData {
        TensorData::Strings(self.strings)
    }
}

macro_rules! element {
    ($type:ty, $text:ident, $pos:ident => $read:expr) => {
        impl Element for $type {
            #[inline]
            fn read($text: &[u8], $pos: usize) -> Option<(Self, usize)> {
                $read
            }

            #[inline]
            fn store(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}

element!(f32, text, pos => number::read_float(text, pos));
element!(f64, text, pos => number::read_double(text, pos));
element!(i32, text, pos => read_signed(text, pos));
element!(i64, text, pos => read_signed(text, pos));
element!(u32, text, pos => read_unsigned(text, pos));
element!(u64, text, pos => read_unsigned(text, pos));
element!(i16, text, pos => i32::read(text, pos).map(|(value, end)| (value as i16, end)));
element!(i8, text, pos => i32::read(text, pos).map(|(value, end)| (value as i8, end)));
element!(u8, text, pos => i32::read(text, pos).map(|(value, end)| (value as u8, end)));

impl Element for bool {
    fn read(text: &[u8], pos: usize) -> Option<(Self, usize)> {
        match text.get(pos) {
            Some(b't') => Some((true, pos + "true".len())),
            Some(b'f') => Some((false, pos + "false".len())),
            _ => None,
        }
    }

    fn store(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

#[inline]
fn read_signed<T: TryFrom<i64>>(text: &[u8], pos: usize) -> Option<(T, usize)> {
    let (is_negative, magnitude, end) = number::read_integer(text, pos)?;
    let value = if is_negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
    Some((T::try_from(value?).ok()?, end))
}

#[inline]
fn read_unsigned<T: TryFrom<u64>>(text: &[u8], pos: usize) -> Option<(T, usize)> {
    let (is_negative, magnitude, end) = number::read_integer(text, pos)?;
    if is_negative && magnitude != 0 {
        return None;
    }
    Some((T::try_from(magnitude).ok()?, end))
}

/// What an element of `dtype` may look like, for messages.
fn expectation(dtype: DType) -> &'static str {
    match dtype {
        DType::Float | DType::Double => "any number, NaN, Infinity or -Infinity",
        DType::Int32 | DType::Int16 | DType::Int8 | DType::Uint8 => {
            "an integer literal from -2147483648 to 2147483647, without fraction and exponent"
        }
        DType::Int64 => {
            "an integer literal from -9223372036854775808 to 9223372036854775807, without fraction and exponent"
        }
        DType::Uint32 => "an integer literal from 0 to 4294967295, without fraction and exponent",
        DType::Uint64 => "an integer literal from 0 to 18446744073709551615, without fraction and exponent",
        DType::Bool => "true or false",
        _ => "a string or {\"b64\": \"...\"}",
    }
}

/// The error for the value under the cursor, which cannot be an element of `dtype`.
pub(super) fn explain_misfit(dtype: DType, cursor: &Cursor<'_>) -> Status {
    let (kind, quoted) = (cursor.kind(), cursor.quote());
    if dtype == DType::String && kind == "Object" {
        return Status::invalid_argument(format!(
            "JSON value {quoted} is not valid base64 data: bytes are written {{\"b64\": \"...\"}} with that one member \
             in the standard base64 alphabet"
        ));
    }
    Status::invalid_argument(format!(
        "JSON value {quoted} of type {kind} cannot be of the expected type {}, which takes {}",
        dtype.name(),
        expectation(dtype)
    ))
}
