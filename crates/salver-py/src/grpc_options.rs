//! Settings of the gRPC port for Python; None takes the data plane's own.

use pyo3::prelude::*;
use salver_server::GrpcOptions;

use crate::table::seconds;

/// Settings of the gRPC port and its connections.
#[pyclass(frozen, name = "GrpcOptions", module = "salver._native")]
pub(crate) struct PyGrpcOptions(pub(crate) GrpcOptions);

#[pymethods]
impl PyGrpcOptions {
    #[new]
    #[allow(clippy::too_many_arguments)] // By keyword, field for field: this is the options object.
    #[pyo3(signature = (
        *,
        max_receive_bytes,
        max_send_bytes,
        max_concurrent_streams,
        max_metadata_bytes,
        max_frame_bytes,
        stream_window_bytes,
        send_buffer_bytes,
        keepalive_interval_s,
        keepalive_timeout_s,
        max_idle_s,
        max_age_s,
        max_age_grace_s,
        handshake_timeout_s,
        reuse_port,
    ))]
    fn new(
        max_receive_bytes: Option<usize>,
        max_send_bytes: Option<usize>,
        max_concurrent_streams: Option<u32>,
        max_metadata_bytes: Option<u32>,
        max_frame_bytes: Option<u32>,
        stream_window_bytes: Option<u32>,
        send_buffer_bytes: Option<usize>,
        keepalive_interval_s: Option<f64>,
        keepalive_timeout_s: Option<f64>,
        max_idle_s: Option<f64>,
        max_age_s: Option<f64>,
        max_age_grace_s: Option<f64>,
        handshake_timeout_s: Option<f64>,
        reuse_port: bool,
    ) -> PyResult<Self> {
        let own = GrpcOptions::default();
        Ok(Self(GrpcOptions {
            max_receive_bytes,
            max_send_bytes,
            max_concurrent_streams: max_concurrent_streams.unwrap_or(own.max_concurrent_streams),
            max_metadata_bytes: max_metadata_bytes.unwrap_or(own.max_metadata_bytes),
            max_frame_bytes: max_frame_bytes.unwrap_or(own.max_frame_bytes),
            stream_window_bytes: stream_window_bytes.unwrap_or(own.stream_window_bytes),
            send_buffer_bytes: send_buffer_bytes.unwrap_or(own.send_buffer_bytes),
            keepalive_interval: keepalive_interval_s.map(seconds).transpose()?,
            keepalive_timeout: keepalive_timeout_s.map_or(Ok(own.keepalive_timeout), seconds)?,
            max_idle: max_idle_s.map(seconds).transpose()?,
            max_age: max_age_s.map(seconds).transpose()?,
            max_age_grace: max_age_grace_s.map(seconds).transpose()?,
            handshake_timeout: handshake_timeout_s.map_or(Ok(own.handshake_timeout), seconds)?,
            reuse_port,
        }))
    }
}
