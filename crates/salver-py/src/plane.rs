//! The data plane for Python.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use salver_core::requests::Exemplar;
use salver_core::status::{Code, Status};
use salver_core::table::{Choice, Snapshot};
use salver_server::metrics::{Family, Kind};
use salver_server::{Api, JournalOptions, Options, Plane, Prediction, Terms};

use crate::batch::PyBatch;
use crate::batching_report::PyLineReport;
use crate::control::PyControlCall;
use crate::grpc_options::PyGrpcOptions;
use crate::journal::{self, PyJournalEntries};
use crate::request_log::{self, PyLogEntries, PyLogRule};
use crate::running::PyRunningRequest;
use crate::table::{PyModelRow, PyTarget, seconds};
use crate::{errors, model, tls};

/// Longest body that the protocols allow.
const MAX_MESSAGE_BYTES: usize = i32::MAX as usize;

/// Fixed settings of a data plane.
#[pyclass(frozen, name = "DataPlaneOptions", module = "salver._native")]
pub(crate) struct PyDataPlaneOptions(Options);

#[pymethods]
impl PyDataPlaneOptions {
    #[new]
    #[allow(clippy::too_many_arguments)] // Field for field; the Python side has them by name.
    #[pyo3(signature = (
        *,
        num_io_threads,
        num_runners,
        max_message_bytes,
        max_message_flag,
        rest_timeout_s,
        tensor_content,
        rest_cors,
        min_gzip_bytes,
        grpc,
        check_methods,
        access_log,
        trace_sampling_ratio,
    ))]
    fn new(
        num_io_threads: usize,
        num_runners: usize,
        max_message_bytes: Option<usize>,
        max_message_flag: String,
        rest_timeout_s: Option<f64>,
        tensor_content: bool,
        rest_cors: bool,
        min_gzip_bytes: Option<usize>,
        grpc: &PyGrpcOptions,
        check_methods: bool,
        access_log: bool,
        trace_sampling_ratio: Option<f64>,
    ) -> PyResult<Self> {
        Ok(Self(Options {
            num_io_threads,
            num_runners,
            max_message_bytes: max_message_bytes.unwrap_or(MAX_MESSAGE_BYTES),
            max_message_flag,
            rest_timeout: rest_timeout_s.map(seconds).transpose()?,
            tensor_content,
            rest_cors,
            min_gzip_bytes,
            grpc: grpc.0.clone(),
            check_methods,
            journal: JournalOptions { is_logged: access_log, sampling_ratio: trace_sampling_ratio },
        }))
    }
}

/// Sockets, codecs, serving table and scheduler.
#[pyclass(frozen, name = "DataPlane", module = "salver._native")]
pub(crate) struct PyDataPlane(Plane);

#[pymethods]
impl PyDataPlane {
    #[new]
    fn new(options: &PyDataPlaneOptions) -> PyResult<Self> {
        Plane::start(options.0.clone()).map(Self).map_err(errors::to_py)
    }

    fn listen_grpc(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        py.detach(|| self.0.listen_grpc(host, port)).map_err(errors::to_py)
    }

    fn listen_rest(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        py.detach(|| self.0.listen_rest(host, port)).map_err(errors::to_py)
    }

    fn listen_admin(&self, py: Python<'_>, host: &str, port: u16) -> PyResult<u16> {
        py.detach(|| self.0.listen_admin(host, port)).map_err(errors::to_py)
    }

    fn listen_grpc_unix(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.0.listen_grpc_unix(&path)).map_err(errors::to_py)
    }

    fn set_tls(
        &self,
        py: Python<'_>,
        port: &str,
        certificate: (String, Vec<u8>),
        key: (String, Vec<u8>),
        client_ca: Option<(String, Vec<u8>)>,
    ) -> PyResult<f64> {
        let (port, config) = (tls::port(port)?, tls::config(certificate, key, client_ca));
        py.detach(|| self.0.set_tls(port, &config)).map(tls::epoch_seconds).map_err(errors::to_py)
    }

    fn publish(&self, py: Python<'_>, models: Vec<PyRef<'_, PyModelRow>>) {
        let snapshot = Snapshot::new(models.iter().map(|row| row.to_core()));
        // The swap may wait for the dynamic loader (see `Plane::publish`), and the last table may hold much to be freed.
        py.detach(|| self.0.publish(snapshot));
    }

    fn publish_health(&self, services: HashMap<String, i32>, is_ready: bool) {
        self.0.publish_health(services, is_ready);
    }

    fn next_batch(&self, py: Python<'_>, timeout_s: f64) -> PyResult<Option<PyBatch>> {
        let timeout = seconds(timeout_s)?;
        let batch = py.detach(|| self.0.next_batch(timeout));
        Ok(batch.and_then(|batch| PyBatch::new(py, batch)))
    }

    fn next_call(&self, py: Python<'_>, timeout_s: f64) -> PyResult<Option<PyControlCall>> {
        let timeout = seconds(timeout_s)?;
        Ok(py.detach(|| self.0.next_call(timeout)).map(PyControlCall::new))
    }

    #[allow(clippy::too_many_arguments)] // Plain values cross, by position; the Python side has them by name.
    #[pyo3(signature = (model, version, label, signature, inputs, timeout_s))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        model: &str,
        version: Option<i64>,
        label: Option<&str>,
        signature: &str,
        inputs: &Bound<'py, PyDict>,
        timeout_s: Option<f64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let prediction = self.prepare(model, choice(version, label), signature, inputs, timeout_s)?;
        let (signature, outputs) = (prediction.signature.clone(), prediction.outputs.clone());
        let tensors = py.detach(|| self.0.predict(prediction)).map_err(errors::to_py)?;
        model::outputs_dict(py, &signature, &outputs, &tensors)
    }

    #[pyo3(signature = (target, api, request, timeout_s))]
    fn replay(
        &self,
        py: Python<'_>,
        target: &PyTarget,
        api: &str,
        request: Vec<u8>,
        timeout_s: Option<f64>,
    ) -> PyResult<()> {
        let timeout = timeout_s.map(seconds).transpose()?;
        let unknown = || errors::to_py(Status::unimplemented(format!("requests of kind {api} cannot be replayed")));
        let api = Api::named(api).ok_or_else(unknown)?;
        py.detach(|| self.0.replay(&target.0, api, request.into(), timeout)).map_err(errors::to_py)
    }

    fn set_log_rules(&self, py: Python<'_>, rules: Vec<PyRef<'_, PyLogRule>>) {
        let rules: Vec<_> = rules.iter().map(|rule| rule.0.clone()).collect();
        // The swap may wait for the dynamic loader, see `Plane::publish`.
        py.detach(|| self.0.set_log_rules(rules));
    }

    fn next_log_entries(&self, py: Python<'_>, timeout_s: f64) -> PyResult<Option<PyLogEntries>> {
        let timeout = seconds(timeout_s)?;
        let encoded = py.detach(|| self.0.next_log_entries(timeout).map(request_log::encode));
        Ok(encoded.map(|encoded| request_log::to_py(py, encoded)))
    }

    fn next_journal_entries(&self, py: Python<'_>, timeout_s: f64) -> PyResult<Option<PyJournalEntries>> {
        let timeout = seconds(timeout_s)?;
        Ok(py.detach(|| self.0.next_journal_entries(timeout).map(journal::convert)))
    }

    fn running_requests(&self, py: Python<'_>, most: usize) -> (usize, Vec<PyRunningRequest>) {
        let (total, oldest) = py.detach(|| self.0.running_requests(most));
        (total, oldest.into_iter().map(Into::into).collect())
    }

    fn metrics(&self, py: Python<'_>) -> Vec<FamilyTuple> {
        // Takes the locks of the schedulers, and of many models time.
        py.detach(|| self.0.metrics().into_iter().map(family_tuple).collect())
    }

    fn line_reports(&self, py: Python<'_>, target: &PyTarget) -> Vec<PyLineReport> {
        py.detach(|| {
            let lines = self.0.lines(&target.0);
            lines.into_iter().map(|(line, load)| PyLineReport::new(line, load)).collect()
        })
    }

    fn begin_drain(&self, py: Python<'_>) {
        py.detach(|| self.0.begin_drain());
    }

    fn wait_drained(&self, py: Python<'_>, timeout_s: f64) -> PyResult<bool> {
        let timeout = seconds(timeout_s)?;
        Ok(py.detach(|| self.0.wait_drained(timeout)))
    }

    fn stop(&self, py: Python<'_>) -> bool {
        py.detach(|| self.0.stop())
    }
}

/// Value, bucket counts and exemplars for these label values.
type SeriesTuple = (Vec<String>, u64, Vec<u64>, Vec<ExemplarTuple>);
/// Index of the bucket, trace, nanoseconds, and seconds since the epoch.
type ExemplarTuple = (usize, String, u64, f64);
/// Name, kind, label names, series, limits, and what a value is to be multiplied by.
type FamilyTuple = (String, &'static str, Vec<&'static str>, Vec<SeriesTuple>, Vec<f64>, f64);

fn family_tuple(family: Family) -> FamilyTuple {
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let series = family.series.into_iter().map(|series| {
        let exemplars = series.exemplars.into_iter().map(exemplar_tuple).collect();
        (series.labels, series.value, series.bucket_counts, exemplars)
    });
    (family.name, kind, family.label_names.to_vec(), series.collect(), family.limits.to_vec(), family.scale)
}

fn exemplar_tuple((bucket, exemplar): (usize, Exemplar)) -> ExemplarTuple {
    let at = exemplar.at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    (bucket, format!("{:032x}", exemplar.trace_id), exemplar.nanos, at)
}

fn choice(version: Option<i64>, label: Option<&str>) -> Choice<'_> {
    match (version, label) {
        (Some(version), _) => Choice::Version(version),
        (None, Some(label)) => Choice::Label(label),
        (None, None) => Choice::Latest,
    }
}

impl Drop for PyDataPlane {
    /// Stops a plane that was dropped instead; its threads may take their time, and must not have Python wait for them.
    fn drop(&mut self) {
        Python::try_attach(|py| py.detach(|| self.0.stop()));
    }
}

impl PyDataPlane {
    fn prepare(
        &self,
        model: &str,
        choice: Choice<'_>,
        signature: &str,
        inputs: &Bound<'_, PyDict>,
        timeout_s: Option<f64>,
    ) -> PyResult<Prediction> {
        let timeout: Option<Duration> = timeout_s.map(seconds).transpose()?;
        let pinned = self.0.table().resolve(model, choice).map_err(errors::to_py)?;
        let signature = pinned.signature(signature).cloned().ok_or_else(|| {
            let message = format!("Serving signature key \"{signature}\" not found in model {model}.");
            errors::to_py(Status::new(Code::FailedPrecondition, message))
        })?;
        let tensors = model::bind_inputs(&signature, inputs)?;
        Ok(Prediction {
            pinned,
            outputs: (0..signature.outputs.len()).collect(),
            signature,
            inputs: tensors,
            terms: Terms { deadline: timeout.map(|timeout| Instant::now() + timeout), ..Terms::default() },
        })
    }
}
