//! Request logging: which answered requests are kept, and where they wait for whoever writes them down.
//!
//! A request must never be slower or fail for being logged. While no model is logged nothing is kept; a request that is
//! not chosen costs one draw; of one that is chosen the request and the answer are kept, and what still has to be
//! encoded is encoded by the thread that pulls. An entry that finds the queue full is dropped, and counted.

mod entries;
mod entry;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use salver_core::wire::LogKind;

use crate::inference::Api;
use crate::predict::Prediction;
use crate::pull_queue::PullQueue;

pub use entries::LogEntries;
pub(crate) use entry::Part;
pub use entry::{LogEntry, LogRule};

/// The rules, and the entries that wait.
#[derive(Default)]
pub(crate) struct RequestLog {
    rules: ArcSwap<HashMap<String, Arc<LogRule>>>,
    queue: Arc<PullQueue<LogEntries>>,
}

impl RequestLog {
    /// Swaps the rules; of several for one model the last counts. Requests that were chosen keep theirs.
    pub(crate) fn set_rules(&self, rules: impl IntoIterator<Item = LogRule>) {
        let by_model = rules.into_iter().map(|rule| (rule.model.clone(), Arc::new(rule))).collect();
        self.rules.store(Arc::new(by_model));
    }

    /// Whether any model is logged: where none is, a request need not be kept until its model is known.
    pub(crate) fn is_on(&self) -> bool {
        !self.rules.load().is_empty()
    }

    /// Decides whether a request is logged, and keeps it if so.
    pub(crate) fn sample(
        &self,
        api: Api,
        predictions: &[Prediction],
        request: impl FnOnce() -> Part,
    ) -> Option<Sample> {
        let first = predictions.first()?;
        let rules = self.rules.load();
        let rule = rules.get(first.pinned.name())?;
        if fastrand::f64() >= rule.sampling_rate {
            return None;
        }
        let entry = LogEntry {
            rule: rule.clone(),
            kind: kind(api),
            version: first.pinned.version(),
            signature: signature(api, first),
            timestamp: SystemTime::now(),
            request: request(),
            responses: Vec::new(),
            num_response_bytes: 0,
        };
        Some(Sample { queue: self.queue.clone(), entry })
    }

    /// Waits for entries: none after `timeout`, `None` once stopped and empty.
    pub(crate) fn next(&self, timeout: Duration) -> Option<LogEntries> {
        self.queue.next(timeout)
    }

    /// Ends the waiting; what is there can still be pulled.
    pub(crate) fn stop(&self) {
        self.queue.stop();
    }
}

/// The signature that serves; of calls that may have several, or one made for the tensors that they name, none.
fn signature(api: Api, prediction: &Prediction) -> Arc<str> {
    match api {
        Api::MultiInference | Api::SessionRun => Arc::default(),
        Api::Predict | Api::PredictStreamed | Api::Classify | Api::Regress => prediction.signature.name.clone(),
    }
}

fn kind(api: Api) -> LogKind {
    match api {
        Api::Predict => LogKind::Predict,
        Api::PredictStreamed => LogKind::PredictStreamed,
        Api::Classify => LogKind::Classify,
        Api::Regress => LogKind::Regress,
        Api::MultiInference => LogKind::MultiInference,
        Api::SessionRun => LogKind::SessionRun,
    }
}

/// A request that will be logged when it is answered; one that fails takes it along.
pub(crate) struct Sample {
    queue: Arc<PullQueue<LogEntries>>,
    entry: LogEntry,
}

impl Sample {
    /// The request was answered with this.
    pub(crate) fn answered(mut self, response: Part) {
        self.add(response);
        self.end();
    }

    /// This is one of several responses.
    pub(crate) fn add(&mut self, response: Part) {
        self.entry.add(response);
    }

    /// There are no more responses.
    pub(crate) fn end(self) {
        let entry = self.entry;
        let _no_room = self.queue.add(|waiting| waiting.push(entry));
    }
}
