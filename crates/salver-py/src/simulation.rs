//! The scheduler under a load that is made up, for Python.

use std::collections::HashMap;
use std::time::Duration;

use pyo3::prelude::*;
use salver_core::batching::Reason;
use salver_core::batching::simulation::{Arrivals, Report, Simulation};

use crate::batching_policy::PyBatchingPolicy;
use crate::table::seconds;

/// A load, and what runs it.
#[pyclass(frozen, name = "Simulation", module = "salver._native")]
pub(crate) struct PySimulation(Simulation);

#[pymethods]
impl PySimulation {
    #[new]
    #[allow(clippy::too_many_arguments)] // By keyword, field for field: this is the options object.
    #[pyo3(signature = (
        *,
        policy,
        curve,
        jitter,
        num_runners,
        sharing,
        requests_per_s,
        num_clients,
        rows_per_request,
        deadline_s,
        warmup_s,
        duration_s,
        seed,
    ))]
    fn new(
        policy: PyRef<'_, PyBatchingPolicy>,
        curve: Vec<(usize, f64)>,
        jitter: f64,
        num_runners: usize,
        sharing: f64,
        requests_per_s: f64,
        num_clients: Option<usize>,
        rows_per_request: usize,
        deadline_s: Option<f64>,
        warmup_s: f64,
        duration_s: f64,
        seed: u64,
    ) -> PyResult<Self> {
        let think_time = Duration::ZERO;
        let arrivals = num_clients.map_or(Arrivals::Poisson { requests_per_s }, |num_clients| Arrivals::ClosedLoop {
            num_clients,
            think_time,
        });
        Ok(Self(Simulation {
            policy: policy.0.clone(),
            curve: curve.into_iter().map(|(rows, time_s)| Ok((rows, seconds(time_s)?))).collect::<PyResult<_>>()?,
            jitter,
            slowdowns: Vec::new(),
            num_runners: num_runners.max(1),
            sharing,
            arrivals,
            rows_per_request: rows_per_request.max(1),
            deadline: deadline_s.map(seconds).transpose()?,
            warmup: seconds(warmup_s)?,
            duration: seconds(duration_s)?,
            seed,
        }))
    }

    fn run(&self, py: Python<'_>) -> PySimulationReport {
        PySimulationReport::new(&py.detach(|| self.0.run()))
    }

    /// Rows in a second that batches of the best size give.
    fn capacity(&self) -> f64 {
        self.0.capacity()
    }
}

/// What came of a simulated load.
#[pyclass(frozen, get_all, name = "SimulationReport", module = "salver._native")]
pub(crate) struct PySimulationReport {
    rows_per_s: f64,
    num_requests: usize,
    num_answered: usize,
    num_refused: usize,
    p50_s: f64,
    p99_s: f64,
    mean_batch_rows: f64,
    departures: HashMap<&'static str, usize>,
}

impl PySimulationReport {
    fn new(report: &Report) -> Self {
        let departures = Reason::ALL.into_iter().map(|reason| (reason.name(), report.num_left(reason)));
        Self {
            rows_per_s: report.rows_per_s,
            num_requests: report.num_requests,
            num_answered: report.latencies.len(),
            num_refused: report.num_refused,
            p50_s: report.latency(0.5).as_secs_f64(),
            p99_s: report.latency(0.99).as_secs_f64(),
            mean_batch_rows: report.mean_batch_rows(),
            departures: departures.filter(|(_, count)| *count > 0).collect(),
        }
    }
}
