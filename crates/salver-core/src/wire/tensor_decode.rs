//! TensorProto to [`Tensor`].
//!
//! Two passes: the first finds dtype, shape and `tensor_content` and where the typed values begin; the second, taken
//! only without `tensor_content`, reads the typed field that belongs to the dtype. So fields may come in any order,
//! values in the wrong typed field cost nothing, and no list of fields is built.
//!
//! The rules of the second pass let a message of a few bytes stand for a tensor of any size, so whatever is not a
//! slice of the message is paid for from a [`MemoryBudget`] before it is allocated.

use std::mem::size_of;

use bytes::Bytes;

use crate::dtype::DType;
use crate::status::{Code, Status};
use crate::tensor::{Shape, Tensor, TensorData, num_elements};
use crate::wire::reader::{Malformed, Reader, Span, Value, read_varint};
use crate::wire::typed_values::typed_data;

const MESSAGE: &str = "tensorflow.TensorProto";

/// Dimensions that a shape may have; the reference system's limit.
const MAX_RANK: usize = 254;

/// What the tensors of one request may take in memory beyond the request itself.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    total: usize,
    left: usize,
}

impl MemoryBudget {
    /// 2 GiB, the size of the largest message: what could be sent in full may also be sent short.
    pub const DEFAULT_BYTES: usize = 1 << 31;

    /// A budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        Self { total: bytes, left: bytes }
    }

    /// All that may be paid.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Pays for `count` times `size` bytes.
    pub(crate) fn pay(&mut self, count: usize, size: usize) -> Result<(), Status> {
        match count.checked_mul(size) {
            Some(bytes) if bytes <= self.left => {
                self.left -= bytes;
                Ok(())
            }
            _ => Err(Status::new(
                Code::ResourceExhausted,
                format!(
                    "{count} elements of {size} bytes exceed the {} bytes a request's tensors may take",
                    self.total
                ),
            )),
        }
    }
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(Self::DEFAULT_BYTES)
    }
}

/// Reads a serialized TensorProto, sharing its memory where the layout allows.
///
/// # Errors
/// INVALID_ARGUMENT: not such a message, or one that breaks its own rules. RESOURCE_EXHAUSTED: larger than the
/// default [`MemoryBudget`].
pub fn decode_tensor(bytes: Bytes) -> Result<Tensor, Status> {
    decode_tensor_within(&bytes, &mut MemoryBudget::default())
}

/// [`decode_tensor`] with a budget that several tensors share.
///
/// # Errors
/// As there.
pub fn decode_tensor_within(bytes: &Bytes, budget: &mut MemoryBudget) -> Result<Tensor, Status> {
    let outline = Outline::read(bytes).map_err(malformed)?;
    let dtype = sendable_dtype(outline.dtype)?;
    let count = num_elements(&outline.shape).ok_or_else(|| bad_shape(&outline.shape))?;
    let data = if count == 0 {
        no_elements(dtype)
    } else if !outline.content.is_empty() {
        content_data(dtype, count, bytes.slice_ref(outline.content), budget)?
    } else {
        typed_data(dtype, count, bytes, outline.values_at, budget)?
    };
    Tensor::new(dtype, outline.shape, data)
}

pub(crate) fn malformed(error: Malformed) -> Status {
    error.into_status(MESSAGE)
}

fn bad_shape(shape: &[i64]) -> Status {
    Status::invalid_argument(match shape.iter().find(|&&dim| dim < 0) {
        Some(dim) => format!("tensor shape {shape:?} has the negative dimension {dim}"),
        None => format!("tensor shape {shape:?} has too many elements"),
    })
}

fn sendable_dtype(number: i32) -> Result<DType, Status> {
    DType::from_number(number).ok_or_else(|| {
        Status::invalid_argument(match number {
            0 => "tensor without a dtype".to_owned(),
            20 => "tensors of dtype resource cannot be sent".to_owned(),
            21 => "tensors of dtype variant cannot be sent".to_owned(),
            101..=133 => format!("dtype {number} is a reference type, which cannot be sent"),
            _ => format!("unknown dtype {number}"),
        })
    })
}

fn no_elements(dtype: DType) -> TensorData {
    if dtype == DType::String { TensorData::Strings(Vec::new()) } else { TensorData::Fixed(Bytes::new()) }
}

// === impl Outline ===

/// What the first pass finds.
struct Outline<'a> {
    dtype: i32,
    shape: Shape,
    content: &'a [u8],
    /// Offset of the first typed field; the end where there is none.
    values_at: usize,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut outline = Self { dtype: 0, shape: Shape::new(), content: &[], values_at: bytes.len() };
        let mut fields = Reader::new(bytes);
        loop {
            let start = fields.position();
            let Some(field) = fields.next_field()? else { return Ok(outline) };
            match (field.number, field.value) {
                (1, Value::Varint(number)) => outline.dtype = number as i32,
                (2, Value::Span(shape)) => read_shape(shape, &mut outline.shape)?,
                (4, Value::Span(content)) => outline.content = content.bytes,
                (5..=18, _) => outline.values_at = outline.values_at.min(start),
                _ => {}
            }
        }
    }
}

/// Appends the dimensions of a TensorShapeProto. `unknown_rank` means nothing in a value.
fn read_shape(message: Span<'_>, shape: &mut Shape) -> Result<(), Malformed> {
    let mut fields = message.fields();
    while let Some(field) = fields.next_field()? {
        if let (2, Value::Span(dim)) = (field.number, field.value) {
            if shape.len() == MAX_RANK {
                return Err(Malformed { what: "a shape of more than 254 dimensions", offset: dim.offset });
            }
            shape.push(read_dim(dim)?);
        }
    }
    Ok(())
}

fn read_dim(message: Span<'_>) -> Result<i64, Malformed> {
    let mut size = 0;
    let mut fields = message.fields();
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Varint(value)) => size = value as i64,
            (2, Value::Span(name)) if std::str::from_utf8(name.bytes).is_err() => {
                return Err(Malformed { what: "a string field that is not UTF-8", offset: name.offset });
            }
            _ => {}
        }
    }
    Ok(size)
}

// === tensor_content ===

fn content_data(dtype: DType, count: usize, content: Bytes, budget: &mut MemoryBudget) -> Result<TensorData, Status> {
    if dtype == DType::String {
        return strings_in_content(count, &content, budget);
    }
    if count.checked_mul(dtype.size()) != Some(content.len()) {
        return Err(Status::invalid_argument(format!(
            "tensor_content has {} bytes where {count} elements of dtype {} of {} bytes each are expected",
            content.len(),
            dtype.name(),
            dtype.size()
        )));
    }
    if dtype == DType::Bool && content.iter().any(|&byte| byte > 1) {
        return Err(Status::invalid_argument("tensor_content of dtype bool has a byte other than 0 and 1"));
    }
    Ok(TensorData::Fixed(content))
}

/// All lengths as varints, then all strings; together exactly the content.
fn strings_in_content(count: usize, content: &Bytes, budget: &mut MemoryBudget) -> Result<TensorData, Status> {
    let wrong = |what: &str| Status::invalid_argument(format!("tensor_content of {count} strings: {what}"));
    if count > content.len() {
        return Err(wrong("fewer lengths than strings"));
    }
    budget.pay(count, size_of::<Bytes>())?;
    let mut lengths = Vec::with_capacity(count);
    let mut at = 0;
    for _ in 0..count {
        lengths.push(read_varint(content, &mut at).map_err(wrong)?);
    }
    let mut strings = Vec::with_capacity(count);
    for length in lengths {
        let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
        let end = end.filter(|&end| end <= content.len()).ok_or_else(|| wrong("a length runs past the end"))?;
        strings.push(content.slice(at..end));
        at = end;
    }
    if at != content.len() {
        return Err(wrong(&format!("{} bytes too many", content.len() - at)));
    }
    Ok(TensorData::Strings(strings))
}
