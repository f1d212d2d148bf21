//! What is told of an inference request when it ends, however it ends.

use std::cell::{Cell, OnceCell};
use std::time::Instant;

use salver_core::Code;
use salver_core::wire::Utf8Bytes;

use crate::inference::Api;
use crate::plane::Shared;

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entrypoint {
    /// A gRPC call.
    Grpc,
    /// An HTTP request.
    Rest,
}

/// One request from its first byte to its answer. A record that is dropped counts as cancelled: its caller has gone.
pub(crate) struct Record<'a> {
    shared: &'a Shared,
    api: Api,
    entrypoint: Entrypoint,
    started: Instant,
    model: OnceCell<Utf8Bytes>,
    code: Cell<Code>,
}

impl<'a> Record<'a> {
    /// Begins a record.
    pub(crate) fn begin(shared: &'a Shared, api: Api, entrypoint: Entrypoint) -> Self {
        let (started, model) = (Instant::now(), OnceCell::new());
        Self { shared, api, entrypoint, started, model, code: Cell::new(Code::Cancelled) }
    }

    /// Notes which model the request names, whether or not there is such a model.
    pub(crate) fn name_model(&self, name: &Utf8Bytes) {
        let _known = self.model.set(name.clone());
    }

    /// Notes how the request ended.
    pub(crate) fn note(&self, code: Code) {
        self.code.set(code);
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let model = self.model.get().map_or("", |name| name.as_str());
        let _elapsed = self.started.elapsed();
        let _told = (self.shared, self.api, self.entrypoint, model, self.code.get());
    }
}
