//! The end of a plane: what was accepted is answered, and nobody can hold up the rest.

mod support;

use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use salver_server::Plane;
use support::{DATA, END_STREAM, HEADERS, Http2, PATIENCE, connect, exchange, plane, rest_predict};

/// Far more than an unhindered drain takes.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// Whether `work` ends; a test must not hang where it does not.
fn ends(work: impl FnOnce() -> bool + Send + 'static) -> bool {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(PATIENCE).unwrap_or(false)
}

/// Whether the drain ends long before its limit.
fn drains(plane: Plane) -> bool {
    ends(move || {
        let is_drained = plane.wait_drained(DRAIN_LIMIT);
        plane.stop();
        is_drained
    })
}

#[test]
fn a_watcher_that_does_not_read_cannot_block_stop() {
    // One of these fills what may wait for the client, and the last word finds no room.
    for num_changes in 2..6 {
        assert!(ends(move || stop_with_stuck_watcher(num_changes)), "{num_changes}");
    }
}

fn stop_with_stuck_watcher(num_changes: i32) -> bool {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 0);
    let stream = client.call("/grpc.health.v1.Health/Watch", &[]);
    client.finish(stream, b"");
    client.read_until(|frame| frame.kind == HEADERS).unwrap();
    for change in 0..num_changes {
        plane.publish_health([(String::new(), 1 + change % 2)], true);
        // Nothing tells when the watcher has seen it.
        std::thread::park_timeout(Duration::from_millis(20));
    }
    plane.wait_drained(Duration::from_millis(500));
    plane.stop();
    true
}

#[test]
fn a_watcher_is_told_and_does_not_hold_up_the_drain() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    let stream = client.call("/grpc.health.v1.Health/Watch", &[]);
    client.finish(stream, b"");
    client.read_until(|frame| frame.kind == DATA).unwrap();
    let reader =
        std::thread::spawn(move || client.read_until(|frame| frame.flags & END_STREAM != 0 && frame.stream == stream));
    assert!(drains(plane));
    assert_eq!(reader.join().unwrap().unwrap().kind, HEADERS);
}

#[test]
fn an_open_reflection_stream_does_not_hold_up_the_drain() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    let stream = client.call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", &[]);
    client.read_until(|frame| frame.kind == HEADERS).unwrap();
    let reader =
        std::thread::spawn(move || client.read_until(|frame| frame.flags & END_STREAM != 0 && frame.stream == stream));
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
fn a_connection_accepted_before_the_drain_is_answered_and_closed() {
    let plane = plane();
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let mut idle: Vec<_> = (0..4).map(|_| connect(port).unwrap()).collect();
    plane.begin_drain();
    for stream in &mut idle {
        let answer = exchange(stream, rest_predict("{\"instances\": [1.5]}").as_bytes()).unwrap();
        assert!(answer.contains("predictions") && answer.contains("connection: close"), "{answer}");
    }
    assert!(drains(plane));
}

#[test]
fn no_port_opens_once_the_end_has_begun() {
    let plane = plane();
    assert!(plane.wait_drained(DRAIN_LIMIT));
    assert!(plane.listen_grpc("127.0.0.1", 0).is_err());
    plane.stop();
    assert!(plane.listen_rest("127.0.0.1", 0).is_err());
}
