//! The front end of Salver: gRPC, REST and the admin port over `salver-core`.
//!
//! One [`Plane`] owns event loops (sockets), native runners and the queues that Python pulls from. Each connection lives
//! on one event loop; a request resolves against the serving table, is decoded, queued, run and answered without
//! leaving it, but for the run itself.

mod admin;
mod answer_stream;
mod authority;
mod body;
mod certificate;
mod compress;
mod connection;
mod control;
mod cors;
mod counters;
mod criticality;
mod endpoint;
mod event_loop;
mod failures;
mod grpc;
mod health;
mod http_control;
mod inference;
mod journal;
mod lifetime;
mod listener;
mod mailbox;
pub mod metrics;
mod off_loop;
mod options;
mod patience;
mod peer;
mod plane;
mod predict;
mod probes;
mod pull_queue;
mod record;
mod replay;
mod request_log;
mod rest;
mod runner;
mod running;
mod stream;
mod tls;

pub use answer_stream::{AnswerStream, Pieces, answer_stream};
pub use control::{ControlAnswer, ControlCall, Protocol};
pub use event_loop::Port;
pub use inference::Api;
pub use journal::{JournalEntries, JournalEntry, JournalOptions};
pub use options::{GrpcOptions, Options};
pub use peer::Peer;
pub use plane::Plane;
pub use predict::{Prediction, Terms};
pub use request_log::{LogEntries, LogEntry, LogRule};
pub use running::RunningRequest;
pub use tls::{Pem, TlsConfig};
