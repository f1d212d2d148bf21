//! What is told of single requests: lines of the access log, and traces.
//!
//! Both are told when a request ends, by the thread of its socket, and wait in one bounded queue for whoever writes them
//! down. A request never waits for that: what finds the queue full is dropped, and counted. While neither is wanted a
//! request costs one look for a request id.

mod entries;
mod entry;
mod identity;

use std::time::Duration;

use hyper::HeaderMap;

pub use entries::JournalEntries;
pub use entry::JournalEntry;
pub(crate) use identity::{Identity, told};

use crate::pull_queue::PullQueue;

/// What is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct JournalOptions {
    /// Whether every inference is told of.
    pub is_logged: bool,
    /// The part of requests without a trace that begin one, from 0 to 1. `None` traces none, 0 those that come with a
    /// trace which is recorded.
    pub sampling_ratio: Option<f64>,
}

/// The requests that are told of.
#[derive(Default)]
pub(crate) struct Journal {
    options: JournalOptions,
    queue: PullQueue<JournalEntries>,
}

impl Journal {
    /// An empty one.
    pub(crate) fn new(options: JournalOptions) -> Self {
        Self { options, queue: PullQueue::default() }
    }

    /// Who the request with these headers is; `None` where there is nothing to be said.
    pub(crate) fn identify(&self, headers: &HeaderMap) -> Option<Identity> {
        Identity::new(headers, self.options)
    }

    /// Whether an inference of this identity is told of.
    pub(crate) fn wants(&self, identity: Option<&Identity>) -> bool {
        self.options.is_logged || identity.is_some_and(|identity| identity.trace.is_some())
    }

    /// Takes in a request that ended, where there is room.
    pub(crate) fn push(&self, mut entry: JournalEntry) {
        entry.is_logged = self.options.is_logged;
        self.queue.add(|waiting| waiting.push(entry));
    }

    /// Waits for entries: none after `timeout`, `None` once stopped and empty.
    pub(crate) fn next(&self, timeout: Duration) -> Option<JournalEntries> {
        self.queue.next(timeout)
    }

    /// Ends the waiting; what is there can still be pulled.
    pub(crate) fn stop(&self) {
        self.queue.stop();
    }
}
