//! Tensors as NumPy arrays and back.
//!
//! Arrays given to Python are read-only views of the tensor's own memory, which lives as long as any view of it. NumPy
//! is reached by its Python functions: a few hundred nanoseconds for each array, and nothing of its memory layout to
//! get wrong.

use std::ffi::c_int;

use bytes::Bytes;
use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyList, PyString};
use salver_core::{BatchInput, DType, Shape, Status, Tensor, TensorData};

use crate::errors;

/// Smaller arrays are copied rather than kept alive: cheaper than giving the object back to Python later.
const MIN_SHARED_BYTES: usize = 16 << 10;

/// Memory of a tensor behind Python's buffer protocol.
#[pyclass(frozen)]
struct Buffer(Bytes);

#[pymethods]
impl Buffer {
    /// # Safety
    /// Called by the interpreter with a valid `view`.
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let bytes = &slf.get().0;
        let (data, length) = (bytes.as_ptr().cast_mut().cast(), bytes.len() as ffi::Py_ssize_t);
        // SAFETY: the view holds a reference to `slf`, which owns the memory; it is marked read-only.
        let result = unsafe { ffi::PyBuffer_FillInfo(view, slf.as_ptr(), data, length, 1, flags) };
        if result == 0 { Ok(()) } else { Err(PyBufferError::new_err("the buffer is read-only")) }
    }
}

/// NumPy's functions and types that are needed, looked up once.
struct Numpy {
    frombuffer: Py<PyAny>,
    empty: Py<PyAny>,
    asarray: Py<PyAny>,
    ndarray: Py<PyAny>,
    dtypes: Vec<(DType, Py<PyAny>)>,
}

static NUMPY: PyOnceLock<Numpy> = PyOnceLock::new();

/// NumPy's name for a type; `ml_dtypes` has those that NumPy lacks.
fn numpy_name(dtype: DType) -> (&'static str, &'static str) {
    match dtype {
        DType::Float => ("float32", ""),
        DType::Double => ("float64", ""),
        DType::Half => ("float16", ""),
        DType::String => ("object", ""),
        DType::Qint8 => ("int8", ""),
        DType::Quint8 => ("uint8", ""),
        DType::Qint16 => ("int16", ""),
        DType::Quint16 => ("uint16", ""),
        DType::Qint32 => ("int32", ""),
        DType::Bfloat16 => ("bfloat16", "uint16"),
        DType::Int4 => ("int4", "int8"),
        DType::Uint4 => ("uint4", "uint8"),
        DType::Float8E5m2
        | DType::Float8E4m3fn
        | DType::Float8E4m3fnuz
        | DType::Float8E4m3b11fnuz
        | DType::Float8E5m2fnuz => (dtype.name(), "uint8"),
        plain => (plain.name(), ""),
    }
}

fn find_dtype<'py>(py: Python<'py>, numpy: &Bound<'py, PyModule>, dtype: DType) -> PyResult<Bound<'py, PyAny>> {
    let make = numpy.getattr("dtype")?;
    match numpy_name(dtype) {
        (name, "") => make.call1((name,)),
        // Types beyond NumPy's own need ml_dtypes; without it their bit patterns are handed over.
        (name, pattern) => match py.import("ml_dtypes").and_then(|module| module.getattr(name)) {
            Ok(found) => make.call1((found,)),
            Err(_) => make.call1((pattern,)),
        },
    }
}

fn numpy(py: Python<'_>) -> PyResult<&Numpy> {
    NUMPY.get_or_try_init(py, || {
        let module = py.import("numpy")?;
        let found = |dtype: &DType| Ok((*dtype, find_dtype(py, &module, *dtype)?.unbind()));
        Ok(Numpy {
            frombuffer: module.getattr("frombuffer")?.unbind(),
            empty: module.getattr("empty")?.unbind(),
            asarray: module.getattr("asarray")?.unbind(),
            ndarray: module.getattr("ndarray")?.unbind(),
            dtypes: DType::ALL.iter().map(found).collect::<PyResult<_>>()?,
        })
    })
}

impl Numpy {
    fn dtype(&self, py: Python<'_>, dtype: DType) -> Py<PyAny> {
        let found = self.dtypes.iter().find(|(known, _)| *known == dtype);
        found.map_or_else(|| py.None(), |(_, object)| object.clone_ref(py))
    }
}

/// A read-only array over the tensor's memory; strings are an object array of bytes.
pub(crate) fn to_numpy<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    let numpy = numpy(py)?;
    let shape = tensor.shape().to_vec();
    let dtype = numpy.dtype(py, tensor.dtype());
    match tensor.data() {
        TensorData::Fixed(bytes) if bytes.is_empty() => numpy.empty.bind(py).call1((shape, dtype)),
        TensorData::Fixed(bytes) => {
            let buffer = Bound::new(py, Buffer(aligned(bytes, tensor.dtype())))?;
            let flat = numpy.frombuffer.bind(py).call1((buffer, dtype))?;
            if shape.len() == 1 { Ok(flat) } else { flat.call_method1(intern!(py, "reshape"), (shape,)) }
        }
        TensorData::Strings(items) => {
            let flat = numpy.empty.bind(py).call1((items.len(), dtype))?;
            let values = PyList::new(py, items.iter().map(|item| PyBytes::new(py, item)))?;
            flat.set_item(pyo3::types::PySlice::full(py), values)?;
            flat.call_method1("reshape", (shape,))
        }
    }
}

/// The same bytes at an address that fits the type; wire data may stand anywhere.
fn aligned(bytes: &Bytes, dtype: DType) -> Bytes {
    if bytes.as_ptr().addr().is_multiple_of(dtype.size().min(8)) {
        bytes.clone()
    } else {
        Bytes::copy_from_slice(bytes)
    }
}

/// A batch's input as one array; several members, and padding, are copied together, one is not copied.
pub(crate) fn batch_to_numpy<'py>(py: Python<'py>, input: &BatchInput) -> PyResult<Bound<'py, PyAny>> {
    if let Some(single) = input.as_single() {
        return to_numpy(py, single);
    }
    let joined = py.detach(|| input.joined()).map_err(errors::to_py)?;
    to_numpy(py, &joined)
}

/// A tensor of Python's value. An array keeps its type; a list or number takes `declared`.
///
/// # Errors
/// INVALID_ARGUMENT for a value that is no array of a type that the wire carries.
pub(crate) fn from_numpy(value: &Bound<'_, PyAny>, declared: DType, name: &str) -> PyResult<Tensor> {
    let py = value.py();
    let numpy = numpy(py)?;
    let array = if value.is_instance(numpy.ndarray.bind(py))? {
        value.clone()
    } else {
        numpy.asarray.bind(py).call1((value, numpy.dtype(py, declared))).map_err(|error| {
            let message = format!("{name}: cannot be made an array of {}: {}", declared.name(), error.value(py));
            errors::to_py(Status::invalid_argument(message))
        })?
    };
    let dtype = dtype_of(py, numpy, &array, declared, name)?;
    let shape: Shape = array.getattr(intern!(py, "shape"))?.extract::<Vec<i64>>()?.into();
    let data = if dtype == DType::String {
        TensorData::Strings(strings_of(&array, name)?)
    } else {
        TensorData::Fixed(bytes_of(&array)?)
    };
    Tensor::new(dtype, shape, data).map_err(errors::to_py)
}

fn dtype_of(py: Python<'_>, numpy: &Numpy, array: &Bound<'_, PyAny>, declared: DType, name: &str) -> PyResult<DType> {
    let found = array.getattr(intern!(py, "dtype"))?;
    let expected = numpy.dtype(py, declared);
    // Built-in types have one object each, so that the usual case is a comparison of addresses.
    if found.is(&expected) || found.eq(expected)? {
        return Ok(declared);
    }
    if matches!(found.getattr(intern!(py, "kind"))?.extract::<String>()?.as_str(), "S" | "U" | "O") {
        return Ok(DType::String);
    }
    for (dtype, object) in &numpy.dtypes {
        if found.eq(object)? {
            return Ok(*dtype);
        }
    }
    let message = format!("{name}: arrays of {found} cannot be sent, expected {}", declared.name());
    Err(errors::to_py(Status::invalid_argument(message)))
}

fn bytes_of(array: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    // In C order, whatever the order in the array's own memory.
    let copied: PyBackedBytes = array.call_method0(intern!(array.py(), "tobytes"))?.extract()?;
    Ok(if copied.len() < MIN_SHARED_BYTES { Bytes::copy_from_slice(&copied) } else { Bytes::from_owner(copied) })
}

fn strings_of(array: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<Bytes>> {
    let flat = array.call_method1("reshape", (-1,))?.call_method0("tolist")?;
    flat.try_iter()?
        .map(|item| {
            let item = item?;
            if let Ok(bytes) = item.cast::<PyBytes>() {
                return Ok(Bytes::copy_from_slice(bytes.as_bytes()));
            }
            let text = item.cast::<PyString>().map_err(|_| {
                let message = format!("{name}: expected bytes or str as element of a string tensor, got {item}");
                errors::to_py(Status::invalid_argument(message))
            })?;
            Ok(Bytes::copy_from_slice(text.to_str()?.as_bytes()))
        })
        .collect()
}
