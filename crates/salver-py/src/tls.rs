//! Credentials of a port, as they come from Python.

use std::time::SystemTime;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use salver_server::{Pem, Port, TlsConfig};

/// Where a text came from, and the text.
type SourceAndText = (String, Vec<u8>);

pub(crate) fn port(name: &str) -> PyResult<Port> {
    match name {
        "grpc" => Ok(Port::Grpc),
        "rest" => Ok(Port::Rest),
        _ => Err(PyValueError::new_err(format!("expected grpc or rest, got {name}"))),
    }
}

pub(crate) fn config(certificate: SourceAndText, key: SourceAndText, client_ca: Option<SourceAndText>) -> TlsConfig {
    TlsConfig { certificate: pem(certificate), key: pem(key), client_ca: client_ca.map(pem) }
}

fn pem((source, text): SourceAndText) -> Pem {
    Pem { source, text }
}

/// Seconds since the epoch, as Python's `time.time` counts them.
pub(crate) fn epoch_seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |passed| passed.as_secs_f64())
}
