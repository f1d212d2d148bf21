//! One request that ended.

use std::sync::Arc;
use std::time::SystemTime;

use salver_core::Code;
use salver_core::requests::{Company, Protocol, Times, TraceContext};

use crate::inference::Api;

/// An inference that ended, however it ended.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Whether it belongs into the access log.
    pub is_logged: bool,
    /// The client's name for it, or one made for it.
    pub request_id: String,
    /// Where it is traced.
    pub trace: Option<Arc<TraceContext>>,
    /// Name of the model, as sent; empty where none could be read.
    pub model: String,
    /// The version that it was for; `None` where there is none.
    pub version: Option<i64>,
    /// Name of the signature; empty where it is not known or has none.
    pub signature: String,
    /// What was asked.
    pub api: Api,
    /// How it came in.
    pub protocol: Protocol,
    /// How it ended.
    pub code: Code,
    /// When it was read.
    pub started_at: SystemTime,
    /// Its moments.
    pub times: Times,
    /// Its rows.
    pub num_rows: usize,
    /// With whom it ran.
    pub company: Company,
    /// Size of its message or body, as sent but uncompressed for gRPC.
    pub num_request_bytes: usize,
    /// Size of the answer's message or body.
    pub num_response_bytes: usize,
}
