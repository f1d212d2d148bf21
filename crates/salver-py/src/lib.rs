//! The extension module `salver._native`: the only crate that names Python.
//!
//! Plain values cross; every wait and every copy of consequence happens without the GIL. `python/salver/_native.pyi`
//! describes each name for Python.

mod arrays;
mod batch;
mod batch_queue;
mod batching_policy;
mod batching_report;
mod control;
mod errors;
mod gil;
mod grpc_options;
mod journal;
mod load;
mod model;
mod plane;
mod request_log;
mod running;
mod signature;
mod simulation;
mod table;
mod tls;

use std::collections::HashMap;

use pyo3::prelude::*;
use salver_core::{Code, DType};

/// Whether this build is unoptimised.
#[pyfunction]
fn is_debug_build() -> bool {
    cfg!(debug_assertions)
}

/// Wire number to name of every element type.
#[pyfunction]
fn dtype_names() -> HashMap<i32, &'static str> {
    DType::ALL.iter().map(|dtype| (dtype.number(), dtype.name())).collect()
}

/// Wire number to name of every status code.
#[pyfunction]
fn code_names() -> HashMap<i32, &'static str> {
    Code::ALL.iter().map(|code| (code.number(), code.name())).collect()
}

/// Fills the module.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("NativeError", module.py().get_type::<errors::NativeError>())?;
    module.add_function(wrap_pyfunction!(is_debug_build, module)?)?;
    module.add_function(wrap_pyfunction!(dtype_names, module)?)?;
    module.add_function(wrap_pyfunction!(code_names, module)?)?;
    module.add_function(wrap_pyfunction!(gil::wait_for_lock, module)?)?;
    module.add_class::<signature::PyTensorSpec>()?;
    module.add_class::<signature::PySignature>()?;
    module.add_class::<model::PyNativeModel>()?;
    module.add_class::<model::PyTensorFlowRuntime>()?;
    module.add_class::<batching_policy::PyLengthBuckets>()?;
    module.add_class::<batching_policy::PyLowPriority>()?;
    module.add_class::<batching_policy::PyBatchingPolicy>()?;
    module.add_class::<batch_queue::PyBatchQueue>()?;
    module.add_class::<batch_queue::PyBatchTurn>()?;
    module.add_class::<batch_queue::PyQueuedCall>()?;
    module.add_class::<table::PyTarget>()?;
    module.add_class::<table::PyModelRow>()?;
    module.add_class::<grpc_options::PyGrpcOptions>()?;
    module.add_class::<plane::PyDataPlaneOptions>()?;
    module.add_class::<request_log::PyLogRule>()?;
    module.add_class::<journal::PyJournalEntry>()?;
    module.add_class::<batch::PyBatch>()?;
    module.add_class::<control::PyAnswerStream>()?;
    module.add_class::<running::PyRunningRequest>()?;
    module.add_class::<control::PyControlCall>()?;
    module.add_class::<batching_report::PyLineReport>()?;
    module.add_class::<simulation::PySimulation>()?;
    module.add_class::<simulation::PySimulationReport>()?;
    module.add_class::<plane::PyDataPlane>()?;
    module.add_class::<load::PyLoadTls>()?;
    module.add_class::<load::PyLoadOptions>()?;
    module.add_class::<load::PyLoadProgress>()?;
    module.add_class::<load::PyLoadReport>()?;
    module.add_class::<load::PyLoadRun>()?;
    Ok(())
}
