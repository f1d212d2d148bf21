//! One connection: HTTP/2 on the gRPC port, HTTP/1.1 or HTTP/2 on the REST port, and its orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::net::TcpStream;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;

use crate::body::ServerBody;
use crate::event_loop::{LoopContext, Port};
use crate::plane::{OpenConnection, Phase, Shared};
use crate::{grpc, rest};

/// Flow-control windows: a large tensor should not wait for window updates.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;
const MAX_FRAME_BYTES: u32 = 1 << 20;
const MAX_SEND_BUFFER_BYTES: usize = 1 << 20;
const MAX_CONCURRENT_STREAMS: u32 = 4096;
const MAX_HEADER_LIST_BYTES: u32 = 64 << 10;
/// A client that does not finish its HTTP/1 headers by then is cut off.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs tasks of HTTP/2 streams on the loop of their connection.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// Serves `stream` until the client goes or the server drains.
pub(crate) async fn serve(context: Rc<LoopContext>, stream: TcpStream, port: Port, _open: OpenConnection) {
    let phase = context.shared.phase.subscribe();
    let Ok(stream) = prepare(stream) else { return };
    let io = TokioIo::new(stream);
    let ended = match port {
        Port::Grpc => serve_grpc(context, io, phase).await,
        Port::Rest => serve_rest(context, io, phase).await,
    };
    if let Err(error) = ended {
        tracing::debug!("connection ended: {error}");
    }
}

fn prepare(stream: TcpStream) -> std::io::Result<tokio::net::TcpStream> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    tokio::net::TcpStream::from_std(stream)
}

type Io = TokioIo<tokio::net::TcpStream>;
type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve_grpc(context: Rc<LoopContext>, io: Io, mut phase: watch::Receiver<Phase>) -> Ended {
    let mut builder = http2::Builder::new(LocalExecutor);
    builder
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES);
    let service = service_fn(move |request: Request<Incoming>| {
        let context = context.clone();
        async move { Ok::<_, Infallible>(grpc::handle(context, request).await) }
    });
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return Ok(ended?),
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => {}
    }
    connection.as_mut().graceful_shutdown();
    Ok(connection.await?)
}

async fn serve_rest(context: Rc<LoopContext>, io: Io, mut phase: watch::Receiver<Phase>) -> Ended {
    let mut builder = auto::Builder::new(LocalExecutor);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
    builder
        .http2()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES);
    let service = service_fn(move |request: Request<Incoming>| {
        let context = context.clone();
        async move { Ok::<_, Infallible>(answer_rest(context, request).await) }
    });
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        _ = phase.wait_for(|phase| *phase == Phase::Closing) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

async fn answer_rest(context: Rc<LoopContext>, request: Request<Incoming>) -> Response<ServerBody> {
    let is_http1 = request.version() < hyper::Version::HTTP_2;
    let is_grpc = grpc::is_grpc(request.headers());
    let mut response = if is_grpc {
        grpc::handle(context.clone(), request).await
    } else {
        rest::handle(context.clone(), request).await
    };
    if is_http1 && is_draining(&context.shared) {
        // Between drain and close, keep-alive clients are told to reconnect elsewhere instead of being cut off.
        response.headers_mut().insert(hyper::header::CONNECTION, hyper::header::HeaderValue::from_static("close"));
    }
    response
}

fn is_draining(shared: &Shared) -> bool {
    *shared.phase.borrow() != Phase::Serving
}
