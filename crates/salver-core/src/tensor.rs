//! A dense tensor whose memory is shared, never copied without need.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::status::Status;

/// Dimensions, outermost first; every one is >= 0. Rank 0 is a scalar.
pub type Shape = SmallVec<[i64; 4]>;

/// Elements in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TensorData {
    /// Little-endian elements of a fixed-size type, `DType::size` bytes each. May be unaligned.
    Fixed(Bytes),
    /// One entry per element of a `DType::String` tensor; arbitrary bytes.
    Strings(Vec<Bytes>),
}

/// A value of one input or output. Cloning shares the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    dtype: DType,
    shape: Shape,
    data: TensorData,
}

/// Number of elements of `shape`, or `None` where it does not fit `usize` or a dimension is negative.
pub fn num_elements(shape: &[i64]) -> Option<usize> {
    let mut count = 1usize;
    let mut overflowed = false;
    for &dim in shape {
        let dim = usize::try_from(dim).ok()?;
        if dim == 0 {
            return shape.iter().all(|&d| d >= 0).then_some(0);
        }
        match count.checked_mul(dim) {
            Some(product) => count = product,
            None => overflowed = true,
        }
    }
    (!overflowed).then_some(count)
}

impl Tensor {
    /// A tensor over these elements.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where `data` does not hold exactly the elements that `dtype` and `shape` ask for.
    pub fn new(dtype: DType, shape: Shape, data: TensorData) -> Result<Self, Status> {
        let count = num_elements(&shape).ok_or_else(|| {
            Status::invalid_argument(format!("tensor shape {shape:?} has a negative dimension or too many elements"))
        })?;
        let (got, want, unit) = match &data {
            TensorData::Fixed(bytes) if dtype != DType::String => {
                (bytes.len(), count.checked_mul(dtype.size()), "bytes")
            }
            TensorData::Strings(items) if dtype == DType::String => (items.len(), Some(count), "strings"),
            _ => return Err(Status::internal(format!("{} tensor over the wrong kind of memory", dtype.name()))),
        };
        if want != Some(got) {
            return Err(Status::invalid_argument(format!(
                "{} tensor of shape {shape:?} needs {} {unit}, got {got}",
                dtype.name(),
                want.map_or_else(|| "too many".to_owned(), |w| w.to_string()),
            )));
        }
        Ok(Self { dtype, shape, data })
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Dimensions, outermost first.
    pub fn shape(&self) -> &[i64] {
        &self.shape
    }

    /// The elements.
    pub fn data(&self) -> &TensorData {
        &self.data
    }

    /// Number of elements.
    pub fn num_elements(&self) -> usize {
        match &self.data {
            TensorData::Fixed(bytes) => bytes.len() / self.dtype.size(),
            TensorData::Strings(items) => items.len(),
        }
    }

    /// The first dimension, or `None` for a scalar.
    pub fn num_rows(&self) -> Option<usize> {
        self.shape.first().map(|&dim| dim as usize)
    }

    /// Payload size in bytes.
    pub fn num_bytes(&self) -> usize {
        match &self.data {
            TensorData::Fixed(bytes) => bytes.len(),
            TensorData::Strings(items) => items.iter().map(Bytes::len).sum(),
        }
    }

    /// Memory that the elements take: each string has a handle, and empty ones have nothing else.
    pub fn memory_bytes(&self) -> usize {
        let handles = match &self.data {
            TensorData::Fixed(_) => 0,
            TensorData::Strings(items) => std::mem::size_of_val(&items[..]),
        };
        self.num_bytes() + handles
    }

    /// Rows `start..start + count` of a tensor of rank >= 1, sharing the memory.
    ///
    /// # Errors
    /// FAILED_PRECONDITION for a scalar or where the tensor has fewer rows.
    pub fn rows(&self, start: usize, count: usize) -> Result<Tensor, Status> {
        let total = self
            .num_rows()
            .ok_or_else(|| Status::new(crate::status::Code::FailedPrecondition, "a scalar has no rows to take"))?;
        if start + count > total {
            return Err(Status::new(
                crate::status::Code::FailedPrecondition,
                format!("tensor of {total} rows cannot give rows {start}..{}", start + count),
            ));
        }
        let per_row = self.num_elements().checked_div(total).unwrap_or(0);
        let mut shape = self.shape.clone();
        shape[0] = count as i64;
        let data = match &self.data {
            TensorData::Fixed(bytes) => {
                let row_bytes = per_row * self.dtype.size();
                TensorData::Fixed(bytes.slice(start * row_bytes..(start + count) * row_bytes))
            }
            TensorData::Strings(items) => {
                TensorData::Strings(items[start * per_row..(start + count) * per_row].to_vec())
            }
        };
        Ok(Tensor { dtype: self.dtype, shape, data })
    }

    /// This tensor with the dimensions after the first extended at their end to `inner`, which is no smaller in any and
    /// as long: what is new are copies of the first element. Empty tensors stay as they are.
    pub fn extended(&self, inner: &[i64]) -> Tensor {
        if self.num_elements() == 0 || self.shape.get(1..).is_none_or(|own| own == inner) {
            return self.clone();
        }
        let mut shape = Shape::from_slice(&self.shape[..1]);
        shape.extend_from_slice(inner);
        let data = match &self.data {
            TensorData::Fixed(bytes) => {
                TensorData::Fixed(extended(bytes, self.dtype.size(), &self.shape, &shape).into())
            }
            TensorData::Strings(items) => TensorData::Strings(extended(items, 1, &self.shape, &shape)),
        };
        Tensor { dtype: self.dtype, shape, data }
    }
}

/// Elements of `width` units each, laid out for the shape `to`, which holds `from`, and filled up with the first one.
fn extended<T: Clone>(elements: &[T], width: usize, from: &[i64], to: &[i64]) -> Vec<T> {
    let num_elements: usize = to.iter().map(|&dim| dim as usize).product();
    let length = num_elements * width;
    let mut laid_out = Vec::with_capacity(length);
    laid_out.extend_from_slice(&elements[..width]);
    while laid_out.len() < length {
        laid_out.extend_from_within(..laid_out.len().min(length - laid_out.len()));
    }
    let run = from[from.len() - 1] as usize * width;
    for (index, elements) in elements.chunks_exact(run).enumerate() {
        let start = start_of_run(index, from, to) * width;
        laid_out[start..start + run].clone_from_slice(elements);
    }
    laid_out
}

/// Where the last dimension of `from` begins for the `index`-th time, counted in elements of the shape `to`.
fn start_of_run(mut index: usize, from: &[i64], to: &[i64]) -> usize {
    let last = from.len() - 1;
    let mut stride = to[last] as usize;
    let mut start = 0;
    for dim in (0..last).rev() {
        start += index % from[dim] as usize * stride;
        index /= from[dim] as usize;
        stride *= to[dim] as usize;
    }
    start
}
