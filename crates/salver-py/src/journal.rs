//! Requests that are told of one by one, for Python to write down.

use std::time::{Duration, Instant, UNIX_EPOCH};

use pyo3::prelude::*;
use salver_core::requests::TraceContext;
use salver_server::{JournalEntries, JournalEntry};

/// An inference that ended.
#[pyclass(frozen, get_all, name = "JournalEntry", module = "salver._native")]
pub(crate) struct PyJournalEntry {
    is_logged: bool,
    request_id: String,
    trace: Option<PyTrace>,
    model: String,
    version: Option<i64>,
    signature: String,
    api: &'static str,
    protocol: &'static str,
    code: i32,
    started_ns: u64,
    duration_ns: u64,
    phases: Vec<PyPhase>,
    num_rows: usize,
    num_batch_requests: u32,
    num_batch_rows: u32,
    num_request_bytes: usize,
    num_response_bytes: usize,
}

/// Name of a phase, nanoseconds from the request's beginning to it, and its own.
type PyPhase = (&'static str, u64, u64);
/// `traceparent` of the caller where there is one, of the request and of its run; and the caller's `tracestate`.
pub(crate) type PyTrace = (Option<String>, String, String, String);
/// Entries, and how many were dropped.
pub(crate) type PyJournalEntries = (Vec<PyJournalEntry>, u64);

/// To be called without the GIL.
pub(crate) fn convert(pulled: JournalEntries) -> PyJournalEntries {
    (pulled.entries.into_iter().map(PyJournalEntry::new).collect(), pulled.num_dropped)
}

/// The spans of a request as text.
pub(crate) fn trace(trace: &TraceContext) -> PyTrace {
    let parent = trace.parent.map(|parent| parent.to_string());
    (parent, trace.root.to_string(), trace.run.to_string(), trace.state.clone())
}

impl PyJournalEntry {
    fn new(entry: JournalEntry) -> Self {
        let started = entry.times.started;
        let after_start = |moment: Instant| nanos(moment.saturating_duration_since(started));
        let phases =
            entry.times.phases().map(|(phase, begun, took)| (phase.name(), after_start(begun), nanos(took))).collect();
        Self {
            is_logged: entry.is_logged,
            request_id: entry.request_id,
            trace: entry.trace.as_deref().map(trace),
            model: entry.model,
            version: entry.version,
            signature: entry.signature,
            api: entry.api.name(),
            protocol: entry.protocol.name(),
            code: entry.code.number(),
            started_ns: entry.started_at.duration_since(UNIX_EPOCH).map_or(0, nanos),
            duration_ns: nanos(entry.times.duration()),
            phases,
            num_rows: entry.num_rows,
            num_batch_requests: entry.company.num_requests,
            num_batch_rows: entry.company.num_rows,
            num_request_bytes: entry.num_request_bytes,
            num_response_bytes: entry.num_response_bytes,
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
