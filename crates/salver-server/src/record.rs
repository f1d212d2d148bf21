//! What is told of a request when it ends, however it ends.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use salver_core::Code;
use salver_core::batching::Work;
use salver_core::requests::{InFlight, Progress, SignatureStats, Times, TraceContext};
use salver_core::signature::resolved_name;
use salver_core::task::PredictTask;
use salver_core::wire::{ModelSpec, Utf8Bytes};
use smallvec::SmallVec;

use crate::inference::{Api, choice};
use crate::journal::{Identity, JournalEntry};
use crate::metrics::Entrypoint;
use crate::plane::Shared;

/// Longer model names are cut in what is told of single requests: whatever waits there must be bounded.
const MAX_NAME_BYTES: usize = 256;

/// One request from its first byte to its answer. A record that is dropped counts as cancelled: its caller has gone.
///
/// One that never named a model, not even an empty one, was no request that could be read and is not counted.
pub(crate) struct Record<'a> {
    shared: &'a Shared,
    api: Option<Api>,
    entrypoint: Entrypoint,
    identity: Option<Identity>,
    started: Instant,
    received: Cell<Option<Instant>>,
    model: OnceCell<Utf8Bytes>,
    /// What it asks for, once that is read.
    spec: OnceCell<ModelSpec>,
    in_flight: OnceCell<InFlight>,
    /// Of its predictions.
    progress: RefCell<SmallVec<[Arc<Progress>; 1]>>,
    num_rows: Cell<usize>,
    num_request_bytes: Cell<usize>,
    num_response_bytes: Cell<usize>,
    code: Cell<Code>,
}

impl<'a> Record<'a> {
    /// Begins a record; `None` for HTTP requests of the API that are no inference.
    pub(crate) fn begin(
        shared: &'a Shared,
        api: impl Into<Option<Api>>,
        entrypoint: Entrypoint,
        identity: Option<Identity>,
    ) -> Self {
        Self {
            shared,
            api: api.into(),
            entrypoint,
            identity,
            started: Instant::now(),
            received: Cell::new(None),
            model: OnceCell::new(),
            spec: OnceCell::new(),
            in_flight: OnceCell::new(),
            progress: RefCell::default(),
            num_rows: Cell::new(0),
            num_request_bytes: Cell::new(0),
            num_response_bytes: Cell::new(0),
            code: Cell::new(Code::Cancelled),
        }
    }

    /// How the request came in.
    pub(crate) fn protocol(&self) -> Entrypoint {
        self.entrypoint
    }

    /// Notes that the body, of so many bytes, is there.
    pub(crate) fn receive(&self, num_bytes: usize) {
        self.received.set(Some(Instant::now()));
        self.num_request_bytes.set(num_bytes);
    }

    /// Notes which model the request names, whether or not there is such a model.
    pub(crate) fn name_model(&self, name: Utf8Bytes) {
        let _known = self.model.set(name);
    }

    /// Notes what the request asks for, whether or not there is such a thing.
    pub(crate) fn specify(&self, spec: ModelSpec) {
        let _known = self.spec.set(spec);
    }

    fn model(&self) -> Option<&Utf8Bytes> {
        self.model.get().or_else(|| self.spec.get().map(|spec| &spec.name))
    }

    /// Notes that this is queued for it.
    pub(crate) fn submit(&self, task: &PredictTask) {
        self.in_flight.get_or_init(|| task.progress.stats().enter());
        self.num_rows.set(self.num_rows.get().max(task.num_rows()));
        if let Some(trace) = self.trace() {
            task.progress.follow(trace.clone());
        }
        self.progress.borrow_mut().push(task.progress.clone());
    }

    /// Notes how the request ended.
    pub(crate) fn note(&self, code: Code) {
        self.code.set(code);
    }

    /// Notes so many bytes of the answer.
    pub(crate) fn answer(&self, num_bytes: usize) {
        self.num_response_bytes.set(self.num_response_bytes.get() + num_bytes);
    }

    fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.identity.as_ref().and_then(|identity| identity.trace.as_ref())
    }

    /// The moments of a request that ends now.
    fn times(&self) -> Times {
        let progress = self.progress.borrow();
        // Over when all of them are: one that still runs is what a request that ends early has waited for.
        let over = progress.iter().map(|progress| progress.run_ended()).reduce(|a, b| Some(a?.max(b?)));
        Times {
            started: self.started,
            received: self.received.get(),
            queued: progress.iter().map(|progress| progress.queued()).min(),
            batched: progress.iter().filter_map(|progress| progress.batched()).min(),
            run_begun: progress.iter().filter_map(|progress| progress.run_begun()).min(),
            run_ended: over.flatten(),
            // Read last: a batch may go on meanwhile, and no moment is later than this one.
            ended: Instant::now(),
        }
    }

    /// What is counted of requests like one that failed before it could be queued; `None` where there is no such version.
    fn found_stats(&self) -> Option<Arc<SignatureStats>> {
        let spec = self.spec.get()?;
        let pinned = self.shared.table.resolve(&spec.name, choice(spec)).ok()?;
        Some(pinned.stats().signature(resolved_name(&spec.signature_name)).clone())
    }

    fn count(&self, stats: Option<&SignatureStats>, times: &Times) {
        let Some(model) = self.model() else { return };
        let (metrics, code) = (&self.shared.metrics, self.code.get());
        let micros = || u64::try_from(times.duration().as_micros()).unwrap_or(u64::MAX);
        metrics.count_request(model, self.api, self.entrypoint, code, micros);
        if self.api.is_none() {
            return;
        }
        let trace = self.trace().map(|trace| &**trace);
        match stats {
            Some(stats) => stats.outcomes.record(self.entrypoint, code, times, trace),
            None => metrics.count_astray(model, self.entrypoint, code, times, trace),
        }
    }

    /// What is told of it alone.
    fn entry(&self, api: Api, stats: Option<&SignatureStats>, times: Times) -> JournalEntry {
        let id = self.identity.as_ref().and_then(|identity| identity.request_id.to_str().ok());
        let last = self.progress.borrow().last().map(|progress| progress.company());
        JournalEntry {
            is_logged: false,
            request_id: id.unwrap_or_default().to_owned(),
            trace: self.trace().cloned(),
            model: self.model().map(|model| shortened(model)).unwrap_or_default(),
            version: stats.map(SignatureStats::version),
            signature: stats.map(|stats| stats.signature().to_string()).unwrap_or_default(),
            api,
            protocol: self.entrypoint,
            code: self.code.get(),
            started_at: SystemTime::now().checked_sub(times.duration()).unwrap_or(SystemTime::UNIX_EPOCH),
            times,
            num_rows: self.num_rows.get(),
            company: last.unwrap_or_default(),
            num_request_bytes: self.num_request_bytes.get(),
            num_response_bytes: self.num_response_bytes.get(),
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let times = self.times();
        let found = if self.in_flight.get().is_none() { self.found_stats() } else { None };
        let stats = self.in_flight.get().map(InFlight::stats).or(found.as_ref()).map(|stats| &**stats);
        self.count(stats, &times);
        if let Some(api) = self.api
            && self.shared.journal.wants(self.identity.as_ref())
        {
            self.shared.journal.push(self.entry(api, stats, times));
        }
    }
}

/// A model name as it is told of.
fn shortened(name: &str) -> String {
    name[..name.floor_char_boundary(MAX_NAME_BYTES.min(name.len()))].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_characters() {
        assert_eq!(shortened("ranker"), "ranker");
        assert_eq!(shortened(&"\u{e4}".repeat(1000)).len(), MAX_NAME_BYTES);
        assert_eq!(shortened(&format!("x{}", "\u{e4}".repeat(1000))).len(), MAX_NAME_BYTES - 1);
    }
}
