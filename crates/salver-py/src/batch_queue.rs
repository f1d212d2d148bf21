//! A queue of Python objects that leave it in batches: the server's own scheduler, for whatever Python likes to run.
//!
//! No Python code runs, and no Python object is dropped, while the scheduler is locked: what leaves the queue is handed
//! out of it first. So its lock may be taken with the GIL held, and whoever has it never waits for the GIL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::PyList;
use salver_core::Status;
use salver_core::batching::{Criticality, Line, Options, Owner, Policy, Refusal, Scheduler, Ticket, Turn, Work};
use salver_core::histogram::Histogram;

use crate::batching_policy::PyBatchingPolicy;
use crate::errors;
use crate::table::seconds;

/// A call that waits for its batch.
struct Call {
    payload: Py<PyAny>,
    line: Arc<Line>,
    num_rows: usize,
    num_bytes: usize,
    group: u64,
    deadline: Option<Instant>,
    criticality: Criticality,
    is_abandoned: Arc<AtomicBool>,
    queued_at: Instant,
}

impl Work for Call {
    fn line(&self) -> &Arc<Line> {
        &self.line
    }

    fn num_rows(&self) -> usize {
        self.num_rows
    }

    fn num_bytes(&self) -> usize {
        self.num_bytes
    }

    fn joins(&self, other: &Self, _policy: &Policy) -> bool {
        self.group == other.group
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn criticality(&self) -> Criticality {
        self.criticality
    }

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    fn set_queued_at(&mut self, now: Instant) {
        self.queued_at = now;
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }

    /// Not asked for: `PyBatchQueue::new` takes no policy that splits.
    fn split(self, _sizes: &[usize]) -> Vec<Self> {
        vec![self]
    }
}

/// Payload, name of why it does not run, seconds after which to try again.
type RefusedTuple = (Py<PyAny>, &'static str, Option<f64>);

fn refused_tuple((call, refusal): (Call, Refusal)) -> RefusedTuple {
    let retry_after = match refusal {
        Refusal::Late { retry_after } => Some(retry_after),
        Refusal::QueueFull { retry_after } => retry_after,
        _ => None,
    };
    (call.payload, refusal.name(), retry_after.map(|time| time.as_secs_f64()))
}

/// Lets go of a call that waits.
#[pyclass(frozen, name = "QueuedCall", module = "salver._native")]
pub(crate) struct PyQueuedCall(Arc<AtomicBool>);

#[pymethods]
impl PyQueuedCall {
    fn abandon(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Calls that run together, and calls that do not run.
#[pyclass(frozen, name = "BatchTurn", module = "salver._native")]
pub(crate) struct PyBatchTurn {
    #[pyo3(get)]
    calls: Py<PyList>,
    #[pyo3(get)]
    refused: Py<PyList>,
    #[pyo3(get)]
    padded_rows: usize,
    ticket: Mutex<Option<Ticket>>,
}

#[pymethods]
impl PyBatchTurn {
    fn ran(&self) {
        self.take_ticket().into_iter().for_each(Ticket::ran);
    }

    fn end(&self) {
        drop(self.take_ticket());
    }
}

impl PyBatchTurn {
    fn take_ticket(&self) -> Option<Ticket> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Calls of one kind, and the batches that they leave in.
#[pyclass(frozen, name = "BatchQueue", module = "salver._native")]
pub(crate) struct PyBatchQueue {
    scheduler: Scheduler<Call>,
    line: Arc<Line>,
    /// Calls that were let in and have not left; never fewer than there are.
    num_held: AtomicUsize,
    is_finishing: AtomicBool,
}

#[pymethods]
impl PyBatchQueue {
    #[new]
    fn new(policy: &PyBatchingPolicy, num_runners: usize) -> PyResult<Self> {
        let policy = policy.0.clone();
        if policy.enable_large_batch_splitting {
            return Err(errors::to_py(Status::invalid_argument("a queue of Python objects cannot split them")));
        }
        Ok(Self {
            scheduler: Scheduler::new(Options { num_runners, may_wait: true }),
            line: Line::new(&Owner::new(policy), "".into()),
            num_held: AtomicUsize::new(0),
            is_finishing: AtomicBool::new(false),
        })
    }

    #[allow(clippy::too_many_arguments)] // By position: this is the call that every item makes.
    #[pyo3(signature = (payload, num_rows, num_bytes, group, timeout_s, criticality))]
    fn submit(
        &self,
        payload: Py<PyAny>,
        num_rows: usize,
        num_bytes: usize,
        group: u64,
        timeout_s: Option<f64>,
        criticality: u8,
    ) -> PyResult<(PyQueuedCall, Vec<RefusedTuple>)> {
        let now = Instant::now();
        let call = Call {
            payload,
            line: self.line.clone(),
            num_rows,
            num_bytes,
            group,
            deadline: timeout_s.map(seconds).transpose()?.map(|timeout| now + timeout),
            criticality: read_criticality(criticality)?,
            is_abandoned: Arc::default(),
            queued_at: now,
        };
        let queued = PyQueuedCall(call.is_abandoned.clone());
        let refused = self.let_in(call, now);
        Ok((queued, refused.into_iter().map(refused_tuple).collect()))
    }

    fn next(&self, py: Python<'_>, timeout_s: f64) -> PyResult<Option<PyBatchTurn>> {
        let timeout = seconds(timeout_s)?;
        let Some(turn) = py.detach(|| self.scheduler.next(timeout)) else { return Ok(None) };
        self.let_go(turn.batch.len() + turn.refused.len());
        to_py(py, turn).map(Some)
    }

    fn finish(&self) {
        self.is_finishing.store(true, Ordering::SeqCst);
        self.scheduler.close();
        self.let_go(0);
    }

    fn stop(&self) -> Vec<Py<PyAny>> {
        self.is_finishing.store(true, Ordering::SeqCst);
        self.scheduler.stop().into_iter().map(|call| call.payload).collect()
    }

    #[getter]
    fn is_stopped(&self) -> bool {
        self.scheduler.is_stopped()
    }

    #[getter]
    fn num_queued_rows(&self) -> usize {
        self.scheduler.num_queued_rows()
    }

    fn counts(&self) -> (NamedCounts, NamedCounts, [u64; 3]) {
        let stats = self.line.stats();
        let departures = stats.by_reason().map(|(reason, count)| (reason.name(), count)).collect();
        (departures, stats.by_refusal().collect(), [stats.num_requests(), stats.num_rows(), stats.num_padding_rows()])
    }

    /// Rows of batches, microseconds of waits and of runs.
    fn histograms(&self) -> [HistogramTuple; 3] {
        let stats = self.line.stats();
        [&stats.batch_rows, &stats.wait_micros, &stats.run_micros].map(histogram_tuple)
    }
}

impl PyBatchQueue {
    /// Queues `call`. It is counted before it is seen to be welcome, so that the last to leave cannot miss it.
    fn let_in(&self, call: Call, now: Instant) -> Vec<(Call, Refusal)> {
        self.num_held.fetch_add(1, Ordering::SeqCst);
        let refused = if self.is_finishing.load(Ordering::SeqCst) {
            vec![(call, Refusal::Stopped)]
        } else {
            self.scheduler.submit_at([call], now)
        };
        if !refused.is_empty() {
            self.let_go(refused.len());
        }
        refused
    }

    /// Takes calls out of the count; the last one out of a queue that takes no more stops it.
    fn let_go(&self, num_calls: usize) {
        let num_held = self.num_held.fetch_sub(num_calls, Ordering::SeqCst) - num_calls;
        if num_held == 0 && self.is_finishing.load(Ordering::SeqCst) {
            self.scheduler.stop();
        }
    }
}

fn to_py(py: Python<'_>, turn: Turn<Call>) -> PyResult<PyBatchTurn> {
    let calls = PyList::new(py, turn.batch.into_iter().map(|call| call.payload))?;
    let refused = PyList::empty(py);
    for call in turn.refused {
        refused.append(refused_tuple(call))?;
    }
    Ok(PyBatchTurn {
        calls: calls.unbind(),
        refused: refused.unbind(),
        padded_rows: turn.padded_rows,
        ticket: Mutex::new(turn.ticket),
    })
}

fn read_criticality(number: u8) -> PyResult<Criticality> {
    match number {
        0 => Ok(Criticality::CriticalPlus),
        1 => Ok(Criticality::Critical),
        2 => Ok(Criticality::SheddablePlus),
        3 => Ok(Criticality::Sheddable),
        _ => Err(errors::to_py(Status::invalid_argument(format!("no criticality has the number {number}")))),
    }
}

type NamedCounts = Vec<(&'static str, u64)>;
/// Limits, samples below each and from the last on, and the sum of all.
type HistogramTuple = (Vec<f64>, Vec<u64>, u64);

fn histogram_tuple(histogram: &Histogram) -> HistogramTuple {
    let (counts, sum) = histogram.snapshot();
    (histogram.limits().to_vec(), counts, sum)
}
