//! Servers of gRPC and HTTP in the test's own process, that answer as a test says.

#![allow(dead_code)] // Each test uses a part of it.

use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use salver_load::{Options, Protocol, Spacing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How one request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With this message, in its frame.
    Message(&'static [u8]),
    /// With a status and a text.
    Status(u8, &'static str),
    /// With the message, after a time.
    After(Duration),
    /// Never.
    Nothing,
    /// The connection ends.
    HangUp,
    /// The stream ends, of gRPC alone.
    Reset(h2::Reason),
}

/// What a test asks a mock server for.
pub(crate) type Answer = Arc<dyn Fn(usize, &[u8]) -> Reply + Send + Sync>;

/// A server that ends with the test.
pub(crate) struct Mock {
    /// Where it listens.
    pub(crate) port: u16,
    /// Connections that were opened so far.
    pub(crate) num_connections: Arc<AtomicUsize>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// A gRPC server; `answer` gets the number of the request, from 0, and its message in its frame.
pub(crate) fn grpc(answer: impl Fn(usize, &[u8]) -> Reply + Send + Sync + 'static) -> Mock {
    let (answer, count): (Answer, _) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    raw(move |stream, _| Box::pin(serve_grpc(stream, answer.clone(), count.clone())))
}

/// An HTTP/1.1 server that answers every request with this text, which a test writes whole.
pub(crate) fn rest(answer: impl Fn(usize, &[u8]) -> Reply + Send + Sync + 'static) -> Mock {
    let (answer, count): (Answer, _) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    raw(move |stream, _| Box::pin(serve_rest(stream, answer.clone(), count.clone())))
}

/// What a server does with a connection.
pub(crate) type Serving = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// A server that does with each connection, numbered from 0, what a test says.
pub(crate) fn raw(each: impl Fn(TcpStream, usize) -> Serving + Send + 'static) -> Mock {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let num_connections = Arc::new(AtomicUsize::new(0));
    let counted = num_connections.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let accept = async {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(each(stream, counted.fetch_add(1, Ordering::SeqCst)));
                }
            };
            tokio::select! {
                () = accept => {}
                _ = stopped => {}
            }
        });
    });
    Mock { port, num_connections, _stop: stop }
}

/// Serves gRPC on a connection.
pub(crate) async fn serve_grpc(stream: TcpStream, answer: Answer, count: Arc<AtomicUsize>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let (hang_up, mut is_over) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            _ = is_over.recv() => return,
        };
        let Some(Ok((request, respond))) = accepted else { return };
        tokio::spawn(answer_call(request, respond, answer.clone(), count.clone(), hang_up.clone()));
    }
}

async fn answer_call(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    answer: Answer,
    count: Arc<AtomicUsize>,
    hang_up: tokio::sync::mpsc::Sender<()>,
) {
    let mut body = request.into_body();
    let mut message = Vec::new();
    while let Some(Ok(chunk)) = body.data().await {
        message.extend_from_slice(&chunk);
        drop(body.flow_control().release_capacity(chunk.len()));
    }
    let (status, text, data) = match answer(count.fetch_add(1, Ordering::SeqCst), &message) {
        Reply::Message(data) => (0, "", data),
        Reply::Status(status, text) => (status, text, &b""[..]),
        Reply::After(time) => {
            tokio::time::sleep(time).await;
            (0, "", &b"\0\0\0\0\0"[..])
        }
        Reply::Nothing => return std::future::pending().await,
        Reply::HangUp => {
            hang_up.send(()).await.unwrap_or_default();
            // Going away would reset the stream first, where there is time for it.
            return std::future::pending().await;
        }
        Reply::Reset(reason) => return respond.send_reset(reason),
    };
    let Ok(mut stream) = respond.send_response(Response::new(()), false) else { return };
    drop(stream.send_data(Bytes::from_static(data), false));
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(u16::from(status)));
    trailers.insert("grpc-message", HeaderValue::from_static(text));
    drop(stream.send_trailers(trailers));
}

async fn serve_rest(mut stream: TcpStream, answer: Answer, count: Arc<AtomicUsize>) {
    let mut read = Vec::new();
    loop {
        let Some(request) = next_request(&mut stream, &mut read).await else { return };
        let (status, text) = match answer(count.fetch_add(1, Ordering::SeqCst), &request) {
            Reply::Message(data) => (200, std::str::from_utf8(data).unwrap()),
            Reply::Status(code, text) => (400 + u16::from(code), text),
            Reply::After(time) => {
                tokio::time::sleep(time).await;
                (200, "")
            }
            Reply::Nothing => return std::future::pending().await,
            Reply::HangUp | Reply::Reset(_) => return,
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", text.len());
        if stream.write_all((head + text).as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Head and body of the next request on a connection.
async fn next_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if read.len() >= end + 4 + length {
                return Some(read.drain(..end + 4 + length).collect());
            }
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

/// Requests one after the other over one connection, for tests to change.
pub(crate) fn options(port: u16, protocol: Protocol) -> Options {
    Options {
        host: "127.0.0.1".into(),
        port,
        protocol,
        method: "POST".into(),
        path: "/service/Method".into(),
        headers: Vec::new(),
        bodies: vec![Bytes::from_static(b"body")],
        num_connections: 1,
        num_in_flight: 1,
        num_threads: 1,
        rate: None,
        spacing: Spacing::Constant,
        seed: 0,
        max_queued: 1000,
        warmup: Duration::ZERO,
        duration: None,
        num_requests: Some(1),
        timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(20),
        tls: None,
        keep_reply: false,
    }
}
