//! Answers in pieces on the admin port, over HTTP/1.1, HTTP/2 and gRPC: how they come, and the ways in which they end.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use salver_core::{Code, Status};
use salver_server::{AnswerStream, ControlAnswer, ControlCall, Plane, Protocol, answer_stream};
use support::{DATA, END_STREAM, HEADERS, Http2, PATIENCE, RST_STREAM, connect, plane};

const REQUEST: &[u8] = b"GET /v1/events HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const WATCH: &str = "/salver.admin.v1.Admin/WatchEvents";
const WINDOW: u32 = 65_535;

fn admin_plane() -> (Plane, u16) {
    let plane = plane();
    let port = plane.listen_admin("127.0.0.1", 0).unwrap();
    (plane, port)
}

/// Answers the next call in pieces.
fn begin(plane: &Plane, answer: impl FnOnce(salver_server::Pieces) -> ControlAnswer) -> AnswerStream {
    let (stream, pieces) = answer_stream();
    plane.next_call(PATIENCE).unwrap().answer(Ok(answer(pieces)));
    stream
}

fn http(pieces: salver_server::Pieces) -> ControlAnswer {
    let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
    ControlAnswer::HttpPieces { status: 200, headers, pieces }
}

/// A client of HTTP/1.1 and the stream that it is sent.
fn http1(plane: &Plane, port: u16) -> (TcpStream, AnswerStream) {
    let mut client = connect(port).unwrap();
    client.write_all(REQUEST).unwrap();
    (client, begin(plane, http))
}

/// A gRPC client, its call, and the stream that it is sent.
fn grpc(plane: &Plane, port: u16, headers: &[(&str, &str)], window: u32) -> (Http2, u32, AnswerStream) {
    let mut client = Http2::connect(port, window);
    let call = client.call(WATCH, headers);
    client.finish(call, b"");
    (client, call, begin(plane, ControlAnswer::Messages))
}

fn send(stream: &AnswerStream, piece: &'static str) {
    assert!(stream.send(piece.into(), PATIENCE));
}

/// Reads until what came ends with `end`.
fn read_to(client: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

fn is_closed_soon(stream: &AnswerStream) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while stream.is_open() && Instant::now() < deadline {
        std::thread::park_timeout(Duration::from_millis(2));
    }
    !stream.is_open()
}

/// The last frame of a call, or how it was reset.
fn last_frame(client: &mut Http2, call: u32) -> support::Frame {
    let is_last = |frame: &support::Frame| frame.flags & END_STREAM != 0 && frame.kind != RST_STREAM;
    client.read_until(|frame| frame.stream == call && (is_last(frame) || frame.kind == RST_STREAM)).unwrap()
}

#[test]
fn pieces_arrive_as_they_are_sent_and_the_end_is_told() {
    let (plane, port) = admin_plane();
    let (mut client, stream) = http1(&plane, port);
    send(&stream, "one\n");
    let head = read_to(&mut client, "4\r\none\n\r\n");
    assert!(head.contains("transfer-encoding: chunked") && head.contains("text/event-stream"), "{head}");
    send(&stream, "two\n");
    assert_eq!(read_to(&mut client, "two\n\r\n"), "4\r\ntwo\n\r\n");
    stream.end(Ok(()));
    assert_eq!(read_to(&mut client, "0\r\n\r\n"), "0\r\n\r\n");
}

#[test]
fn what_breaks_off_is_not_taken_for_the_whole() {
    let (plane, port) = admin_plane();
    let (mut client, stream) = http1(&plane, port);
    send(&stream, "half");
    read_to(&mut client, "half\r\n");
    drop(stream);
    let mut rest = Vec::new();
    let _reset = client.read_to_end(&mut rest);
    assert_eq!(rest, b"", "no last chunk");
}

#[test]
fn http2_gets_data_frames() {
    let (plane, port) = admin_plane();
    let mut client = Http2::connect(port, WINDOW);
    let call = client.request("GET", "/v1/events");
    let stream = begin(&plane, http);
    send(&stream, "one\n");
    assert_eq!(client.read_until(|frame| frame.kind == DATA).unwrap().payload, b"one\n");
    stream.end(Err(Status::internal("broken")));
    assert_eq!(last_frame(&mut client, call).kind, RST_STREAM);
}

#[test]
fn the_stream_closes_when_the_client_goes() {
    let (plane, port) = admin_plane();
    let (client, stream) = http1(&plane, port);
    drop(client);
    assert!(is_closed_soon(&stream), "HTTP/1.1");

    let (mut client, call, stream) = grpc(&plane, port, &[], WINDOW);
    client.send(RST_STREAM, 0, call, &8u32.to_be_bytes());
    assert!(is_closed_soon(&stream), "gRPC");
    assert!(!stream.send("late".into(), PATIENCE));
}

#[test]
fn a_client_that_does_not_read_fills_its_own_buffer_alone() {
    let (plane, port) = admin_plane();
    let (mut slow, slow_call, to_slow) = grpc(&plane, port, &[], 0);
    let (mut quick, _, to_quick) = grpc(&plane, port, &[], WINDOW);
    let piece = vec![b'x'; 64 << 10];
    let mut num_sent = 0;
    while to_slow.send(piece.clone().into(), Duration::from_millis(100)) {
        num_sent += 1;
        assert!(num_sent < 100, "the buffer is not bounded");
    }
    assert!(to_slow.is_open());
    send(&to_quick, "quick");
    assert!(quick.read_until(|frame| frame.kind == DATA).unwrap().payload.ends_with(b"quick"));
    to_slow.end(Ok(()));
    // A window for all that was sent, on the connection, too.
    for stream in [0, slow_call] {
        slow.send(8, 0, stream, &(16u32 << 20).to_be_bytes());
    }
    assert_eq!(last_frame(&mut slow, slow_call).kind, HEADERS);
}

#[test]
fn grpc_messages_are_framed_and_end_with_a_status() {
    let (plane, port) = admin_plane();
    let (mut client, call, stream) = grpc(&plane, port, &[], WINDOW);
    send(&stream, "event");
    assert_eq!(client.read_until(|frame| frame.kind == DATA).unwrap().payload, support::framed(b"event"));
    stream.end(Err(Status::new(Code::ResourceExhausted, "too slow")));
    let trailers = last_frame(&mut client, call);
    assert_eq!(trailers.kind, HEADERS);
    assert!(!stream.is_open());
}

#[test]
fn a_deadline_ends_the_stream_of_a_grpc_call() {
    let (plane, port) = admin_plane();
    let (mut client, call, stream) = grpc(&plane, port, &[("grpc-timeout", "200m")], WINDOW);
    assert_eq!(last_frame(&mut client, call).kind, HEADERS);
    assert!(is_closed_soon(&stream));

    let (_reads_nothing, _, stream) = grpc(&plane, port, &[("grpc-timeout", "200m")], 0);
    while stream.send("event".into(), PATIENCE) {}
    assert!(!stream.is_open());
}

#[test]
fn grpc_calls_come_marked_with_their_headers_and_are_answered_in_one_message_as_well() {
    let (plane, port) = admin_plane();
    let mut client = Http2::connect(port, WINDOW);
    let call = client.call("/salver.admin.v1.Admin/GetServer", &[("x-salver-actor", "me")]);
    client.finish(call, b"question");
    let asked = plane.next_call(PATIENCE).unwrap();
    assert_eq!((asked.protocol, &*asked.path), (Protocol::AdminGrpc, "/salver.admin.v1.Admin/GetServer"));
    assert_eq!(asked.body, "question");
    assert!(asked.headers.contains(&("x-salver-actor".to_owned(), "me".to_owned())));
    asked.answer(Ok(ControlAnswer::Message("answer".into())));
    assert_eq!(client.read_until(|frame| frame.kind == DATA).unwrap().payload, support::framed(b"answer"));
}

#[test]
fn the_admin_port_runs_no_model_by_grpc_and_counts_no_call() {
    let (plane, port) = admin_plane();
    let mut client = Http2::connect(port, WINDOW);
    let call = client.call("/tensorflow.serving.PredictionService/Predict", &[]);
    client.finish(call, b"");
    assert_eq!(last_frame(&mut client, call).kind, HEADERS);
    let health = client.call("/grpc.health.v1.Health/Check", &[]);
    client.finish(health, b"");
    last_frame(&mut client, health);
    for family in plane.metrics() {
        let is_count = ["salver_grpc_requests_total", "salver_grpc_errors_total"].contains(&&*family.name);
        assert!(!is_count || family.series[0].value == 0, "{}", family.name);
    }
    assert!(plane.next_call(Duration::ZERO).is_none(), "it was refused before Python");
}

#[test]
fn streams_outlive_the_drain_and_end_with_the_plane() {
    for is_reading in [true, false] {
        let (plane, port) = admin_plane();
        let (_http1, to_http1) = http1(&plane, port);
        let (_grpc, _, to_grpc) = grpc(&plane, port, &[], if is_reading { WINDOW } else { 0 });
        assert!(plane.wait_drained(PATIENCE));
        assert!(to_http1.send("still there".into(), PATIENCE) && to_grpc.send("still there".into(), PATIENCE));
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(plane.stop()));
        assert_eq!(receiver.recv_timeout(PATIENCE), Ok(true), "stop hangs, reading: {is_reading}");
        assert!(is_closed_soon(&to_http1) && is_closed_soon(&to_grpc));
    }
}

#[test]
fn a_stream_that_nobody_waits_for_is_closed_at_once() {
    let (plane, port) = admin_plane();
    let mut client = connect(port).unwrap();
    client.write_all(REQUEST).unwrap();
    let call: ControlCall = plane.next_call(PATIENCE).unwrap();
    drop(client);
    while !call.is_abandoned.load(std::sync::atomic::Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(2));
    }
    let (stream, pieces) = answer_stream();
    call.answer(Ok(http(pieces)));
    assert!(!stream.is_open());
}
