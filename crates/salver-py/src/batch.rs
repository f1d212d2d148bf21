//! Work for Python servables.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};
use salver_core::table::Runner;
use salver_core::task::{Answers, Batch, Outcome, PartSink};
use salver_core::{Code, Status, Tensor};

use crate::journal::{self, PyTrace};
use crate::{arrays, errors};

/// Requests to one signature of one Python servable.
#[pyclass(frozen, name = "Batch", module = "salver._native")]
pub(crate) struct PyBatch {
    servable: Py<PyAny>,
    signature: String,
    output_names: Vec<String>,
    num_rows: usize,
    may_join: bool,
    num_members: usize,
    last_deadline: Option<Instant>,
    parts: Option<Arc<dyn PartSink>>,
    batch: Mutex<Option<Batch>>,
}

impl PyBatch {
    /// Wraps a batch of a foreign servable; `None` where it is not one of Python's.
    pub(crate) fn new(py: Python<'_>, batch: Batch) -> Option<Self> {
        let Runner::Foreign(object) = batch.target().runner() else { return None };
        let servable = object.downcast_ref::<Py<PyAny>>()?.clone_ref(py);
        let signature = batch.signature();
        Some(Self {
            servable,
            signature: signature.name.to_string(),
            output_names: batch.outputs().iter().map(|index| signature.outputs[*index].name.to_string()).collect(),
            num_rows: batch.num_executed_rows(),
            may_join: batch.target().joins_requests() && batch.can_join(),
            num_members: batch.tasks().len(),
            last_deadline: batch.last_deadline(),
            parts: batch.parts().cloned(),
            batch: Mutex::new(Some(batch)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Batch>> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, py: Python<'_>, outcome: Outcome) -> PyResult<()> {
        let batch = self.lock().take().ok_or_else(errors::already_answered)?;
        py.detach(|| batch.finish(outcome, &mut Answers::default()));
        Ok(())
    }

    fn read_outputs(&self, outputs: &Bound<'_, PyMapping>) -> PyResult<Vec<Tensor>> {
        let signature = self.lock().as_ref().map(|batch| (batch.signature().clone(), batch.outputs().to_vec()));
        let (signature, indexes) = signature.ok_or_else(errors::already_answered)?;
        indexes
            .iter()
            .map(|index| {
                let spec = &signature.outputs[*index];
                let value = outputs.get_item(&*spec.name).map_err(|_| {
                    let message = format!("the servable gave no output {} of signature {}", spec.name, signature.name);
                    errors::to_py(Status::internal(message))
                })?;
                arrays::from_numpy(&value, spec.dtype, &spec.name)
            })
            .collect()
    }
}

#[pymethods]
impl PyBatch {
    #[getter]
    fn servable(&self, py: Python<'_>) -> Py<PyAny> {
        self.servable.clone_ref(py)
    }

    #[getter]
    fn signature(&self) -> &str {
        &self.signature
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.num_rows
    }

    #[getter]
    fn output_names(&self) -> Vec<String> {
        self.output_names.clone()
    }

    #[getter]
    fn timeout_s(&self) -> Option<f64> {
        self.last_deadline.map(|at| at.saturating_duration_since(Instant::now()).as_secs_f64())
    }

    #[getter]
    fn is_cancelled(&self) -> bool {
        self.lock().as_ref().is_none_or(Batch::is_dead)
    }

    #[getter]
    fn may_join(&self) -> bool {
        self.may_join
    }

    #[getter]
    fn traces(&self) -> Vec<PyTrace> {
        let batch = self.lock();
        let tasks = batch.as_ref().map_or(&[][..], Batch::tasks);
        tasks.iter().filter_map(|task| task.progress.trace()).map(|trace| journal::trace(trace)).collect()
    }

    #[getter]
    fn num_members(&self) -> usize {
        self.num_members
    }

    #[getter]
    fn is_streamed(&self) -> bool {
        self.parts.is_some()
    }

    fn send_part(&self, py: Python<'_>, outputs: &Bound<'_, PyMapping>) -> PyResult<bool> {
        let tensors = self.read_outputs(outputs)?;
        Ok(py.detach(|| self.parts.as_ref().is_some_and(|parts| parts.send(tensors))))
    }

    fn end_parts(&self, py: Python<'_>) -> PyResult<()> {
        self.finish(py, Ok(Vec::new()))
    }

    fn split_members(&self, py: Python<'_>) -> PyResult<Vec<PyBatch>> {
        let batch = self.lock().take().ok_or_else(errors::already_answered)?;
        let members = py.detach(|| batch.split_members(&mut Answers::default()));
        Ok(members.into_iter().filter_map(|member| PyBatch::new(py, member)).collect())
    }

    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let parts = self.lock().as_ref().map(|batch| (batch.signature().clone(), batch.inputs()));
        let (signature, inputs) = parts.ok_or_else(errors::already_answered)?;
        let dict = PyDict::new(py);
        for (spec, input) in signature.inputs.iter().zip(&inputs) {
            dict.set_item(&*spec.name, arrays::batch_to_numpy(py, input)?)?;
        }
        if let Some(batch) = &*self.lock() {
            batch.note_joined();
        }
        Ok(dict)
    }

    fn complete(&self, py: Python<'_>, outputs: &Bound<'_, PyMapping>) -> PyResult<()> {
        let tensors = self.read_outputs(outputs)?;
        self.finish(py, Ok(tensors))
    }

    fn fail(&self, py: Python<'_>, code: i32, message: String) -> PyResult<()> {
        self.finish(py, Err(Status::new(Code::from_number(code), message)))
    }
}
