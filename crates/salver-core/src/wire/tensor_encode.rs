//! [`Tensor`] to TensorProto.
//!
//! A tensor is sized once into a [`Layout`] and then written by it: the sizes of varint runs are the costly part of
//! writing integers, and every message around the tensor needs them before its first byte.

use crate::dtype::DType;
use crate::tensor::{Tensor, TensorData};
use crate::wire::carrier::{CarrierKind, carrier_of};
use crate::wire::writer::{
    put_span_header, put_varint, put_varint_field, span_field_len, tag_len, varint_field_len, varint_len, write_varint,
};

/// Field number of `tensor_content`.
const CONTENT_FIELD: u32 = 4;

/// Where the values of a written tensor stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TensorForm {
    /// In the typed field of the dtype, every element of it.
    #[default]
    TypedFields,
    /// In `tensor_content`.
    TensorContent,
}

/// Bytes that [`encode_tensor`] will append.
pub fn encoded_tensor_len(tensor: &Tensor, form: TensorForm) -> usize {
    Layout::of(tensor, form).total
}

/// Appends `tensor` as a serialized TensorProto, without a length before it.
pub fn encode_tensor(out: &mut Vec<u8>, tensor: &Tensor, form: TensorForm) {
    let layout = Layout::of(tensor, form);
    out.reserve_exact(layout.total);
    layout.write(out, tensor);
}

/// Sizes of a TensorProto before it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Bytes of the whole message.
    pub(crate) total: usize,
    shape: usize,
    values: usize,
    form: TensorForm,
}

impl Layout {
    /// The sizes of `tensor` in this form.
    pub(crate) fn of(tensor: &Tensor, form: TensorForm) -> Self {
        let shape = tensor.shape().iter().map(|&dim| span_field_len(2, varint_field_len(1, dim as u64))).sum();
        let (values, field) = values_len(tensor, form);
        let head = varint_field_len(1, tensor.dtype().number() as u64) + span_field_len(2, shape);
        Self { total: head + field, shape, values, form }
    }

    /// Appends the `tensor` that this was made of.
    pub(crate) fn write(&self, out: &mut Vec<u8>, tensor: &Tensor) {
        put_varint_field(out, 1, tensor.dtype().number() as u64);
        put_span_header(out, 2, self.shape);
        for &dim in tensor.shape() {
            put_span_header(out, 2, varint_field_len(1, dim as u64));
            put_varint_field(out, 1, dim as u64);
        }
        match (tensor.data(), self.form) {
            _ if tensor.num_elements() == 0 => {}
            (TensorData::Fixed(bytes), form) => self.write_fixed(out, tensor.dtype(), bytes, form),
            (TensorData::Strings(strings), TensorForm::TypedFields) => {
                for string in strings {
                    put_span_header(out, carrier_of(DType::String).field, string.len());
                    out.extend_from_slice(string);
                }
            }
            (TensorData::Strings(strings), TensorForm::TensorContent) => {
                put_span_header(out, CONTENT_FIELD, self.values);
                strings.iter().for_each(|string| put_varint(out, string.len() as u64));
                strings.iter().for_each(|string| out.extend_from_slice(string));
            }
        }
    }

    fn write_fixed(&self, out: &mut Vec<u8>, dtype: DType, bytes: &[u8], form: TensorForm) {
        let carrier = carrier_of(dtype);
        let content = form == TensorForm::TensorContent;
        put_span_header(out, if content { CONTENT_FIELD } else { carrier.field }, self.values);
        match carrier.kind {
            CarrierKind::Varint if !content => write_varints(out, dtype, bytes, self.values),
            _ => out.extend_from_slice(bytes),
        }
    }
}

/// Bytes of the values alone, and with tags and lengths.
fn values_len(tensor: &Tensor, form: TensorForm) -> (usize, usize) {
    let carrier = carrier_of(tensor.dtype());
    let (values, field) = match (tensor.data(), form) {
        _ if tensor.num_elements() == 0 => return (0, 0),
        (TensorData::Fixed(bytes), TensorForm::TypedFields) if carrier.kind == CarrierKind::Varint => {
            (varints_len(tensor.dtype(), bytes), carrier.field)
        }
        (TensorData::Fixed(bytes), TensorForm::TypedFields) => (bytes.len(), carrier.field),
        (TensorData::Fixed(bytes), TensorForm::TensorContent) => (bytes.len(), CONTENT_FIELD),
        (TensorData::Strings(strings), TensorForm::TypedFields) => {
            let tags = strings.len() * tag_len(carrier.field);
            let values = tags + strings.iter().map(|s| varint_len(s.len() as u64) + s.len()).sum::<usize>();
            return (values, values);
        }
        (TensorData::Strings(strings), TensorForm::TensorContent) => {
            (strings.iter().map(|s| varint_len(s.len() as u64) + s.len()).sum(), CONTENT_FIELD)
        }
    };
    (values, span_field_len(field, values))
}

// === varint runs ===

/// Calls `each` with every element as the varint that protobuf writes for it.
#[inline]
fn each_varint(dtype: DType, bytes: &[u8], each: impl FnMut(u64)) {
    fn run<const N: usize>(bytes: &[u8], widen: impl Fn([u8; N]) -> u64, mut each: impl FnMut(u64)) {
        for &element in bytes.as_chunks::<N>().0 {
            each(widen(element));
        }
    }
    match dtype {
        DType::Int64 | DType::Uint64 => run(bytes, u64::from_le_bytes, each),
        DType::Int32 | DType::Qint32 => run(bytes, |e| i32::from_le_bytes(e) as u64, each),
        DType::Uint32 => run(bytes, |e| u32::from_le_bytes(e).into(), each),
        DType::Int16 | DType::Qint16 => run(bytes, |e| i16::from_le_bytes(e) as u64, each),
        DType::Uint16 | DType::Quint16 | DType::Half | DType::Bfloat16 => {
            run(bytes, |e| u16::from_le_bytes(e).into(), each);
        }
        DType::Int8 | DType::Qint8 | DType::Int4 => run(bytes, |[e]: [u8; 1]| e as i8 as u64, each),
        DType::Bool => run(bytes, |[e]: [u8; 1]| u64::from(e != 0), each),
        _ => run(bytes, |[e]: [u8; 1]| e.into(), each),
    }
}

fn varints_len(dtype: DType, bytes: &[u8]) -> usize {
    if dtype == DType::Bool {
        return bytes.len();
    }
    let mut length = 0;
    each_varint(dtype, bytes, |value| length += varint_len(value));
    length
}

/// Appends the run, of which `length` is the size.
fn write_varints(out: &mut Vec<u8>, dtype: DType, bytes: &[u8], length: usize) {
    let start = out.len();
    out.resize(start + length, 0);
    let target = &mut out[start..];
    let mut at = 0;
    each_varint(dtype, bytes, |value| at += write_varint(&mut target[at..], value));
}
