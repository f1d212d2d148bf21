//! Requests over HTTP/1.1, one at a time on a connection.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use salver_core::{Code, Status};

use crate::Options;
use crate::dial::Dialer;
use crate::grpc::add_headers;
use crate::link::Sent;
use crate::tally::{Failure, MAX_KEPT_BYTES, MAX_MESSAGE_BYTES};

/// What all requests have in common.
pub(crate) fn head(options: &Options) -> Result<Request<()>, Status> {
    let bad = |error: &dyn std::fmt::Display| Status::invalid_argument(format!("no request can be made: {error}"));
    let uri: Uri = options.path.parse().map_err(|error| bad(&error))?;
    let mut request = Request::builder().method(&*options.method).uri(uri).body(()).map_err(|error| bad(&error))?;
    let name =
        options.tls.as_ref().map_or_else(|| options.address(), |tls| format!("{}:{}", tls.server_name, options.port));
    let headers = request.headers_mut();
    headers.insert("host", HeaderValue::try_from(name).map_err(|error| bad(&error))?);
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("user-agent", HeaderValue::from_static("salver-bench"));
    add_headers(headers, options)?;
    Ok(request)
}

/// A connection.
pub(crate) struct Channel {
    sender: SendRequest<Full<Bytes>>,
    /// Why it ended, which who sends on it is not told.
    ended: Arc<OnceLock<Failure>>,
}

impl Channel {
    /// Opens a connection; a task of the current event loop drives it.
    pub(crate) async fn open(dialer: &Dialer) -> Result<Self, Status> {
        let io = TokioIo::new(dialer.dial().await?);
        let closed = |error| Status::new(Code::Unavailable, format!("{} speaks no HTTP: {error}", dialer.address()));
        let (sender, connection) = handshake(io).await.map_err(closed)?;
        let ended = Arc::<OnceLock<Failure>>::default();
        let end = ended.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                end.get_or_init(|| Failure::connection(&error));
            }
        });
        Ok(Self { sender, ended })
    }

    /// Sends one request and waits for its end.
    pub(crate) async fn call(&mut self, head: &Request<()>, body: &Bytes, keep: bool) -> Sent {
        if let Err(error) = self.sender.ready().await {
            return Sent::No(self.gone(&error));
        }
        let request = head.clone().map(|()| Full::new(body.clone()));
        let response = match self.sender.send_request(request).await {
            Ok(response) => response,
            // The connection was closed between two requests: this one was not read.
            Err(error) if error.is_canceled() => return Sent::No(self.gone(&error)),
            Err(error) => return Sent::Failed(Failure::connection(&error)),
        };
        answer(response, keep).await.unwrap_or_else(|error| Sent::Failed(Failure::connection(&error)))
    }

    fn gone(&self, error: &hyper::Error) -> Failure {
        self.ended.get().cloned().unwrap_or_else(|| Failure::connection(error))
    }
}

async fn answer(response: http::Response<hyper::body::Incoming>, keep: bool) -> Result<Sent, hyper::Error> {
    let status = response.status();
    let mut body = response.into_body();
    let mut bytes = 0;
    let mut kept = Vec::new();
    let limit = if !status.is_success() {
        MAX_MESSAGE_BYTES
    } else if keep {
        MAX_KEPT_BYTES
    } else {
        0
    };
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            bytes += chunk.len();
            kept.extend_from_slice(&chunk[..chunk.len().min(limit - kept.len())]);
            if keep && status.is_success() && bytes > MAX_KEPT_BYTES {
                return Ok(Sent::Failed(Failure::too_large()));
            }
        }
    }
    if status.is_success() {
        return Ok(Sent::Answered(bytes, keep.then_some(kept)));
    }
    let message = String::from_utf8_lossy(&kept).into_owned();
    Ok(Sent::Failed(Failure { kind: status.as_u16().to_string().into(), message }))
}
