//! The load generator, for Python.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use salver_load::{Busy, Latencies, Options, Progress, Protocol, Report, Run, Spacing, Tls};

use crate::errors;
use crate::table::seconds;

/// How a load believes the server, and what it shows to it; all PEM.
#[pyclass(frozen, name = "LoadTls", module = "salver._native")]
pub(crate) struct PyLoadTls(Tls);

#[pymethods]
impl PyLoadTls {
    #[new]
    #[pyo3(signature = (*, server_name, roots, identity))]
    fn new(server_name: String, roots: Vec<u8>, identity: Option<(Vec<u8>, Vec<u8>)>) -> Self {
        Self(Tls { server_name, roots, identity })
    }
}

/// A load.
#[pyclass(frozen, name = "LoadOptions", module = "salver._native")]
pub(crate) struct PyLoadOptions(Options);

#[pymethods]
impl PyLoadOptions {
    #[new]
    #[allow(clippy::too_many_arguments)] // By keyword, field for field: this is the options object.
    #[pyo3(signature = (
        *,
        host,
        port,
        protocol,
        method,
        path,
        headers,
        bodies,
        num_connections,
        num_in_flight,
        num_threads,
        requests_per_s,
        spacing,
        seed,
        max_queued,
        warmup_s,
        duration_s,
        num_requests,
        timeout_s,
        connect_timeout_s,
        tls,
        keep_reply,
    ))]
    fn new(
        host: String,
        port: u16,
        protocol: &str,
        method: String,
        path: String,
        headers: Vec<(String, String)>,
        bodies: Vec<Vec<u8>>,
        num_connections: usize,
        num_in_flight: usize,
        num_threads: usize,
        requests_per_s: Option<f64>,
        spacing: &str,
        seed: u64,
        max_queued: usize,
        warmup_s: f64,
        duration_s: Option<f64>,
        num_requests: Option<u64>,
        timeout_s: f64,
        connect_timeout_s: f64,
        tls: Option<PyRef<'_, PyLoadTls>>,
        keep_reply: bool,
    ) -> PyResult<Self> {
        Ok(Self(Options {
            host,
            port,
            protocol: one_of(protocol, [("grpc", Protocol::Grpc), ("rest", Protocol::Rest)])?,
            method,
            path,
            headers,
            bodies: bodies.into_iter().map(Bytes::from).collect(),
            num_connections,
            num_in_flight,
            num_threads,
            rate: requests_per_s,
            spacing: one_of(spacing, [("poisson", Spacing::Poisson), ("constant", Spacing::Constant)])?,
            seed,
            max_queued,
            warmup: seconds(warmup_s)?,
            duration: duration_s.map(seconds).transpose()?,
            num_requests,
            timeout: seconds(timeout_s)?,
            connect_timeout: seconds(connect_timeout_s)?,
            tls: tls.map(|tls| tls.0.clone()),
            keep_reply,
        }))
    }
}

/// The value of a word.
fn one_of<T, const N: usize>(word: &str, known: [(&str, T); N]) -> PyResult<T> {
    let names = known.each_ref().map(|(name, _)| *name).join(" or ");
    let found = known.into_iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| value).ok_or_else(|| PyValueError::new_err(format!("expected {names}, got {word}")))
}

/// How far a load is.
#[pyclass(frozen, get_all, name = "LoadProgress", module = "salver._native")]
pub(crate) struct PyLoadProgress {
    is_over: bool,
    is_warming_up: bool,
    measured_s: f64,
    num_answered: u64,
    num_failed: u64,
    num_dropped: u64,
    recent_p50_s: f64,
    recent_p99_s: f64,
}

impl From<Progress> for PyLoadProgress {
    fn from(progress: Progress) -> Self {
        Self {
            is_over: progress.is_over,
            is_warming_up: progress.is_warming_up,
            measured_s: progress.measured.as_secs_f64(),
            num_answered: progress.num_answered,
            num_failed: progress.num_failed,
            num_dropped: progress.num_dropped,
            recent_p50_s: progress.recent_p50.as_secs_f64(),
            recent_p99_s: progress.recent_p99.as_secs_f64(),
        }
    }
}

/// Middles of buckets in seconds, with counts.
type Buckets = Vec<(f64, u64)>;

/// What came of a load.
#[pyclass(frozen, name = "LoadReport", module = "salver._native")]
pub(crate) struct PyLoadReport(Report);

#[pymethods]
impl PyLoadReport {
    #[getter]
    fn measured_s(&self) -> f64 {
        self.0.measured.as_secs_f64()
    }

    #[getter]
    fn latencies(&self) -> Buckets {
        buckets(&self.0.tally.latencies)
    }

    #[getter]
    fn latency_sum_s(&self) -> f64 {
        self.0.tally.latencies.sum().as_secs_f64()
    }

    #[getter]
    fn latency_max_s(&self) -> f64 {
        self.0.tally.latencies.max().as_secs_f64()
    }

    #[getter]
    fn answered(&self) -> Vec<u64> {
        self.0.tally.answered.clone()
    }

    #[getter]
    fn failures(&self) -> BTreeMap<&str, (u64, &str)> {
        let failures = self.0.tally.failures.iter();
        failures.map(|(kind, failures)| (&**kind, (failures.count, &*failures.message))).collect()
    }

    #[getter]
    fn num_within(&self) -> u64 {
        self.0.tally.num_within
    }

    #[getter]
    fn sent_bytes(&self) -> u64 {
        self.0.tally.sent_bytes
    }

    #[getter]
    fn received_bytes(&self) -> u64 {
        self.0.tally.received_bytes
    }

    #[getter]
    fn lags(&self) -> Buckets {
        buckets(&self.0.tally.lags)
    }

    #[getter]
    fn num_dropped(&self) -> u64 {
        self.0.tally.num_dropped
    }

    #[getter]
    fn busy_s(&self) -> Vec<(f64, f64)> {
        self.0.busy.iter().map(pair).collect()
    }

    #[getter]
    fn pacer_busy_s(&self) -> (f64, f64) {
        pair(&self.0.pacer)
    }

    #[getter]
    fn failure(&self) -> Option<&str> {
        self.0.failure.as_deref()
    }

    #[getter]
    fn reply<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.tally.reply.as_ref().map(|reply| PyBytes::new(py, reply))
    }
}

fn buckets(latencies: &Latencies) -> Buckets {
    latencies.buckets().map(|(middle, count)| (middle.as_secs_f64(), count)).collect()
}

fn pair(busy: &Busy) -> (f64, f64) {
    (busy.cpu.as_secs_f64(), busy.waiting.as_secs_f64())
}

/// A load that has begun.
#[pyclass(frozen, name = "LoadRun", module = "salver._native")]
pub(crate) struct PyLoadRun(Run);

#[pymethods]
impl PyLoadRun {
    #[staticmethod]
    fn start(py: Python<'_>, options: PyRef<'_, PyLoadOptions>) -> PyResult<Self> {
        let options = options.0.clone();
        let mut signalled = None;
        let started = py.detach(|| {
            Run::start_unless(options, || {
                signalled = Python::attach(|py| py.check_signals()).err();
                signalled.is_some()
            })
        });
        started.map(Self).map_err(|status| signalled.unwrap_or_else(|| errors::to_py(status)))
    }

    fn next_progress(&self, py: Python<'_>, wait_s: f64) -> PyResult<PyLoadProgress> {
        let wait: Duration = seconds(wait_s)?;
        Ok(py.detach(|| self.0.next_progress(wait)).into())
    }

    fn stop(&self) {
        self.0.stop();
    }

    fn report(&self, py: Python<'_>) -> PyLoadReport {
        PyLoadReport(py.detach(|| self.0.report()))
    }
}

impl Drop for PyLoadRun {
    /// Ends a run that was dropped instead; its threads must not have Python wait for them.
    fn drop(&mut self) {
        Python::try_attach(|py| {
            py.detach(|| {
                self.0.stop();
                self.0.report();
            });
        });
    }
}
