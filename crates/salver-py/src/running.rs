//! Requests that are under way, for Python to tell of.

use pyo3::prelude::*;
use salver_server::RunningRequest;

/// A request that is queued, runs, or waits to be answered.
#[pyclass(frozen, get_all, name = "RunningRequest", module = "salver._native")]
pub(crate) struct PyRunningRequest {
    model: String,
    version: i64,
    signature: String,
    protocol: &'static str,
    phase: &'static str,
    age_s: f64,
    num_batch_requests: u32,
    num_batch_rows: u32,
    trace_id: Option<String>,
}

impl From<RunningRequest> for PyRunningRequest {
    fn from(request: RunningRequest) -> Self {
        Self {
            model: request.model,
            version: request.version,
            signature: request.signature,
            protocol: request.protocol.name(),
            phase: request.phase.name(),
            age_s: request.age.as_secs_f64(),
            num_batch_requests: request.company.num_requests,
            num_batch_rows: request.company.num_rows,
            trace_id: request.trace_id.map(|id| format!("{id:032x}")),
        }
    }
}
