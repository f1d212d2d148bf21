//! Servers that do not do as they should, or as one would like them to.

mod mock;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use mock::{Reply, options};
use salver_core::Code;
use salver_load::{Options, Protocol, Report, Run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const MESSAGE: &[u8] = b"\0\0\0\0\x02ok";
/// Frames of HTTP/2: settings of no kind, and the end of a connection that has looked at no stream.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const GO_AWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn report(options: Options) -> Report {
    Run::start(options).unwrap().report()
}

fn trailers(status: &'static str) -> HeaderMap {
    [("grpc-status".parse().unwrap(), HeaderValue::from_static(status))].into_iter().collect()
}

#[test]
fn a_call_that_is_reset_fails_by_its_reason_and_costs_no_connection() {
    let server = mock::grpc(|number, _| match number {
        1 => Reply::Reset(h2::Reason::INTERNAL_ERROR),
        2 => Reply::Reset(h2::Reason::ENHANCE_YOUR_CALM),
        _ => Reply::Message(MESSAGE),
    });
    let report = report(Options { num_requests: Some(5), ..options(server.port, Protocol::Grpc) });
    assert_eq!((report.tally.num_answered(), report.tally.num_failed()), (3, 2));
    assert_eq!(report.tally.failures["INTERNAL"].count, 1);
    assert!(report.tally.failures["RESOURCE_EXHAUSTED"].message.starts_with("the call was reset: "));
    assert_eq!(server.num_connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_call_that_was_refused_unseen_is_sent_once_more_on_its_connection() {
    let server = mock::grpc(|number, _| match number {
        0 => Reply::Reset(h2::Reason::REFUSED_STREAM),
        number if number > 3 => Reply::Reset(h2::Reason::REFUSED_STREAM),
        _ => Reply::Message(MESSAGE),
    });
    let report = report(Options { num_requests: Some(4), ..options(server.port, Protocol::Grpc) });
    assert_eq!((report.tally.num_answered(), report.tally.failures["UNAVAILABLE"].count), (3, 1));
    assert_eq!(server.num_connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_server_that_takes_few_calls_at_once_gets_no_more() {
    let server = mock::raw(|stream, _| {
        Box::pin(async move {
            let mut builder = h2::server::Builder::new();
            let mut connection = builder.max_concurrent_streams(3).handshake::<_, Bytes>(stream).await.unwrap();
            while let Some(Ok((_request, mut respond))) = connection.accept().await {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    let mut stream = respond.send_response(Response::new(()), false).unwrap();
                    stream.send_trailers(trailers("0")).unwrap();
                });
            }
        })
    });
    let base = options(server.port, Protocol::Grpc);
    let report = report(Options { num_in_flight: 20, num_requests: Some(60), ..base });
    assert_eq!((report.tally.num_answered(), report.tally.num_failed()), (60, 0), "{:?}", report.tally.failures);
    assert_eq!(server.num_connections.load(Ordering::SeqCst), 1);
}

#[test]
fn calls_that_a_server_that_goes_has_not_looked_at_are_sent_to_the_next() {
    let served: mock::Answer = Arc::new(|_, _: &[u8]| Reply::Message(MESSAGE));
    let server = mock::raw(move |mut stream, number| {
        let (served, count) = (served.clone(), Arc::new(AtomicUsize::new(0)));
        Box::pin(async move {
            if number > 0 {
                return mock::serve_grpc(stream, served, count).await;
            }
            read_until(&mut stream, b"body").await;
            stream.write_all(&[SETTINGS, GO_AWAY].concat()).await.unwrap();
            std::future::pending().await
        })
    });
    let report = report(Options { num_requests: Some(3), ..options(server.port, Protocol::Grpc) });
    assert_eq!((report.tally.num_answered(), report.tally.num_failed()), (3, 0), "{:?}", report.tally.failures);
    assert_eq!(server.num_connections.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_that_comes_before_the_request_has_gone_out_counts() {
    let server = mock::raw(|stream, _| {
        Box::pin(async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let mut response = Response::new(());
                *response.headers_mut() = trailers("8");
                respond.send_response(response, true).unwrap();
                // What is left of it is not wanted: h2 resets the stream without an error.
                drop(request);
            }
        })
    });
    // More than a window, so that the rest waits for the server.
    let bodies = vec![Bytes::from(vec![b'x'; 1 << 20])];
    let report = report(Options { bodies, num_requests: Some(3), ..options(server.port, Protocol::Grpc) });
    assert_eq!(report.tally.failures.keys().collect::<Vec<_>>(), ["RESOURCE_EXHAUSTED"], "{:?}", report.tally.failures);
    assert_eq!(server.num_connections.load(Ordering::SeqCst), 1);
}

#[test]
fn what_is_no_answer_at_all_fails_with_what_is_wrong_with_it() {
    for (protocol, said) in [(Protocol::Grpc, "frame"), (Protocol::Rest, "invalid HTTP version parsed")] {
        let server = mock::raw(|mut stream, _| {
            Box::pin(async move {
                read_until(&mut stream, b"body").await;
                stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\nWhat is this?\r\n").await.unwrap();
                std::future::pending().await
            })
        });
        let report = report(Options { num_requests: Some(2), ..options(server.port, protocol) });
        let failures = &report.tally.failures["CONNECTION"];
        assert_eq!(failures.count, 2, "{protocol:?}");
        assert!(failures.message.contains(said), "{}", failures.message);
    }
}

#[test]
fn an_answer_without_end_is_kept_no_further_than_memory_allows() {
    let server = mock::raw(|mut stream, _| {
        Box::pin(async move {
            read_until(&mut stream, b"body").await;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while stream.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
        })
    });
    let base = options(server.port, Protocol::Rest);
    let report = report(Options { keep_reply: true, ..base });
    assert_eq!(report.tally.failures["RESOURCE_EXHAUSTED"].message, "the answer is longer than 64 MiB");
}

#[test]
fn what_is_due_when_the_server_cannot_be_reached_any_more_has_failed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (port, listener) = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        (listener.local_addr().unwrap().port(), listener)
    });
    std::thread::spawn(move || {
        runtime.block_on(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_until(&mut stream, b"body").await;
            // From here on nobody gets through: the line of those who wait to be accepted is full.
            let mut waiting = Vec::new();
            for _ in 0..8 {
                let address = ("127.0.0.1", listener.local_addr().unwrap().port());
                waiting.push(tokio::time::timeout(Duration::from_millis(20), TcpStream::connect(address)).await);
            }
            drop(stream);
            std::future::pending::<()>().await
        });
    });
    let second = Duration::from_secs(1);
    let base = options(port, Protocol::Grpc);
    let (rate, timeout) = (Some(100.0), Duration::from_millis(200));
    let report = report(Options { rate, duration: Some(second), num_requests: None, timeout, ..base });
    assert!(report.failure.is_none(), "the run is over before the connection is given up");
    assert_eq!(report.tally.num_failed(), 99, "all that were due: {:?}", report.tally.failures);
}

#[test]
fn connections_that_nobody_takes_can_be_given_up() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _within = runtime.enter();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let limit = Duration::from_secs(600);
    let base = options(listener.local_addr().unwrap().port(), Protocol::Grpc);
    let options = Options { num_connections: 20, connect_timeout: limit, ..base };
    let mut num_looks = 0;
    let refused = Run::start_unless(options, || {
        num_looks += 1;
        num_looks > 1
    });
    assert_eq!(refused.err().unwrap().code, Code::Cancelled);
    assert_eq!(num_looks, 2);
}

#[test]
fn own_headers_take_the_place_of_the_generator_s() {
    let seen = Arc::new(std::sync::Mutex::new(String::new()));
    let kept = seen.clone();
    let server = mock::rest(move |_, request| {
        *kept.lock().unwrap() = String::from_utf8_lossy(request).to_lowercase();
        Reply::Message(b"{}")
    });
    let headers = [("Host", "model.example"), ("x-a", "1"), ("x-a", "2")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let base = options(server.port, Protocol::Rest);
    assert_eq!(report(Options { headers, ..base.clone() }).tally.num_answered(), 1);
    let request = seen.lock().unwrap();
    assert_eq!((request.matches("host: ").count(), request.matches("x-a: ").count()), (1, 2), "{request}");
    assert!(request.contains("host: model.example"));
    let headers = vec![("Connection".to_owned(), "close".to_owned())];
    let refused = Run::start(Options { headers, protocol: Protocol::Grpc, ..base }).err().unwrap();
    assert_eq!(refused.message, "connection is no header of HTTP/2");
}

async fn read_until(stream: &mut TcpStream, end: &[u8]) {
    let mut read = Vec::new();
    while !read.windows(end.len()).any(|window| window == end) {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
}
