//! The tensor of one input while it is being read.

use super::cursor::{Cursor, shorten};
use super::element::{FixedSink, Sink, StringSink};
use super::lists::{self, Fault};
use crate::dtype::DType;
use crate::status::Status;
use crate::tensor::{Shape, Tensor, num_elements};

/// Gathers the values of one input: one value for the whole tensor, or one value for each row.
pub(super) trait Column {
    /// Reads the value under the cursor; from the second on, values must have the first one's shape.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the value is no tensor of the dtype, UNIMPLEMENTED where JSON has no form for the dtype.
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status>;

    /// Number of values read.
    fn num_values(&self) -> usize;

    /// The one value as a tensor.
    fn into_whole(self: Box<Self>) -> Result<Tensor, Status>;

    /// All values as the rows of a tensor.
    fn into_rows(self: Box<Self>) -> Result<Tensor, Status>;
}

/// An empty column of `dtype`.
pub(super) fn column_of(dtype: DType) -> Box<dyn Column> {
    match dtype {
        DType::Float => fixed::<f32>(dtype),
        DType::Double => fixed::<f64>(dtype),
        DType::Int32 => fixed::<i32>(dtype),
        DType::Uint8 => fixed::<u8>(dtype),
        DType::Int16 => fixed::<i16>(dtype),
        DType::Int8 => fixed::<i8>(dtype),
        DType::Int64 => fixed::<i64>(dtype),
        DType::Bool => fixed::<bool>(dtype),
        DType::Uint32 => fixed::<u32>(dtype),
        DType::Uint64 => fixed::<u64>(dtype),
        DType::String => Box::new(TypedColumn::new(dtype, StringSink { strings: Vec::new() })),
        _ => Box::new(UnsupportedColumn(dtype)),
    }
}

fn fixed<T: super::element::Element + 'static>(dtype: DType) -> Box<dyn Column> {
    Box::new(TypedColumn::new(dtype, FixedSink::<T>::new()))
}

struct TypedColumn<S> {
    dtype: DType,
    sink: S,
    /// Shape of the first value, once it is read.
    shape: Shape,
    num_values: usize,
}

impl<S: Sink> TypedColumn<S> {
    fn new(dtype: DType, sink: S) -> Self {
        Self { dtype, sink, shape: Shape::new(), num_values: 0 }
    }

    fn read_with_unknown_shape(&mut self, cursor: &mut Cursor<'_>) -> Result<Shape, Status> {
        let mut shape = lists::unknown_shape(cursor);
        lists::read(cursor, &mut self.sink, &mut shape)
            .map_err(|fault: Fault| fault.explain(self.dtype, shape.len(), cursor))?;
        Ok(shape)
    }

    /// The error for a value that does not have the first one's shape: its own fault if it has one, else the
    /// difference. The column is of no further use.
    #[cold]
    fn explain_difference(&mut self, cursor: &mut Cursor<'_>) -> Status {
        let shape = match self.read_with_unknown_shape(cursor) {
            Ok(shape) => shape,
            Err(status) => return status,
        };
        let (expected, got) = (num_elements(&self.shape), num_elements(&shape));
        if let (Some(expected), Some(got)) = (expected, got)
            && expected != got
        {
            return Status::invalid_argument(format!(
                "the value has {got} elements, expected {expected}, as in the first instance"
            ));
        }
        let (expected, got) = (show_shape(&self.shape), show_shape(&shape));
        Status::invalid_argument(format!("the value has shape {got}, expected {expected}, as in the first instance"))
    }
}

impl<S: Sink> Column for TypedColumn<S> {
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Status> {
        let start = cursor.pos();
        if self.num_values == 0 {
            self.shape = self.read_with_unknown_shape(cursor)?;
        } else if lists::read(cursor, &mut self.sink, &mut self.shape).is_err() {
            cursor.set_pos(start);
            return Err(self.explain_difference(cursor));
        }
        self.num_values += 1;
        Ok(())
    }

    fn num_values(&self) -> usize {
        self.num_values
    }

    fn into_whole(self: Box<Self>) -> Result<Tensor, Status> {
        Tensor::new(self.dtype, self.shape, self.sink.into_data())
    }

    fn into_rows(mut self: Box<Self>) -> Result<Tensor, Status> {
        self.shape.insert(0, self.num_values as i64);
        self.into_whole()
    }
}

/// Stands for an input whose dtype has no JSON form.
struct UnsupportedColumn(DType);

impl UnsupportedColumn {
    fn refusal(&self) -> Status {
        Status::unimplemented(format!("tensors of type {} cannot be given as JSON", self.0.name()))
    }
}

impl Column for UnsupportedColumn {
    fn append(&mut self, _cursor: &mut Cursor<'_>) -> Result<(), Status> {
        Err(self.refusal())
    }

    fn num_values(&self) -> usize {
        0
    }

    fn into_whole(self: Box<Self>) -> Result<Tensor, Status> {
        Err(self.refusal())
    }

    fn into_rows(self: Box<Self>) -> Result<Tensor, Status> {
        Err(self.refusal())
    }
}

fn show_shape(shape: &[i64]) -> String {
    let dims: Vec<String> = shape.iter().map(i64::to_string).collect();
    shorten(format!("[{}]", dims.join(",")).as_bytes())
}
