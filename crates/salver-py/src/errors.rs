//! One error type for Python, carrying code and message.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use salver_core::Status;

create_exception!(_native, NativeError, PyException, "A failure in the extension; `args` is `(code, message)`.");

/// A status as the exception that Python sees.
pub(crate) fn to_py(status: Status) -> PyErr {
    NativeError::new_err((status.code.number(), status.message))
}

/// INTERNAL for a batch or call that was answered already.
pub(crate) fn already_answered() -> PyErr {
    to_py(Status::new(salver_core::Code::FailedPrecondition, "It has been answered already."))
}
