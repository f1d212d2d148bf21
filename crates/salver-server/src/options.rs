//! Settings of a data plane.

use std::time::Duration;

/// What holds for the life of a [`Plane`](crate::Plane).
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that own sockets, one event loop each; at least 1.
    pub num_io_threads: usize,
    /// Threads that run batches of native models; at least 1.
    pub num_native_runners: usize,
    /// Largest request body in bytes.
    pub max_message_bytes: usize,
    /// Flag named in the error for a larger body.
    pub max_message_flag: String,
    /// Rows that may wait per target.
    pub max_queued_rows: usize,
    /// Time limit of a REST inference.
    pub rest_timeout: Option<Duration>,
    /// Whether Predict answers carry `tensor_content`.
    pub tensor_content: bool,
    /// Whether a signature must be declared for what is asked of it.
    pub check_methods: bool,
}

/// A protobuf message cannot be longer.
pub(crate) const MAX_PROTOBUF_BYTES: usize = i32::MAX as usize;

impl Default for Options {
    fn default() -> Self {
        Self {
            num_io_threads: 1,
            num_native_runners: 2,
            max_message_bytes: MAX_PROTOBUF_BYTES,
            max_message_flag: "--max_message_bytes".to_owned(),
            max_queued_rows: 100_000,
            rest_timeout: Some(Duration::from_secs(30)),
            tensor_content: false,
            check_methods: false,
        }
    }
}
