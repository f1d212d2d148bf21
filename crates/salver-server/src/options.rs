//! Settings of a data plane.

use std::time::Duration;

use crate::journal::JournalOptions;

/// What holds for the life of a [`Plane`](crate::Plane).
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that own sockets, one event loop each; at least 1.
    pub num_io_threads: usize,
    /// Batches that run at the same time, of native models and of others each; at least 1. One more runs where a model has
    /// none in flight: it does not wait for the slow ones.
    pub num_runners: usize,
    /// Largest request body in bytes.
    pub max_message_bytes: usize,
    /// Flag named in the error for a larger body.
    pub max_message_flag: String,
    /// Time limit of a REST inference.
    pub rest_timeout: Option<Duration>,
    /// Whether Predict answers carry `tensor_content`.
    pub tensor_content: bool,
    /// Whether web pages of other origins may use the REST API.
    pub rest_cors: bool,
    /// REST bodies from this size on are compressed for clients that take it; `None` compresses none.
    pub min_gzip_bytes: Option<usize>,
    /// What concerns gRPC alone.
    pub grpc: GrpcOptions,
    /// Whether a signature must be declared for what is asked of it.
    pub check_methods: bool,
    /// What is told of single requests.
    pub journal: JournalOptions,
}

/// Settings of the gRPC port and its connections.
#[derive(Clone, Debug)]
pub struct GrpcOptions {
    /// Largest message read, where it is smaller than `Options::max_message_bytes`.
    pub max_receive_bytes: Option<usize>,
    /// Largest message sent in answer to a unary call.
    pub max_send_bytes: Option<usize>,
    /// Calls that one connection may have open.
    pub max_concurrent_streams: u32,
    /// Metadata of one call.
    pub max_metadata_bytes: u32,
    /// Longest HTTP/2 frame read, 16 KiB to 16 MiB - 1.
    pub max_frame_bytes: u32,
    /// Bytes that a client may send on one stream before they are read.
    pub stream_window_bytes: u32,
    /// Bytes of one stream that wait to be sent.
    pub send_buffer_bytes: usize,
    /// Time between two pings to a client; `None` sends none.
    pub keepalive_interval: Option<Duration>,
    /// A client that does not answer a ping by then is cut off.
    pub keepalive_timeout: Duration,
    /// A connection that had no call for so long is closed.
    pub max_idle: Option<Duration>,
    /// A connection is told to go after this time, give or take a tenth.
    pub max_age: Option<Duration>,
    /// What its open calls have left then; `None` is as long as they take.
    pub max_age_grace: Option<Duration>,
    /// A client that has not finished its TLS handshake by then is cut off.
    pub handshake_timeout: Duration,
    /// Whether other processes may listen on the same port.
    pub reuse_port: bool,
}

impl Default for GrpcOptions {
    fn default() -> Self {
        Self {
            max_receive_bytes: None,
            max_send_bytes: None,
            max_concurrent_streams: 4096,
            max_metadata_bytes: 64 << 10,
            max_frame_bytes: 1 << 20,
            // A large tensor should not wait for window updates.
            stream_window_bytes: 4 << 20,
            send_buffer_bytes: 1 << 20,
            keepalive_interval: None,
            keepalive_timeout: Duration::from_secs(20),
            max_idle: None,
            max_age: None,
            max_age_grace: None,
            handshake_timeout: Duration::from_secs(20),
            reuse_port: false,
        }
    }
}

impl Options {
    /// The largest gRPC message read, and what sets it.
    pub(crate) fn receive_limit(&self) -> (usize, &str) {
        let common = self.max_message_bytes.min(MAX_PROTOBUF_BYTES);
        match self.grpc.max_receive_bytes {
            Some(limit) if limit < common => (limit, "--grpc_channel_arguments (grpc.max_receive_message_length)"),
            _ => (common, &self.max_message_flag),
        }
    }
}

/// A protobuf message cannot be longer.
pub(crate) const MAX_PROTOBUF_BYTES: usize = i32::MAX as usize;

impl Default for Options {
    fn default() -> Self {
        Self {
            num_io_threads: 1,
            num_runners: 2,
            max_message_bytes: MAX_PROTOBUF_BYTES,
            max_message_flag: "--max_message_bytes".to_owned(),
            rest_timeout: Some(Duration::from_secs(30)),
            tensor_content: false,
            rest_cors: false,
            min_gzip_bytes: Some(1 << 10),
            grpc: GrpcOptions::default(),
            check_methods: false,
            journal: JournalOptions::default(),
        }
    }
}
