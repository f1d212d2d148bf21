//! One connection: HTTP/2 on the gRPC port, HTTP/1.1 or HTTP/2 on the REST port, and its orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::net::TcpStream;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
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
/// A client that has not said a word by then is cut off.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(60);
/// What a connection that was accepted at the very end has left for its first request.
const LAST_CHANCE: Duration = Duration::from_millis(50);
/// An HTTP/1 client that sends no further request, or does not finish its headers, by then is cut off. Longer than load
/// balancers keep idle connections (60 s to 600 s): one that we close just as it is used again costs them a request.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(620);
/// Idle time after which the kernel asks whether the peer still lives; one that vanished is found within minutes.
const PROBE_AFTER: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_secs(15);

/// Runs tasks of HTTP/2 streams on the loop of their connection.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// Has this thread make what hyper keeps per thread, by a request to itself; see [`Shared::ready_thread`].
pub(crate) async fn warm_up() -> Ended {
    let (mut client, server) = tokio::io::duplex(1 << 10);
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let service = service_fn(async |_| Ok::<_, Infallible>(Response::new(ServerBody::empty())));
    Ok(http1::Builder::new().serve_connection(TokioIo::new(server), service).await?)
}

/// Serves `stream` until the client goes or the server drains.
pub(crate) async fn serve(context: Rc<LoopContext>, stream: TcpStream, port: Port, _open: OpenConnection) {
    let mut phase = context.shared.phase.subscribe();
    let Ok(stream) = prepare(stream) else { return };
    if !has_first_byte(&stream, &mut phase).await {
        return;
    }
    let io = TokioIo::new(stream);
    // How a client broke off is no event of the server's; what it did wrong it was told.
    let _ended = match port {
        Port::Grpc => serve_grpc(context, io, phase).await,
        Port::Rest => serve_rest(context, io, phase).await,
    };
}

fn prepare(stream: TcpStream) -> std::io::Result<tokio::net::TcpStream> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_INTERVAL);
    SockRef::from(&stream).set_tcp_keepalive(&probes)?;
    tokio::net::TcpStream::from_std(stream)
}

/// Waits for the client to begin; false where it does not in time. hyper's handshakes have no limit of their own, and
/// would keep a silent connection open for the whole of a drain.
async fn has_first_byte(stream: &tokio::net::TcpStream, phase: &mut watch::Receiver<Phase>) -> bool {
    let ending = async {
        drop(phase.wait_for(|phase| *phase == Phase::Closing).await);
        tokio::time::sleep(LAST_CHANCE).await;
    };
    tokio::select! {
        biased;
        ready = stream.readable() => ready.is_ok(),
        () = ending => false,
        () = tokio::time::sleep(FIRST_BYTE_TIMEOUT) => false,
    }
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
    // gRPC needs trailers, which HTTP/1 clients do not see.
    let is_grpc = !is_http1 && grpc::is_grpc(request.headers());
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
