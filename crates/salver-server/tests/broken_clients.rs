//! Clients that stop half-way or speak the wrong protocol are answered or cut off, and harm nobody else.

mod support;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::GzEncoder;
use salver_core::batching::Policy;
use salver_core::table::{Runner, Target};
use salver_core::{DType, Status};
use salver_server::Options;
use support::{
    DATA, END_STREAM, Echo, HEADERS, Http2, PATIENCE, connect, exchange, framed, plane, plane_of, plane_with,
    signature, spec,
};

/// PredictRequest: model `m`, and `x` a vector of one float.
const PREDICT_MESSAGE: &[u8] =
    b"\x0a\x03\x0a\x01m\x12\x13\x0a\x01x\x12\x0e\x08\x01\x12\x04\x12\x02\x08\x01*\x04\0\0\x80?";
const PREDICT: &str = "/tensorflow.serving.PredictionService/Predict";

#[test]
fn a_deadline_ends_the_wait_for_the_rest_of_a_message() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    for path in [PREDICT, "/tensorflow.serving.ModelService/GetModelStatus"] {
        let stream = client.call(path, &[("grpc-timeout", "100m")]);
        client.send(DATA, 0, stream, &framed(&[0; 100])[..50]);
        let end = client.read_until(|frame| frame.stream == stream && frame.flags & END_STREAM != 0).unwrap();
        assert_eq!(end.kind, HEADERS);
    }
}

#[test]
fn a_deadline_ends_a_stream() {
    let plane = plane();
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 65_535);
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let stream = client.call(path, &[("grpc-timeout", "100m")]);
    let end = client.read_until(|frame| frame.stream == stream && frame.flags & END_STREAM != 0).unwrap();
    assert_eq!(end.kind, HEADERS);
}

#[test]
fn a_streamed_call_ends_at_its_deadline_although_nobody_reads_its_answer() {
    let (x, y) = (spec("x", DType::Float), spec("y", DType::Float));
    let signature = signature("serving_default", "predict", x, y);
    let runner = Runner::Foreign(Arc::new(()));
    let plane =
        plane_of(Options::default(), Arc::new(Target::new("m".into(), 1, [signature], runner, Policy::unbatched())));
    let mut client = Http2::connect(plane.listen_grpc("127.0.0.1", 0).unwrap(), 0);
    let call = client.call("/tensorflow.serving.PredictionService/PredictStreamed", &[("grpc-timeout", "200m")]);
    client.finish(call, PREDICT_MESSAGE);
    let batch = plane.next_batch(PATIENCE).unwrap();
    let parts = batch.parts().unwrap().clone();
    let part = batch.inputs()[0].parts()[0].clone();
    let mut num_taken = 0;
    while parts.send(vec![part.clone()]) {
        num_taken += 1;
        assert!(num_taken < 100, "the answer is not bounded");
    }
    let codes = || {
        let families = plane.metrics();
        let durations = families.iter().find(|family| family.name == "salver_request_duration_seconds").unwrap();
        durations.series.iter().map(|series| series.labels[4].clone()).collect::<Vec<_>>()
    };
    let limit = Instant::now() + PATIENCE;
    while codes().is_empty() && Instant::now() < limit {
        std::thread::park_timeout(Duration::from_millis(2));
    }
    assert_eq!(codes(), ["DEADLINE_EXCEEDED"]);
}

#[test]
fn grpc_over_http1_is_not_answered_as_grpc() {
    let plane = plane();
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let request = format!(
        "POST {PREDICT} HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
    );
    std::thread::scope(|scope| {
        scope.spawn(|| plane.next_call(PATIENCE).map(|call| call.answer(Err(Status::not_found("no such path")))));
        let answer = exchange(&mut connect(port).unwrap(), (request + "\0\0\0\0\0").as_bytes()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    });
}

#[test]
fn an_inflated_rest_body_keeps_to_the_limit() {
    let plane = plane_with(Options { max_message_bytes: 1000, ..Options::default() }, Echo);
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let blanks = std::io::repeat(b' ').take(100_000);
    let mut body = Vec::new();
    GzEncoder::new(blanks, Compression::best()).read_to_end(&mut body).unwrap();
    let head = format!(
        "POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = exchange(&mut connect(port).unwrap(), &[head.as_bytes(), &body].concat()).unwrap();
    assert!(answer.contains("--max_message_bytes"), "{answer}");
}
