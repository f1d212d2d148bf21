//! What is told of a request when it ends, however it ends.

use std::cell::{Cell, OnceCell};
use std::time::Instant;

use salver_core::Code;
use salver_core::wire::Utf8Bytes;

use crate::inference::Api;
use crate::metrics::Entrypoint;
use crate::plane::Shared;

/// One request from its first byte to its answer. A record that is dropped counts as cancelled: its caller has gone.
///
/// One that never named a model, not even an empty one, was no request that could be read and is not counted.
pub(crate) struct Record<'a> {
    shared: &'a Shared,
    api: Option<Api>,
    entrypoint: Entrypoint,
    started: Instant,
    model: OnceCell<Utf8Bytes>,
    code: Cell<Code>,
}

impl<'a> Record<'a> {
    /// Begins a record; `None` for HTTP requests of the API that are no inference.
    pub(crate) fn begin(shared: &'a Shared, api: impl Into<Option<Api>>, entrypoint: Entrypoint) -> Self {
        let (started, model) = (Instant::now(), OnceCell::new());
        Self { shared, api: api.into(), entrypoint, started, model, code: Cell::new(Code::Cancelled) }
    }

    /// Notes which model the request names, whether or not there is such a model.
    pub(crate) fn name_model(&self, name: Utf8Bytes) {
        let _known = self.model.set(name);
    }

    /// Notes how the request ended.
    pub(crate) fn note(&self, code: Code) {
        self.code.set(code);
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if let Some(model) = self.model.get() {
            let micros = || u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.shared.metrics.count_request(model, self.api, self.entrypoint, self.code.get(), micros);
        }
    }
}
