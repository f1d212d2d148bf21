//! One input of a batch, before it is joined.

use std::iter;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::{Shape, Tensor, TensorData};

/// One input of a batch: the members' tensors, to be joined along the first dimension, and rows to fill up with.
///
/// A batch of one member may be a scalar; several members have rank >= 1, one dtype and equal inner dimensions, and so
/// has a member that is filled up. Padding rows are copies of row 0 of the last member's tensor; they are no memory of
/// their own until they are joined.
#[derive(Clone, Debug)]
pub struct BatchInput {
    parts: SmallVec<[Tensor; 1]>,
    num_padding_rows: usize,
}

impl BatchInput {
    /// An input of these tensors, at least one.
    pub fn new(parts: impl Into<SmallVec<[Tensor; 1]>>) -> Self {
        Self { parts: parts.into(), num_padding_rows: 0 }
    }

    /// An input that holds one tensor as it is.
    pub fn single(tensor: Tensor) -> Self {
        Self { parts: SmallVec::from_elem(tensor, 1), num_padding_rows: 0 }
    }

    /// The same, filled up with so many rows; the last tensor has a row.
    pub fn padded(self, num_padding_rows: usize) -> Self {
        Self { num_padding_rows, ..self }
    }

    /// The members' tensors, in order; never empty.
    pub fn parts(&self) -> &[Tensor] {
        &self.parts
    }

    /// The value itself, where nothing is to be joined.
    pub fn as_single(&self) -> Option<&Tensor> {
        match &self.parts[..] {
            [tensor] if self.num_padding_rows == 0 => Some(tensor),
            _ => None,
        }
    }

    fn last(&self) -> &Tensor {
        &self.parts[self.parts.len() - 1]
    }

    /// Elements of one row.
    fn row_len(&self) -> usize {
        self.last().num_elements().checked_div(self.last().num_rows().unwrap_or(1)).unwrap_or(0)
    }

    /// Shape after joining.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape::from_slice(self.parts[0].shape());
        if self.as_single().is_none() {
            shape[0] = self.parts.iter().map(|part| part.shape()[0]).sum::<i64>() + self.num_padding_rows as i64;
        }
        shape
    }

    /// Element type of all members.
    pub fn dtype(&self) -> DType {
        self.parts[0].dtype()
    }

    /// Payload bytes after joining; for strings the sum of their lengths.
    pub fn num_bytes(&self) -> usize {
        let padding_row = match self.last().data() {
            _ if self.num_padding_rows == 0 => 0,
            TensorData::Fixed(_) => self.row_len() * self.dtype().size(),
            TensorData::Strings(items) => items[..self.row_len()].iter().map(Bytes::len).sum(),
        };
        self.parts.iter().map(Tensor::num_bytes).sum::<usize>() + self.num_padding_rows * padding_row
    }

    /// Copies the joined elements of a fixed-size type into `target`, which is exactly `num_bytes` long.
    pub fn copy_fixed_into(&self, target: &mut [u8]) {
        let mut at = 0;
        let mut append = |bytes: &[u8]| {
            target[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        for part in &self.parts {
            if let TensorData::Fixed(bytes) = part.data() {
                append(bytes);
            }
        }
        if let (TensorData::Fixed(bytes), 1..) = (self.last().data(), self.num_padding_rows) {
            let row = &bytes[..self.row_len() * self.dtype().size()];
            (0..self.num_padding_rows).for_each(|_| append(row));
        }
    }

    /// The joined elements of strings, in order.
    pub fn strings(&self) -> impl Iterator<Item = &Bytes> {
        let items = |part| match Tensor::data(part) {
            TensorData::Strings(items) => &items[..],
            TensorData::Fixed(_) => &[],
        };
        let row =
            if self.num_padding_rows == 0 { &[] } else { items(self.last()).get(..self.row_len()).unwrap_or(&[]) };
        self.parts.iter().flat_map(items).chain(iter::repeat_n(row, self.num_padding_rows).flatten())
    }

    /// The joined value; a single tensor shares its memory.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the members do not fit together.
    pub fn joined(&self) -> Result<Tensor, Status> {
        if let Some(tensor) = self.as_single() {
            return Ok(tensor.clone());
        }
        let data = if self.dtype() == DType::String {
            TensorData::Strings(self.strings().cloned().collect())
        } else {
            let mut bytes = vec![0; self.num_bytes()];
            self.copy_fixed_into(&mut bytes);
            TensorData::Fixed(bytes.into())
        };
        Tensor::new(self.dtype(), self.shape(), data)
    }
}
