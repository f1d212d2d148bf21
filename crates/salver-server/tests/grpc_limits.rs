//! Limits of gRPC connections.

mod support;

use std::sync::mpsc;
use std::time::Duration;

use salver_server::{GrpcOptions, Options, Plane};
use support::{DATA, END_STREAM, Echo, Frame, GOAWAY, HEADERS, Http2, PATIENCE, framed, plane_with};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const SETTINGS: u8 = 4;
const PING: u8 = 6;

fn open(grpc: GrpcOptions) -> (Plane, Http2) {
    let plane = plane_with(Options { grpc, ..Options::default() }, Echo);
    let client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    (plane, client)
}

fn setting(frame: &Frame, wanted: u16) -> Option<u32> {
    let mut entries = frame.payload.chunks_exact(6);
    entries
        .find(|entry| entry[..2] == wanted.to_be_bytes())
        .map(|entry| u32::from_be_bytes([entry[2], entry[3], entry[4], entry[5]]))
}

/// Whether a call is answered by a status alone, without a message.
fn is_refused(client: &mut Http2, stream: u32) -> bool {
    let first = client.read_until(|frame| frame.stream == stream).unwrap();
    first.kind == HEADERS && first.flags & END_STREAM != 0
}

#[test]
fn limits_are_announced() {
    let options = GrpcOptions {
        max_concurrent_streams: 7,
        max_frame_bytes: 20_000,
        max_metadata_bytes: 1234,
        stream_window_bytes: 70_000,
        ..GrpcOptions::default()
    };
    let (_plane, mut client) = open(options);
    let settings = client.read_until(|frame| frame.kind == SETTINGS && frame.flags == 0).unwrap();
    let announced = [3, 5, 6, 4].map(|number| setting(&settings, number));
    assert_eq!(announced, [Some(7), Some(20_000), Some(1234), Some(70_000)]);
}

#[test]
fn an_idle_connection_is_told_to_go() {
    let (_plane, mut client) =
        open(GrpcOptions { max_idle: Some(Duration::from_millis(50)), ..GrpcOptions::default() });
    let stream = client.call(CHECK, &[]);
    client.finish(stream, b"");
    assert!(client.read_until(|frame| frame.kind == GOAWAY).is_some());
    assert!(client.read_until(|_| false).is_none(), "it ends");
}

#[test]
fn a_connection_with_an_open_call_is_not_idle() {
    let (plane, mut client) = open(GrpcOptions { max_idle: Some(Duration::from_millis(1)), ..GrpcOptions::default() });
    let stream = client.call(WATCH, &[]);
    client.finish(stream, b"");
    for state in [1, 2, 1, 2] {
        plane.publish_health([(String::new(), state)], true);
        let next = client.read_until(|frame| frame.kind == GOAWAY || frame.kind == DATA).unwrap();
        assert_eq!(next.kind, DATA);
    }
}

#[test]
fn an_old_connection_is_cut_off_after_its_grace() {
    let limit = Some(Duration::from_millis(50));
    let (_plane, mut client) = open(GrpcOptions { max_age: limit, max_age_grace: limit, ..GrpcOptions::default() });
    let stream = client.call(WATCH, &[]);
    client.finish(stream, b"");
    assert!(client.read_until(|frame| frame.kind == GOAWAY).is_some());
    assert!(client.read_until(|_| false).is_none(), "it ends although the call does not");
}

#[test]
fn a_client_is_pinged() {
    let interval = Some(Duration::from_millis(20));
    let (_plane, mut client) = open(GrpcOptions { keepalive_interval: interval, ..GrpcOptions::default() });
    for _ in 0..3 {
        assert!(client.read_until(|frame| frame.kind == PING && frame.flags == 0).is_some());
    }
}

#[test]
fn a_request_over_the_limit_is_refused() {
    let (plane, mut client) = open(GrpcOptions { max_receive_bytes: Some(10), ..GrpcOptions::default() });
    plane.publish_health([(String::new(), 1)], true);
    let stream = client.call(CHECK, &[]);
    client.send(DATA, END_STREAM, stream, &framed(&[0; 11]));
    assert!(is_refused(&mut client, stream));
    let stream = client.call(CHECK, &[]);
    client.finish(stream, b"");
    assert!(!is_refused(&mut client, stream));
}

#[test]
fn an_answer_over_the_limit_is_refused() {
    let (plane, mut client) = open(GrpcOptions { max_send_bytes: Some(1), ..GrpcOptions::default() });
    plane.publish_health([(String::new(), 1)], true);
    let stream = client.call(CHECK, &[]);
    client.finish(stream, b"");
    assert!(is_refused(&mut client, stream));
}

#[test]
fn a_port_shared_with_another_process_is_closed_all_the_same() {
    let shared = || {
        let grpc = GrpcOptions { reuse_port: true, ..GrpcOptions::default() };
        plane_with(Options { grpc, ..Options::default() }, Echo)
    };
    let others: Vec<Plane> = (0..4).map(|_| shared()).collect();
    let number = others[0].listen_grpc("127.0.0.1", 0).unwrap();
    others[1..].iter().for_each(|other| assert_eq!(other.listen_grpc("127.0.0.1", number).unwrap(), number));
    for _ in 0..8 {
        let plane = shared();
        plane.listen_grpc("127.0.0.1", number).unwrap();
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            plane.stop();
            ended.send(())
        });
        assert!(end.recv_timeout(PATIENCE).is_ok(), "the port is still open");
    }
}
