//! Entries of the serving table.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use salver_core::table::{ModelRow, Runner, Target};
use salver_core::{Code, Status};

use crate::batching_policy::PyBatchingPolicy;
use crate::errors;
use crate::model::PyNativeModel;
use crate::signature::PySignature;

/// One servable version as the serving table knows it.
#[pyclass(frozen, name = "Target", module = "salver._native")]
pub(crate) struct PyTarget(pub(crate) Arc<Target>);

#[pymethods]
impl PyTarget {
    #[new]
    #[pyo3(signature = (name, version, signatures, model, servable, batching))]
    fn new(
        name: &str,
        version: i64,
        signatures: Vec<PyRef<'_, PySignature>>,
        model: Option<PyRef<'_, PyNativeModel>>,
        servable: Option<Py<PyAny>>,
        batching: PyRef<'_, PyBatchingPolicy>,
    ) -> PyResult<Self> {
        let (signatures, runner) = match (model, servable) {
            (Some(model), None) => {
                (model.core_signatures().to_vec(), Runner::Native(model.executor().map_err(errors::to_py)?))
            }
            (None, Some(servable)) => {
                (signatures.iter().map(|signature| signature.0.clone()).collect(), Runner::Foreign(Arc::new(servable)))
            }
            _ => {
                let message = "a target takes either a native model or a servable";
                return Err(errors::to_py(Status::invalid_argument(message)));
            }
        };
        Ok(Self(Arc::new(Target::new(name.into(), version, signatures, runner, batching.0.clone()))))
    }

    #[getter]
    fn num_pins(&self) -> usize {
        self.0.num_pins()
    }

    #[pyo3(signature = (timeout_s))]
    fn wait_until_released(&self, py: Python<'_>, timeout_s: Option<f64>) -> PyResult<bool> {
        let timeout = timeout_s.map(seconds).transpose()?;
        Ok(py.detach(|| self.0.wait_until_released(timeout)))
    }

    fn set_batching(&self, policy: PyRef<'_, PyBatchingPolicy>) {
        self.0.owner().set_policy(policy.0.clone());
    }
}

/// Seconds as Python has them.
pub(crate) fn seconds(value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value.clamp(0.0, 1e9))
        .map_err(|_| errors::to_py(Status::invalid_argument(format!("{value} is not a number of seconds"))))
}

/// One model of the serving table.
#[pyclass(frozen, name = "ModelRow", module = "salver._native")]
pub(crate) struct PyModelRow {
    name: String,
    targets: Vec<Arc<Target>>,
    labels: HashMap<String, i64>,
    unavailable: Option<Status>,
}

#[pymethods]
impl PyModelRow {
    #[new]
    #[pyo3(signature = (name, targets, labels, unavailable))]
    fn new(
        name: String,
        targets: Vec<PyRef<'_, PyTarget>>,
        labels: HashMap<String, i64>,
        unavailable: Option<(i32, String)>,
    ) -> Self {
        Self {
            name,
            targets: targets.iter().map(|target| target.0.clone()).collect(),
            labels,
            unavailable: unavailable.map(|(code, message)| Status::new(Code::from_number(code), message)),
        }
    }
}

impl PyModelRow {
    /// Name and row as the table takes them.
    pub(crate) fn to_core(&self) -> (String, ModelRow) {
        let row = ModelRow {
            targets: self.targets.clone(),
            labels: self.labels.clone(),
            unavailable: self.unavailable.clone(),
        };
        (self.name.clone(), row)
    }
}
