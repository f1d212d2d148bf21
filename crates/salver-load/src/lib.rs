//! A load generator for gRPC and REST: many requests in flight for little processor time, no Python.
//!
//! A run has one thread for each event loop, which owns connections and the workers that send on them. In a closed loop
//! a worker sends as soon as its last request is answered. In an open loop one more thread, the pacer, hands out
//! requests when they are due, whatever became of those before; times then count from when a request was due, so that a
//! server that stalls is charged with every request that it kept waiting.
//!
//! What the run measured is pulled, while it goes on and at its end; see [`Run`].

mod arrivals;
mod busy;
mod dial;
mod ending;
mod grpc;
mod latencies;
mod line;
mod link;
mod lock;
mod loop_thread;
mod options;
mod pacer;
mod rest;
mod run;
mod tally;
mod window;
mod worker;

pub use arrivals::{Arrivals, Spacing};
pub use busy::Busy;
pub use latencies::Latencies;
pub use options::{Options, Protocol, Tls};
pub use run::{Progress, Report, Run};
pub use tally::{Failures, Tally};
