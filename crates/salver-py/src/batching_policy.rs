//! How requests are joined into batches, for Python.

use pyo3::prelude::*;
use salver_core::Status;
use salver_core::batching::{LengthBuckets, LowPriority, MixedPriorityPolicy, PaddingPolicy, Policy};

use crate::errors;
use crate::table::seconds;

/// Which lengths may share a batch.
#[pyclass(frozen, from_py_object, name = "LengthBuckets", module = "salver._native")]
#[derive(Clone)]
pub(crate) struct PyLengthBuckets(LengthBuckets);

#[pymethods]
impl PyLengthBuckets {
    #[new]
    #[pyo3(signature = (*, limits, signature, input, dimension))]
    fn new(limits: Vec<usize>, signature: String, input: String, dimension: usize) -> Self {
        Self(LengthBuckets { signature, input, dimension, limits })
    }
}

/// Limits of the queue for sheddable requests.
#[pyclass(frozen, from_py_object, name = "LowPriority", module = "salver._native")]
#[derive(Clone)]
pub(crate) struct PyLowPriority(LowPriority);

#[pymethods]
impl PyLowPriority {
    #[new]
    #[pyo3(signature = (
        *,
        max_batch_size,
        batch_timeout_s,
        max_enqueued_batches,
        allowed_batch_sizes,
        mixed_priority_batching_policy,
    ))]
    fn new(
        max_batch_size: usize,
        batch_timeout_s: f64,
        max_enqueued_batches: usize,
        allowed_batch_sizes: Vec<usize>,
        mixed_priority_batching_policy: &str,
    ) -> PyResult<Self> {
        Ok(Self(LowPriority {
            max_batch_size,
            batch_timeout: seconds(batch_timeout_s)?,
            max_enqueued_batches,
            allowed_batch_sizes,
            mixed_priority_batching_policy: mixed_priority_policy(mixed_priority_batching_policy)?,
        }))
    }
}

/// How the requests to one version are joined into batches.
#[pyclass(frozen, eq, name = "BatchingPolicy", module = "salver._native")]
#[derive(PartialEq)]
pub(crate) struct PyBatchingPolicy(pub(crate) Policy);

#[pymethods]
impl PyBatchingPolicy {
    #[new]
    #[allow(clippy::too_many_arguments)] // By keyword, field for field: this is the options object.
    #[pyo3(signature = (
        *,
        is_adaptive,
        max_batch_size,
        enable_large_batch_splitting,
        max_execution_batch_size,
        batch_timeout_s,
        max_enqueued_batches,
        allowed_batch_sizes,
        batch_padding_policy,
        pad_variable_length_inputs,
        length_buckets,
        latency_slo_s,
        weight,
        max_in_flight_batches,
        max_queued_rows,
        max_queued_bytes,
        low_priority,
    ))]
    fn new(
        is_adaptive: bool,
        max_batch_size: usize,
        enable_large_batch_splitting: bool,
        max_execution_batch_size: Option<usize>,
        batch_timeout_s: f64,
        max_enqueued_batches: usize,
        allowed_batch_sizes: Vec<usize>,
        batch_padding_policy: &str,
        pad_variable_length_inputs: bool,
        length_buckets: Vec<PyLengthBuckets>,
        latency_slo_s: Option<f64>,
        weight: f64,
        max_in_flight_batches: Option<usize>,
        max_queued_rows: usize,
        max_queued_bytes: usize,
        low_priority: Option<PyLowPriority>,
    ) -> PyResult<Self> {
        Ok(Self(Policy {
            is_adaptive,
            max_batch_size,
            enable_large_batch_splitting,
            max_execution_batch_size,
            batch_timeout: seconds(batch_timeout_s)?,
            max_enqueued_batches,
            allowed_batch_sizes,
            batch_padding_policy: padding_policy(batch_padding_policy)?,
            pad_variable_length_inputs,
            length_buckets: length_buckets.into_iter().map(|buckets| buckets.0).collect(),
            latency_slo: latency_slo_s.map(seconds).transpose()?,
            weight,
            max_in_flight_batches,
            max_queued_rows,
            max_queued_bytes,
            low_priority: low_priority.map(|limits| limits.0),
        }))
    }

    /// What the core takes where nothing is said.
    #[staticmethod]
    fn defaults() -> Self {
        Self(Policy::default())
    }
}

fn padding_policy(name: &str) -> PyResult<PaddingPolicy> {
    match name {
        "PAD_UP" => Ok(PaddingPolicy::PadUp),
        "BATCH_DOWN" => Ok(PaddingPolicy::BatchDown),
        "MINIMIZE_TPU_COST_PER_REQUEST" => Ok(PaddingPolicy::MinimizeCostPerRequest),
        _ => Err(unknown("batch_padding_policy", name)),
    }
}

fn mixed_priority_policy(name: &str) -> PyResult<MixedPriorityPolicy> {
    match name {
        "low_priority_padding_with_max_batch_size" => Ok(MixedPriorityPolicy::PaddingWithMaxBatchSize),
        "low_priority_padding_with_next_allowed_batch_size" => Ok(MixedPriorityPolicy::PaddingWithNextAllowedBatchSize),
        "priority_isolation" => Ok(MixedPriorityPolicy::Isolation),
        "priority_merge" => Ok(MixedPriorityPolicy::Merge),
        _ => Err(unknown("mixed_priority_batching_policy", name)),
    }
}

fn unknown(field: &str, name: &str) -> PyErr {
    errors::to_py(Status::invalid_argument(format!("no {field} is called {name:?}")))
}
