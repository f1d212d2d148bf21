//! What a run sends, where to, how fast and for how long.

use std::time::Duration;

use bytes::Bytes;
use salver_core::Status;

use crate::Spacing;

/// What is spoken to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Unary calls over HTTP/2.
    Grpc,
    /// HTTP/1.1, one request at a time on a connection.
    Rest,
}

/// How the server is believed, and what is shown to it. All texts are PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The name that its certificate must have.
    pub server_name: String,
    /// Authorities that are believed.
    pub roots: Vec<u8>,
    /// Certificate chain and key of the client, where the server asks for one.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// A load.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is spoken.
    pub protocol: Protocol,
    /// `POST` or `GET`; gRPC is always POST.
    pub method: String,
    /// The path of every request.
    pub path: String,
    /// Further headers of every request.
    pub headers: Vec<(String, String)>,
    /// Bodies, in rotation; messages without their frame for gRPC. Not empty.
    pub bodies: Vec<Bytes>,
    /// Connections, over all threads.
    pub num_connections: usize,
    /// Requests in flight on each; 1 for REST.
    pub num_in_flight: usize,
    /// Event loops, a thread each.
    pub num_threads: usize,
    /// Requests a second that are due whatever became of those before; `None` sends when an answer has come.
    pub rate: Option<f64>,
    /// How they lie to each other.
    pub spacing: Spacing,
    /// Of the times of arrival.
    pub seed: u64,
    /// Requests that are due and may wait for a free worker; beyond it they are dropped and counted.
    pub max_queued: usize,
    /// Sent before anything is counted.
    pub warmup: Duration,
    /// How long is counted.
    pub duration: Option<Duration>,
    /// How many requests are counted; at least one of the two is given, and what is reached first ends the run.
    pub num_requests: Option<u64>,
    /// A request that is not answered by then has failed.
    pub timeout: Duration,
    /// For each connection.
    pub connect_timeout: Duration,
    /// `None` speaks plain text.
    pub tls: Option<Tls>,
    /// Whether the first good answer is kept, for whoever wants to look at it.
    pub keep_reply: bool,
}

impl Options {
    /// Says what is wrong with the numbers.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT that names the field.
    pub fn check(&self) -> Result<(), Status> {
        let fail = |what: &str| Err(Status::invalid_argument(format!("a load needs {what}")));
        if self.bodies.is_empty() {
            return fail("at least one body");
        }
        if self.num_connections == 0 || self.num_in_flight == 0 || self.num_threads == 0 {
            return fail("at least one thread, one connection and one request in flight");
        }
        if self.protocol == Protocol::Rest && self.num_in_flight != 1 {
            return fail("one request in flight on each connection, where REST is spoken");
        }
        if self.num_threads > self.num_connections {
            return fail("as many connections as threads");
        }
        if self.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return fail("a rate above 0");
        }
        if self.duration.is_none() && self.num_requests.is_none() {
            return fail("a duration or a number of requests");
        }
        Ok(())
    }

    /// Host and port as people write them.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}
