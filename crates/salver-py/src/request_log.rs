//! Requests to be logged, for Python to write down.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use salver_server::{LogEntries, LogRule};

/// What of one model is logged, and by which logger.
#[pyclass(frozen, name = "LogRule", module = "salver._native")]
pub(crate) struct PyLogRule(pub(crate) LogRule);

#[pymethods]
impl PyLogRule {
    #[new]
    fn new(model: String, sampling_rate: f64, logger: u64, metadata: Vec<u8>) -> Self {
        Self(LogRule { model, sampling_rate, logger, metadata: metadata.into() })
    }
}

/// Model, logger and serialized PredictionLog of each entry; and how many were dropped, by model.
pub(crate) type PyLogEntries = (Vec<(String, u64, Py<PyBytes>)>, HashMap<String, u64>);

/// A record on its way to Python.
pub(crate) struct Record {
    model: String,
    logger: u64,
    bytes: Vec<u8>,
}

/// Encodes the entries; one that cannot be encoded counts as dropped. To be called without the GIL.
pub(crate) fn encode(pulled: LogEntries) -> (Vec<Record>, HashMap<String, u64>) {
    let mut dropped = pulled.dropped;
    let mut records = Vec::with_capacity(pulled.entries.len());
    for entry in pulled.entries {
        let rule = entry.rule().clone();
        match entry.into_record() {
            Ok(bytes) => records.push(Record { model: rule.model.clone(), logger: rule.logger, bytes }),
            Err(_status) => *dropped.entry(rule.model.clone()).or_default() += 1,
        }
    }
    (records, dropped)
}

/// Hands the records to Python.
pub(crate) fn to_py(py: Python<'_>, (records, dropped): (Vec<Record>, HashMap<String, u64>)) -> PyLogEntries {
    let entry = |record: Record| (record.model, record.logger, PyBytes::new(py, &record.bytes).unbind());
    (records.into_iter().map(entry).collect(), dropped)
}
