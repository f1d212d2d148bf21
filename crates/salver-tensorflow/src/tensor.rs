//! Tensors in both directions.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use bytes::Bytes;
use salver_core::{BatchInput, DType, Shape, Status, Tensor, TensorData};

use crate::api::{Api, TfTensor};
use crate::runtime::Runtime;
use crate::tstring::{StringArray, TString, free_strings, free_strings_argument, read_strings};

/// TensorFlow ends the process when it is given a tensor of more dimensions.
const MAX_RANK: usize = 254;

/// Refuses shapes at which TensorFlow would end the process instead of failing the call: too many dimensions, or
/// dimensions whose product overflows, which it also looks at where another dimension is zero.
fn check_shape(shape: &[i64]) -> Result<(), Status> {
    if shape.len() > MAX_RANK {
        let rank = shape.len();
        return Err(Status::invalid_argument(format!("the input has {rank} dimensions, expected at most {MAX_RANK}")));
    }
    let size = shape.iter().try_fold(MAX_ELEMENT_BYTES, |product, &dim| product.checked_mul(dim.max(1)));
    size.map(drop).ok_or_else(|| Status::invalid_argument(format!("the input's shape {shape:?} is too large")))
}

/// Size of the largest element, a string object of TensorFlow's.
const MAX_ELEMENT_BYTES: i64 = size_of::<TString>() as i64;

/// An owned `TF_Tensor`.
pub(crate) struct TensorHandle {
    runtime: Arc<Runtime>,
    tensor: *mut TfTensor,
}

// SAFETY: a `TF_Tensor` is a reference-counted block of memory without ties to a thread.
unsafe impl Send for TensorHandle {}
// SAFETY: shared use only reads.
unsafe impl Sync for TensorHandle {}

impl TensorHandle {
    /// Takes over a tensor that TensorFlow gave; `None` for a null pointer.
    ///
    /// # Safety
    /// `tensor` is null or a tensor that nobody else deletes.
    pub(crate) unsafe fn from_raw(runtime: &Arc<Runtime>, tensor: *mut TfTensor) -> Option<Self> {
        (!tensor.is_null()).then(|| Self { runtime: runtime.clone(), tensor })
    }

    /// A tensor that TensorFlow can be fed with: the members of `input`, joined.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where TensorFlow does not accept the type and shape.
    pub(crate) fn feed(runtime: &Arc<Runtime>, input: &BatchInput) -> Result<Self, Status> {
        let shape = input.shape();
        check_shape(&shape)?;
        let tensor = if input.dtype() == DType::String {
            new_string_tensor(runtime.api(), &shape, input)
        } else {
            new_fixed_tensor(runtime.api(), &shape, input)
        };
        // SAFETY: the tensor was just made.
        unsafe { Self::from_raw(runtime, tensor) }.ok_or_else(|| {
            let dtype = input.dtype().name();
            Status::invalid_argument(format!("TensorFlow cannot hold a {dtype} tensor of shape {:?}", &shape[..]))
        })
    }

    pub(crate) fn as_ptr(&self) -> *mut TfTensor {
        self.tensor
    }

    /// The value, over TensorFlow's own memory; texts are copied out.
    ///
    /// # Errors
    /// UNIMPLEMENTED for an element type that cannot be sent, such as a resource.
    pub(crate) fn into_tensor(self) -> Result<Tensor, Status> {
        let api = self.runtime.api();
        // SAFETY: the tensor is alive.
        let number = unsafe { (api.TF_TensorType)(self.tensor) };
        let dtype = DType::from_number(number).ok_or_else(|| {
            Status::unimplemented(format!("the result has element type number {number}, which cannot be sent"))
        })?;
        let shape = self.shape();
        let data = match dtype {
            DType::String => TensorData::Strings(self.texts()),
            _ => TensorData::Fixed(Bytes::from_owner(self)),
        };
        Tensor::new(dtype, shape, data)
    }

    fn shape(&self) -> Shape {
        let api = self.runtime.api();
        // SAFETY: the tensor is alive and every index is below its number of dimensions.
        unsafe { (0..(api.TF_NumDims)(self.tensor)).map(|at| (api.TF_Dim)(self.tensor, at)).collect() }
    }

    fn texts(&self) -> Vec<Bytes> {
        let api = self.runtime.api();
        let count = self.as_ref().len() / size_of::<TString>();
        // SAFETY: the memory of a string tensor is an array of string objects.
        unsafe { read_strings(api, (api.TF_TensorData)(self.tensor).cast(), count) }
    }
}

impl AsRef<[u8]> for TensorHandle {
    fn as_ref(&self) -> &[u8] {
        let api = self.runtime.api();
        // SAFETY: the memory belongs to the tensor, which is alive and no longer written to. An empty tensor may
        // have a null pointer, which is then not read.
        unsafe {
            match (api.TF_TensorByteSize)(self.tensor) {
                0 => &[],
                size => std::slice::from_raw_parts((api.TF_TensorData)(self.tensor).cast::<u8>(), size),
            }
        }
    }
}

impl Drop for TensorHandle {
    fn drop(&mut self) {
        // SAFETY: owned, deleted once.
        unsafe { (self.runtime.api().TF_DeleteTensor)(self.tensor) };
    }
}

fn new_string_tensor(api: &Api, shape: &Shape, input: &BatchInput) -> *mut TfTensor {
    let (data, size) = StringArray::copy_of(api, input.strings()).into_raw();
    // SAFETY: the array goes over to the tensor, which frees it with `free_strings`, also if it is refused.
    unsafe {
        (api.TF_NewTensor)(
            DType::String.number(),
            shape.as_ptr(),
            shape.len() as c_int,
            data,
            size,
            free_strings,
            free_strings_argument(api),
        )
    }
}

fn new_fixed_tensor(api: &Api, shape: &Shape, input: &BatchInput) -> *mut TfTensor {
    let size = input.num_bytes();
    // SAFETY: the shape lives for the call; the memory is `size` bytes, aligned as TensorFlow's kernels want it, and
    // is written whole before anyone reads it. Nothing is written to an empty tensor, whose pointer may be null.
    unsafe {
        let tensor = (api.TF_AllocateTensor)(input.dtype().number(), shape.as_ptr(), shape.len() as c_int, size);
        if !tensor.is_null() && size > 0 {
            let data: *mut c_void = (api.TF_TensorData)(tensor);
            input.copy_fixed_into(std::slice::from_raw_parts_mut(data.cast::<u8>(), size));
        }
        tensor
    }
}
