//! Calls that are not inference.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use salver_core::{Code, Status};
use salver_server::{AnswerStream, ControlAnswer, ControlCall, Peer, Protocol, answer_stream};

use crate::errors;
use crate::table::seconds;

/// A call to be answered by Python.
#[pyclass(frozen, name = "ControlCall", module = "salver._native")]
pub(crate) struct PyControlCall {
    protocol: Protocol,
    peer: Option<Peer>,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    deadline: Option<Instant>,
    call: Mutex<Option<ControlCall>>,
}

impl PyControlCall {
    /// Wraps a call; for gRPC the method is the full path.
    pub(crate) fn new(mut call: ControlCall) -> Self {
        let path = std::mem::take(&mut call.path);
        let (method, path) = match call.protocol {
            Protocol::Grpc | Protocol::AdminGrpc => (path, String::new()),
            Protocol::Http | Protocol::Admin | Protocol::Notice => (std::mem::take(&mut call.method), path),
        };
        Self {
            protocol: call.protocol,
            peer: call.peer,
            method,
            path,
            query: std::mem::take(&mut call.query),
            headers: std::mem::take(&mut call.headers),
            body: std::mem::take(&mut call.body),
            deadline: call.deadline,
            call: Mutex::new(Some(call)),
        }
    }

    fn finish(&self, answer: Result<ControlAnswer, Status>) -> PyResult<()> {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner).take();
        call.ok_or_else(errors::already_answered)?.answer(answer);
        Ok(())
    }
}

#[pymethods]
impl PyControlCall {
    #[getter]
    fn protocol(&self) -> &'static str {
        match self.protocol {
            Protocol::Grpc => "grpc",
            Protocol::Http => "http",
            Protocol::Admin => "admin",
            Protocol::AdminGrpc => "admin_grpc",
            Protocol::Notice => "notice",
        }
    }

    #[getter]
    fn address(&self) -> Option<String> {
        self.peer.map(|peer| peer.to_string())
    }

    #[getter]
    fn method(&self) -> &str {
        &self.method
    }

    #[getter]
    fn path(&self) -> &str {
        &self.path
    }

    #[getter]
    fn query(&self) -> &str {
        &self.query
    }

    #[getter]
    fn headers(&self) -> Vec<(String, String)> {
        self.headers.clone()
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    #[getter]
    fn timeout_s(&self) -> Option<f64> {
        self.deadline.map(|at| at.saturating_duration_since(Instant::now()).as_secs_f64())
    }

    #[getter]
    fn is_cancelled(&self) -> bool {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        call.as_ref().is_none_or(|call| call.is_abandoned.load(Ordering::Relaxed))
    }

    fn reply(&self, body: Vec<u8>) -> PyResult<()> {
        self.finish(Ok(ControlAnswer::Message(body.into())))
    }

    fn reply_http(&self, status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> PyResult<()> {
        self.finish(Ok(ControlAnswer::Http { status, headers, body: body.into() }))
    }

    fn begin(&self) -> PyResult<PyAnswerStream> {
        let (stream, pieces) = answer_stream();
        self.finish(Ok(ControlAnswer::Messages(pieces)))?;
        Ok(PyAnswerStream(stream))
    }

    fn begin_http(&self, status: u16, headers: Vec<(String, String)>) -> PyResult<PyAnswerStream> {
        let (stream, pieces) = answer_stream();
        self.finish(Ok(ControlAnswer::HttpPieces { status, headers, pieces }))?;
        Ok(PyAnswerStream(stream))
    }

    fn fail(&self, code: i32, message: String) -> PyResult<()> {
        self.finish(Err(Status::new(Code::from_number(code), message)))
    }
}

/// The answer to a control call, given in pieces.
#[pyclass(frozen, name = "AnswerStream", module = "salver._native")]
pub(crate) struct PyAnswerStream(AnswerStream);

#[pymethods]
impl PyAnswerStream {
    #[getter]
    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    #[pyo3(signature = (piece, timeout_s=0.0))]
    fn send(&self, py: Python<'_>, piece: Vec<u8>, timeout_s: f64) -> PyResult<bool> {
        let timeout = seconds(timeout_s)?;
        Ok(py.detach(|| self.0.send(piece.into(), timeout)))
    }

    fn end(&self) {
        self.0.end(Ok(()));
    }

    fn fail(&self, code: i32, message: String) {
        self.0.end(Err(Status::new(Code::from_number(code), message)));
    }
}
