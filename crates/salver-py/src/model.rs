//! Native models: TensorFlow's libraries and what they load.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use salver_core::{BatchInput, Call, Code, Executor, Signature, Status, Tensor};
use salver_tensorflow::{LoadOptions, RunPlace, Runtime, SavedModel};

use crate::signature::PySignature;
use crate::{arrays, errors};

/// TensorFlow's C libraries.
#[pyclass(frozen, name = "TensorFlowRuntime", module = "salver._native")]
pub(crate) struct PyTensorFlowRuntime(Arc<Runtime>);

#[pymethods]
impl PyTensorFlowRuntime {
    #[staticmethod]
    fn open(py: Python<'_>, libraries: Vec<PathBuf>) -> PyResult<Self> {
        py.detach(|| Runtime::open(&libraries)).map(Self).map_err(errors::to_py)
    }

    #[getter]
    fn version(&self) -> String {
        self.0.version()
    }

    fn load_library(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.0.load_library(&path)).map_err(errors::to_py)
    }

    #[allow(clippy::too_many_arguments)] // Plain values cross, by position; the Python side has them by name.
    fn load(
        &self,
        py: Python<'_>,
        directory: PathBuf,
        tags: Vec<String>,
        intra_op_threads: u32,
        inter_op_threads: u32,
        run_in_caller: Option<bool>,
        session_config: Vec<u8>,
    ) -> PyResult<PyNativeModel> {
        let options = LoadOptions {
            tags,
            intra_op_threads: (intra_op_threads > 0).then_some(intra_op_threads),
            inter_op_threads: (inter_op_threads > 0).then_some(inter_op_threads),
            run_place: match run_in_caller {
                None => RunPlace::Auto,
                Some(true) => RunPlace::Caller,
                Some(false) => RunPlace::Pool,
            },
            config_proto: (!session_config.is_empty()).then_some(session_config),
            ..LoadOptions::default()
        };
        py.detach(|| load(&self.0, &directory, &options)).map_err(errors::to_py)
    }
}

fn load(runtime: &Arc<Runtime>, directory: &Path, options: &LoadOptions) -> Result<PyNativeModel, Status> {
    let model = SavedModel::load(runtime, directory, options)?;
    Ok(PyNativeModel {
        signatures: model.signatures().to_vec(),
        signature_def_map: model.signature_def_map(),
        executor: Mutex::new(Some(Arc::new(model))),
    })
}

/// A loaded model.
#[pyclass(frozen, name = "NativeModel", module = "salver._native")]
pub(crate) struct PyNativeModel {
    signatures: Vec<Signature>,
    signature_def_map: bytes::Bytes,
    executor: Mutex<Option<Arc<dyn Executor>>>,
}

impl PyNativeModel {
    /// What runs it; fails after `close`.
    pub(crate) fn executor(&self) -> Result<Arc<dyn Executor>, Status> {
        let executor = self.executor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        executor.ok_or_else(|| Status::new(Code::FailedPrecondition, "The model is closed."))
    }

    /// Its callable signatures.
    pub(crate) fn core_signatures(&self) -> &[Signature] {
        &self.signatures
    }

    fn find(&self, name: &str) -> Result<&Signature, Status> {
        let found = self.signatures.iter().find(|signature| &*signature.name == name);
        found.ok_or_else(|| {
            Status::new(Code::FailedPrecondition, format!("Serving signature key \"{name}\" not found."))
        })
    }
}

#[pymethods]
impl PyNativeModel {
    #[getter]
    fn signatures(&self) -> Vec<PySignature> {
        self.signatures.iter().cloned().map(PySignature).collect()
    }

    #[getter]
    fn signature_def_map<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.signature_def_map)
    }

    fn run<'py>(&self, py: Python<'py>, signature: &str, inputs: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        let executor = self.executor().map_err(errors::to_py)?;
        let signature = self.find(signature).map_err(errors::to_py)?;
        let tensors = bind_inputs(signature, inputs)?;
        let inputs: Vec<BatchInput> = tensors.into_iter().map(BatchInput::single).collect();
        let outputs: Vec<usize> = (0..signature.outputs.len()).collect();
        let answers = py.detach(|| executor.run(&Call::new(signature, &inputs, &outputs))).map_err(errors::to_py)?;
        outputs_dict(py, signature, &outputs, &answers)
    }

    fn close(&self, py: Python<'_>) {
        let executor = self.executor.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| drop(executor));
    }
}

/// One tensor per declared input, defaults filled in.
pub(crate) fn bind_inputs(signature: &Signature, inputs: &Bound<'_, PyDict>) -> PyResult<Vec<Tensor>> {
    let mut num_found = 0;
    let bind = |(index, spec): (usize, &salver_core::TensorSpec)| match inputs.get_item(&*spec.name)? {
        Some(value) => {
            num_found += 1;
            arrays::from_numpy(&value, spec.dtype, &spec.name)
        }
        None => signature.default_of(index).cloned().ok_or_else(|| {
            let message = format!("input {} of signature {} is missing", spec.name, signature.name);
            errors::to_py(Status::invalid_argument(message))
        }),
    };
    let tensors = signature.inputs.iter().enumerate().map(bind).collect::<PyResult<_>>()?;
    if num_found < inputs.len() { Err(unknown_input(signature, inputs)) } else { Ok(tensors) }
}

fn unknown_input(signature: &Signature, inputs: &Bound<'_, PyDict>) -> PyErr {
    let sent: Vec<String> = inputs.keys().iter().map(|name| name.to_string()).collect();
    let known: Vec<&str> = signature.inputs.iter().map(|spec| &*spec.name).collect();
    let unknown: Vec<&String> = sent.iter().filter(|name| !known.contains(&name.as_str())).collect();
    let message = format!("inputs {unknown:?} are not in signature {}; expected {known:?}", signature.name);
    errors::to_py(Status::invalid_argument(message))
}

/// Answers by output name.
pub(crate) fn outputs_dict<'py>(
    py: Python<'py>,
    signature: &Signature,
    indexes: &[usize],
    tensors: &[Tensor],
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (index, tensor) in indexes.iter().zip(tensors) {
        dict.set_item(&*signature.outputs[*index].name, arrays::to_numpy(py, tensor)?)?;
    }
    Ok(dict)
}
