//! Elements of an answer.

use bytes::Bytes;

use super::layout::{Place, write_line};
use super::{base64_text, digits, float_format, strings};
use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::{Tensor, TensorData};

/// Names of string outputs with this ending announce bytes, which are written as base64.
const BYTES_SUFFIX: &str = "_bytes";

/// A named output whose dtype JSON can carry.
pub(super) struct Output<'a> {
    pub(super) name: &'a str,
    pub(super) tensor: &'a Tensor,
}

impl<'a> Output<'a> {
    /// # Errors
    /// INVALID_ARGUMENT for a dtype without JSON form.
    pub(super) fn new(name: &'a str, tensor: &'a Tensor) -> Result<Self, Status> {
        match tensor.dtype() {
            DType::Float
            | DType::Double
            | DType::Int32
            | DType::Uint8
            | DType::Int16
            | DType::Int8
            | DType::String
            | DType::Int64
            | DType::Bool
            | DType::Uint32
            | DType::Uint64 => Ok(Self { name, tensor }),
            other => Err(Status::invalid_argument(format!(
                "output \"{name}\" is of type {}, which cannot be written as JSON",
                other.name()
            ))),
        }
    }

    /// Appends the elements from `first` on that fill `shape`.
    pub(super) fn write(&self, shape: &[i64], first: usize, place: Place, out: &mut Vec<u8>) {
        match self.tensor.data() {
            TensorData::Strings(strings) => self.write_strings(&strings[first..], shape, place, out),
            TensorData::Fixed(bytes) => {
                let bytes = &bytes[first * self.tensor.dtype().size()..];
                write_fixed(self.tensor.dtype(), bytes, shape, place, out);
            }
        }
    }

    fn write_strings(&self, strings: &[Bytes], shape: &[i64], place: Place, out: &mut Vec<u8>) {
        let mut strings = strings.iter();
        let mut next = || strings.next().map_or(&[][..], |string| string);
        if self.name.ends_with(BYTES_SUFFIX) {
            place.write(shape, out, |out| write_base64_object(next(), place.level + shape.len(), out));
        } else {
            place.write(shape, out, |out| strings::write(next(), out));
        }
    }
}

fn write_base64_object(bytes: &[u8], level: usize, out: &mut Vec<u8>) {
    out.push(b'{');
    write_line(level + 1, out);
    out.extend_from_slice(b"\"b64\": \"");
    base64_text::encode_into(bytes, out);
    out.push(b'"');
    write_line(level, out);
    out.push(b'}');
}

fn write_fixed(dtype: DType, bytes: &[u8], shape: &[i64], place: Place, out: &mut Vec<u8>) {
    macro_rules! signed {
        ($type:ty) => {
            write_each(bytes, shape, place, out, |element, out| {
                let value = <$type>::from_le_bytes(element);
                digits::write_integer(value < 0, u64::from(value.unsigned_abs()), out);
            })
        };
    }
    macro_rules! unsigned {
        ($type:ty) => {
            write_each(bytes, shape, place, out, |element, out| {
                digits::write_integer(false, u64::from(<$type>::from_le_bytes(element)), out);
            })
        };
    }
    match dtype {
        DType::Float => {
            write_each(bytes, shape, place, out, |element, out| float_format::write(f32::from_le_bytes(element), out))
        }
        DType::Double => {
            write_each(bytes, shape, place, out, |element, out| float_format::write(f64::from_le_bytes(element), out))
        }
        DType::Bool => write_each(bytes, shape, place, out, |[element], out| {
            out.extend_from_slice(if element == 0 { b"false" } else { b"true" });
        }),
        DType::Int32 => signed!(i32),
        DType::Int16 => signed!(i16),
        DType::Int8 => signed!(i8),
        DType::Int64 => signed!(i64),
        DType::Uint8 => unsigned!(u8),
        DType::Uint32 => unsigned!(u32),
        DType::Uint64 => unsigned!(u64),
        _ => {}
    }
}

/// Appends the elements of `N` bytes each at the front of `bytes`.
fn write_each<const N: usize>(
    bytes: &[u8],
    shape: &[i64],
    place: Place,
    out: &mut Vec<u8>,
    element: impl Fn([u8; N], &mut Vec<u8>),
) {
    let mut elements = bytes.as_chunks::<N>().0.iter();
    place.write(shape, out, |out| {
        if let Some(&bytes) = elements.next() {
            element(bytes, out);
        }
    });
}
