//! What has come of batching, for Python.

use std::collections::HashMap;
use std::time::Instant;

use pyo3::prelude::*;
use salver_core::batching::{CurvePoint, Line, Load, Quantiles};

/// p50, p90 and p99 in seconds.
type QuantilesTuple = (f64, f64, f64);
/// Rows, p50 and p90 in seconds, samples.
type PointTuple = (usize, f64, f64, usize);

/// What has come of batching for one signature.
#[pyclass(frozen, get_all, name = "LineReport", module = "salver._native")]
pub(crate) struct PyLineReport {
    signature: String,
    departures: HashMap<&'static str, u64>,
    refusals: HashMap<&'static str, u64>,
    num_batches: u64,
    num_requests: u64,
    num_rows: u64,
    num_padding_rows: u64,
    batch_sizes: Vec<(u64, u64)>,
    wait: Option<QuantilesTuple>,
    run: Option<QuantilesTuple>,
    num_in_flight: usize,
    num_queued_rows: usize,
    curve: Vec<PointTuple>,
    rows_per_s: f64,
}

impl PyLineReport {
    /// The report on `line`, which has `load` on its hands.
    pub(crate) fn new(line: &Line, load: Load) -> Self {
        let mut report = Self {
            signature: line.name().to_owned(),
            departures: HashMap::new(),
            refusals: HashMap::new(),
            num_batches: 0,
            num_requests: 0,
            num_rows: 0,
            num_padding_rows: 0,
            batch_sizes: Vec::new(),
            wait: None,
            run: None,
            num_in_flight: load.num_in_flight,
            num_queued_rows: load.num_queued_rows,
            curve: Vec::new(),
            rows_per_s: 0.0,
        };
        if line.was_used() {
            report.count(line);
        }
        report
    }

    fn count(&mut self, line: &Line) {
        let stats = line.stats();
        let departures = stats.by_reason().map(|(reason, count)| (reason.name(), count));
        self.departures = departures.filter(|(_, count)| *count > 0).collect();
        self.refusals = stats.by_refusal().filter(|(_, count)| *count > 0).collect();
        self.num_batches = stats.num_batches();
        self.num_requests = stats.num_requests();
        self.num_rows = stats.num_rows();
        self.num_padding_rows = stats.num_padding_rows();
        self.batch_sizes = stats.batch_sizes();
        self.wait = stats.wait().map(quantiles_tuple);
        self.run = stats.run().map(quantiles_tuple);
        self.rows_per_s = stats.rows_per_s(Instant::now());
        let point =
            |point: CurvePoint| (point.num_rows, point.p50_micros * 1e-6, point.p90_micros * 1e-6, point.num_runs);
        self.curve = line.curve().into_iter().map(point).collect();
    }
}

fn quantiles_tuple(quantiles: Quantiles) -> QuantilesTuple {
    (quantiles.p50.as_secs_f64(), quantiles.p90.as_secs_f64(), quantiles.p99.as_secs_f64())
}
