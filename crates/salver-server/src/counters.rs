//! Cumulative counts, cheap enough for every request.

use std::sync::atomic::{AtomicU64, Ordering};

use salver_core::batching::Refusal;

use crate::metrics::Batching;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the start of the data plane.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $($(#[$doc])* pub(crate) $name: AtomicU64,)*
            /// Of models that batch.
            pub(crate) batching: Batching,
        }

        impl Counters {
            /// Name and value of every count of the plane as a whole.
            pub(crate) fn snapshot(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counters! {
    /// Connections accepted.
    connections,
    /// gRPC calls begun.
    grpc_requests,
    /// gRPC calls that ended with a status other than OK.
    grpc_errors,
    /// HTTP requests begun on the REST port.
    rest_requests,
    /// HTTP requests answered with 400 or above.
    rest_errors,
    /// Batches run by native runners.
    native_batches,
    /// Batches handed to Python.
    foreign_batches,
    /// Requests that ran, over all batches.
    batched_requests,
    /// Requests dropped unrun: deadline passed or caller gone.
    dead_requests,
    /// Requests refused: no room in the queue, too large for it, or no chance to be answered in time.
    refused_requests,
}

impl Counters {
    /// Counts a request that did not run.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        match refusal {
            Refusal::Abandoned | Refusal::Expired => count(&self.dead_requests),
            _ => count(&self.refused_requests),
        }
    }
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
