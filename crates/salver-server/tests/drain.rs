//! The end of a plane: what was accepted is answered, and nobody can hold up the rest.

mod support;

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use salver_server::{Options, Plane};
use support::{DATA, END_STREAM, HEADERS, Http2, PATIENCE, http1, plane, plane_with, rest_predict};

/// Far more than an unhindered drain takes.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// Whether `work` ends; a test must not hang where it does not.
fn ends(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(PATIENCE).unwrap_or(false)
}

fn drains(plane: Plane) -> bool {
    ends(move || {
        let is_drained = plane.wait_drained(DRAIN_LIMIT);
        plane.stop();
        is_drained
    })
}

#[test]
fn a_watcher_that_does_not_read_cannot_block_stop() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 0);
    let stream = client.call("/grpc.health.v1.Health/Watch", &[]);
    client.finish(stream, b"");
    client.read_until(|frame| frame.kind == HEADERS).unwrap();
    for state in 0..20 {
        plane.publish_health([(String::new(), 1 + state % 2)], true);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(ends(move || {
        plane.wait_drained(Duration::from_millis(500));
        plane.stop();
        true
    }));
}

#[test]
fn a_watcher_is_told_and_does_not_hold_up_the_drain() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    let stream = client.call("/grpc.health.v1.Health/Watch", &[]);
    client.finish(stream, b"");
    client.read_until(|frame| frame.kind == DATA).unwrap();
    let reader = std::thread::spawn(move || client.read_until(|frame| frame.flags & END_STREAM != 0 && frame.stream == stream));
    assert!(drains(plane));
    assert_eq!(reader.join().unwrap().unwrap().kind, HEADERS);
}

#[test]
fn an_open_reflection_stream_does_not_hold_up_the_drain() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    let stream = client.call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &[]);
    client.read_until(|frame| frame.kind == HEADERS).unwrap();
    let reader = std::thread::spawn(move || client.read_until(|frame| frame.flags & END_STREAM != 0 && frame.stream == stream));
    assert!(drains(plane));
    assert_eq!(reader.join().unwrap().unwrap().kind, HEADERS);
}

#[test]
fn silent_connections_do_not_hold_up_the_drain() {
    let plane = plane();
    let grpc = TcpStream::connect(("127.0.0.1", plane.listen_grpc("127.0.0.1", 0).unwrap())).unwrap();
    let rest = TcpStream::connect(("127.0.0.1", plane.listen_rest("127.0.0.1", 0).unwrap())).unwrap();
    assert!(drains(plane));
    drop((grpc, rest));
}

#[test]
fn every_connection_accepted_while_draining_is_answered() {
    let plane = plane();
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let is_over = AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| ask_until_refused(port, &is_over))).collect();
        std::thread::sleep(Duration::from_millis(50));
        assert!(plane.wait_drained(DRAIN_LIMIT));
        is_over.store(true, Ordering::SeqCst);
        plane.stop();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(answers.len() > 10, "{}", answers.len());
    for answer in answers {
        assert!(answer.contains("{\n    \"predictions\"") || answer.contains("predictions"), "{answer:?}");
    }
}

/// One request per connection, until the port is closed.
fn ask_until_refused(port: u16, is_over: &AtomicBool) -> Vec<String> {
    let mut answers = Vec::new();
    while !is_over.load(Ordering::SeqCst) && TcpStream::connect(("127.0.0.1", port)).is_ok() {
        match http1(port, &rest_predict("{\"instances\": [1.5]}")) {
            Ok(answer) => answers.push(answer),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => break,
            Err(error) => answers.push(error.to_string()),
        }
    }
    answers
}

#[test]
fn no_port_opens_once_the_end_has_begun() {
    let plane = plane_with(Options::default(), support::Echo);
    assert!(plane.wait_drained(DRAIN_LIMIT));
    assert!(plane.listen_grpc("127.0.0.1", 0).is_err());
    plane.stop();
    assert!(plane.listen_rest("127.0.0.1", 0).is_err());
}
