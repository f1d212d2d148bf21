//! Signatures as Python gives and gets them.

use std::sync::Arc;

use pyo3::prelude::*;
use salver_core::{DType, Signature, Status, TensorSpec};

use crate::errors;

/// One named input or output.
#[pyclass(frozen, name = "TensorSpec", module = "salver._native")]
#[derive(Clone)]
pub(crate) struct PyTensorSpec(TensorSpec);

#[pymethods]
impl PyTensorSpec {
    #[new]
    #[pyo3(signature = (name, dtype, shape))]
    fn new(name: &str, dtype: i32, shape: Option<Vec<i64>>) -> PyResult<Self> {
        let dtype = DType::from_number(dtype).ok_or_else(|| {
            errors::to_py(Status::invalid_argument(format!("{dtype} is not the number of an element type")))
        })?;
        let name: Arc<str> = name.into();
        Ok(Self(TensorSpec { runtime_name: name.clone(), name, dtype, shape }))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn dtype(&self) -> i32 {
        self.0.dtype.number()
    }

    #[getter]
    fn shape(&self) -> Option<Vec<i64>> {
        self.0.shape.clone()
    }
}

/// A callable of a servable.
#[pyclass(frozen, name = "Signature", module = "salver._native")]
#[derive(Clone)]
pub(crate) struct PySignature(pub(crate) Signature);

#[pymethods]
impl PySignature {
    #[new]
    fn new(
        name: &str,
        method: &str,
        inputs: Vec<PyRef<'_, PyTensorSpec>>,
        outputs: Vec<PyRef<'_, PyTensorSpec>>,
    ) -> Self {
        let sorted = |specs: Vec<PyRef<'_, PyTensorSpec>>| {
            let mut specs: Vec<TensorSpec> = specs.iter().map(|spec| spec.0.clone()).collect();
            specs.sort_by(|a, b| a.name.cmp(&b.name));
            specs
        };
        Self(Signature {
            name: name.into(),
            method: method.into(),
            inputs: sorted(inputs),
            outputs: sorted(outputs),
            defaults: Vec::new(),
        })
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn method(&self) -> &str {
        &self.0.method
    }

    #[getter]
    fn inputs(&self) -> Vec<PyTensorSpec> {
        self.0.inputs.iter().cloned().map(PyTensorSpec).collect()
    }

    #[getter]
    fn outputs(&self) -> Vec<PyTensorSpec> {
        self.0.outputs.iter().cloned().map(PyTensorSpec).collect()
    }
}
