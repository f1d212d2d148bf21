//! One connection: HTTP/2 on the gRPC port, HTTP/1.1 or HTTP/2 on the others, and its orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::PoisonError;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::body::ServerBody;
use crate::compress::{self, Wish};
use crate::endpoint::RawStream;
use crate::event_loop::{LoopContext, Port};
use crate::lifetime::{Calls, end_of_life};
use crate::patience::Patient;
use crate::peer::Origin;
use crate::plane::{OpenConnection, Phase, Shared};
use crate::stream::{Carrier, Socket, Stream};
use crate::{admin, cors, grpc, rest};

/// Flow-control windows on the REST and the admin port, and of a whole connection on each.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 32 << 20;
const MAX_CONCURRENT_STREAMS: u32 = 4096;
const MAX_HEADER_LIST_BYTES: u32 = 64 << 10;
/// A client that has not said a word by then is cut off.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(60);
/// What a client that has begun its first call has left to finish it, at the end of a drain.
const FIRST_CALL_LIMIT: Duration = Duration::from_secs(1);
/// What a connection that was accepted at the very end has left for its first request.
const LAST_CHANCE: Duration = Duration::from_millis(50);
/// An HTTP/1 client that sends no further request, or does not finish its headers, by then is cut off. Longer than load
/// balancers keep idle connections (60 s to 600 s): one that we close just as it is used again costs them a request.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(620);

/// Runs tasks of HTTP/2 streams on the loop of their connection.
#[derive(Clone, Copy)]
pub(crate) struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(Patient::new(task));
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
pub(crate) async fn serve(context: Rc<LoopContext>, stream: RawStream, port: Port, _open: OpenConnection) {
    let mut phase = context.shared.phase.subscribe();
    let Ok(socket) = Socket::new(stream) else { return };
    let origin = Origin { port, peer: socket.peer() };
    let Some(stream) = begin(&context.shared, socket, port, &mut phase).await else { return };
    let io = TokioIo::new(stream);
    // How a client broke off is no event of the server's; what it did wrong it was told.
    let _ended = match port {
        Port::Grpc => serve_grpc(context, io, origin, phase).await,
        Port::Rest | Port::Admin => serve_http(context, io, origin, phase).await,
    };
}

/// Waits for the client to begin, and shakes hands where the port has TLS; `None` where it does not do so in time.
/// hyper's handshakes have no limit of their own, and would keep a silent connection open for the whole of a drain.
async fn begin(shared: &Shared, socket: Socket, port: Port, phase: &mut watch::Receiver<Phase>) -> Option<Stream> {
    in_time(phase, port, FIRST_BYTE_TIMEOUT, socket.readable()).await?.ok()?;
    let is_unix = matches!(socket, Socket::Unix(_));
    let Some(acceptor) = shared.tls.acceptor(port) else { return Some(Stream::new(Carrier::Plain(socket), is_unix)) };
    let mut stream = shake_hands(shared, acceptor, socket, port, phase).await?;
    let first = in_time(phase, port, FIRST_BYTE_TIMEOUT, stream.fill_buf()).await?;
    first.is_ok_and(|bytes| !bytes.is_empty()).then(|| Stream::new(Carrier::Tls(stream.into()), is_unix))
}

async fn shake_hands(
    shared: &Shared,
    acceptor: TlsAcceptor,
    socket: Socket,
    port: Port,
    phase: &mut watch::Receiver<Phase>,
) -> Option<TlsStream<Socket>> {
    let limit = shared.options.grpc.handshake_timeout;
    let failed = match in_time(phase, port, limit, acceptor.accept(socket)).await? {
        Ok(stream) => return Some(stream),
        Err(error) => error,
    };
    // Who only looks whether the port is open breaks off, and nothing is wrong with that.
    if !matches!(failed.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) {
        tell(shared, &failed);
    }
    None
}

fn tell(shared: &Shared, failed: &io::Error) {
    let line = shared.failed_handshakes.lock().unwrap_or_else(PoisonError::into_inner).note(failed);
    if let Some(line) = line {
        shared.control.notice(line);
    }
}

/// What the client does within `limit` and before the end of a drain.
async fn in_time<T>(
    phase: &mut watch::Receiver<Phase>,
    port: Port,
    limit: Duration,
    act: impl Future<Output = T>,
) -> Option<T> {
    let ending = async {
        drop(phase.wait_for(|phase| *phase >= port.closes_in()).await);
        tokio::time::sleep(LAST_CHANCE).await;
    };
    tokio::select! {
        biased;
        done = act => Some(done),
        () = ending => None,
        () = tokio::time::sleep(limit) => None,
    }
}

type Io = TokioIo<Stream>;
type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve_grpc(context: Rc<LoopContext>, io: Io, origin: Origin, mut phase: watch::Receiver<Phase>) -> Ended {
    let shared = context.shared.clone();
    let calls = Calls::new();
    let service = {
        let calls = calls.clone();
        service_fn(move |request: Request<Incoming>| {
            let (context, call) = (context.clone(), calls.begin());
            async move { Ok::<_, Infallible>(call.answer(answer_grpc(context, origin, request).await)) }
        })
    };
    let mut connection = pin!(grpc_builder(&shared).serve_connection(io, service));
    let grace = tokio::select! {
        biased;
        ended = connection.as_mut() => return Ok(ended?),
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => None,
        grace = end_of_life(&shared.options.grpc, &calls) => grace,
    };
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = connection => Ok(ended?),
        () = never_began(&shared, Port::Grpc, &calls) => Ok(()),
        () = until(grace) => Ok(()),
    }
}

async fn until(grace: Option<Duration>) {
    match grace {
        Some(grace) => tokio::time::sleep(grace).await,
        None => std::future::pending().await,
    }
}

/// Waits, at the end of a drain, for the moment to cut off a client that has begun to speak and not yet asked anything:
/// hyper waits for the rest of its words as for that of any request.
async fn never_began(shared: &Shared, port: Port, calls: &Calls) {
    shared.closing(port).await;
    tokio::time::sleep(FIRST_CALL_LIMIT).await;
    if calls.have_begun() {
        std::future::pending().await
    }
}

fn grpc_builder(shared: &Shared) -> http2::Builder<LocalExecutor> {
    let options = &shared.options.grpc;
    let mut builder = http2::Builder::new(LocalExecutor);
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(options.stream_window_bytes)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES.max(options.stream_window_bytes))
        .max_frame_size(options.max_frame_bytes)
        .max_send_buf_size(options.send_buffer_bytes)
        .max_concurrent_streams(options.max_concurrent_streams)
        .max_header_list_size(options.max_metadata_bytes)
        .keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout);
    builder
}

async fn serve_http(context: Rc<LoopContext>, io: Io, origin: Origin, mut phase: watch::Receiver<Phase>) -> Ended {
    let mut builder = auto::Builder::new(LocalExecutor);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_READ_TIMEOUT);
    builder
        .http2()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES);
    let (shared, port, calls) = (context.shared.clone(), origin.port, Calls::new());
    let service = {
        let calls = calls.clone();
        service_fn(move |request: Request<Incoming>| {
            let (context, call) = (context.clone(), calls.begin());
            async move { Ok::<_, Infallible>(call.answer(answer_http(context, origin, request).await)) }
        })
    };
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        _ = phase.wait_for(|phase| *phase >= port.closes_in()) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = connection => ended,
        () = never_began(&shared, port, &calls) => Ok(()),
    }
}

async fn answer_http(context: Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    match origin.port {
        Port::Admin => answer_admin(context, origin, request).await,
        Port::Grpc | Port::Rest => answer_on_rest_port(context, origin, request).await,
    }
}

async fn answer_on_rest_port(
    context: Rc<LoopContext>,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<ServerBody> {
    let is_http1 = request.version() < hyper::Version::HTTP_2;
    // gRPC needs trailers, which HTTP/1 clients do not see.
    let is_grpc = !is_http1 && grpc::is_grpc(request.headers());
    let mut response = if is_grpc {
        answer_grpc(context.clone(), Origin { port: Port::Grpc, ..origin }, request).await
    } else {
        answer_rest(context.clone(), origin, request).await
    };
    if is_http1 && is_draining(&context.shared) {
        // Between drain and close, keep-alive clients are told to reconnect elsewhere instead of being cut off.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A call, the limit on what is sent, and compression.
async fn answer_grpc(context: Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    let wants_gzip = compress::wants_grpc_gzip(request.headers());
    let response = grpc::handle(context.clone(), origin, request).await;
    let response = grpc::within_send_limit(&context.shared.options.grpc, response);
    if wants_gzip { compress::compress_grpc(response).await } else { response }
}

/// A REST request, what web pages may do with its answer, and compression.
async fn answer_rest(context: Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    let has_cors = context.shared.options.rest_cors && rest::is_api(request.uri().path());
    let wish = Wish::of(&request);
    let mut response = rest::handle(context.clone(), origin, request).await;
    if has_cors {
        cors::allow(response.headers_mut());
    }
    wish.fulfil(response, context.shared.options.min_gzip_bytes).await
}

/// A request on the admin port, and compression.
async fn answer_admin(context: Rc<LoopContext>, origin: Origin, request: Request<Incoming>) -> Response<ServerBody> {
    let wish = Wish::of(&request);
    let response = admin::handle(&context, origin, request).await;
    wish.fulfil(response, context.shared.options.min_gzip_bytes).await
}

fn is_draining(shared: &Shared) -> bool {
    *shared.phase.borrow() != Phase::Serving
}
