//! Which field of a TensorProto carries the values of which element type.
//!
//! Source: the DataType table of the wire contract.

use crate::dtype::DType;

/// How the elements stand in their typed field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CarrierKind {
    /// Little-endian values of the element's own layout: float, double and pairs of them. A unit is what protobuf
    /// packs.
    Fixed {
        /// Bytes of one packed value, 4 or 8.
        unit: usize,
    },
    /// One varint per element, cut to the element's width.
    Varint,
    /// All elements in one `bytes` value.
    Bytes,
    /// One `bytes` value per element.
    Strings,
}

/// The typed field of an element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carrier {
    /// Field number in TensorProto.
    pub(crate) field: u32,
    /// Layout of the values.
    pub(crate) kind: CarrierKind,
}

/// The carrier of `dtype`.
pub(crate) fn carrier_of(dtype: DType) -> Carrier {
    use CarrierKind::{Bytes, Fixed, Strings, Varint};
    let (field, kind) = match dtype {
        DType::Float => (5, Fixed { unit: 4 }),
        DType::Double => (6, Fixed { unit: 8 }),
        DType::String => (8, Strings),
        DType::Complex64 => (9, Fixed { unit: 4 }),
        DType::Int64 => (10, Varint),
        DType::Bool => (11, Varint),
        DType::Complex128 => (12, Fixed { unit: 8 }),
        DType::Half | DType::Bfloat16 => (13, Varint),
        DType::Uint32 => (16, Varint),
        DType::Uint64 => (17, Varint),
        DType::Float8E5m2
        | DType::Float8E4m3fn
        | DType::Float8E4m3fnuz
        | DType::Float8E4m3b11fnuz
        | DType::Float8E5m2fnuz => (18, Bytes),
        _ => (7, Varint),
    };
    Carrier { field, kind }
}
