//! What clients see of requests that do not run, and how they say how much a request matters.

mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, Request};
use salver_core::{Call, Code, Executor, Status, Tensor};
use salver_server::{Options, Plane};
use support::{connect, exchange, framed, plane, plane_with};

const PREDICT: &str = "/tensorflow.serving.PredictionService/Predict";
const CLASSIFY: &str = "/tensorflow.serving.PredictionService/Classify";
const PREDICT_STREAMED: &str = "/tensorflow.serving.PredictionService/PredictStreamed";
const WORDS: &str = "critical_plus, critical, sheddable_plus, sheddable";

/// Always out of order for a second and a half.
struct Busy;

impl Executor for Busy {
    fn run(&self, _call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        Err(Status::new(Code::Unavailable, "busy").with_retry_after(Duration::from_millis(1_500)))
    }
}

/// PredictRequest: model `m`, input `x`, one float.
fn request() -> Vec<u8> {
    let field = |number: u8, value: &[u8]| [&[number << 3 | 2, value.len() as u8], value].concat();
    let shape = field(2, &field(2, &[8, 1]));
    let tensor = [&[8, 1][..], &shape, &field(5, &1f32.to_le_bytes())].concat();
    let entry = [field(1, b"x"), field(2, &tensor)].concat();
    [field(1, &field(1, b"m")), field(2, &entry)].concat()
}

/// The headers of the answer to a call that fails: they are all there is.
fn refusal(plane: &Plane, path: &str, criticality: Option<&str>) -> HeaderMap {
    let port = plane.listen_grpc("127.0.0.1", 0).unwrap();
    let mut head = Request::post(format!("http://h{path}")).header("content-type", "application/grpc");
    if let Some(word) = criticality {
        head = head.header("salver-criticality", word);
    }
    let head = head.header("te", "trailers").body(()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let (client, connection) = h2::client::handshake(socket).await.unwrap();
        let connection = tokio::spawn(connection);
        let (answer, mut body) = client.ready().await.unwrap().send_request(head, false).unwrap();
        body.send_data(framed(&request()).into(), true).unwrap();
        let mut answer = tokio::time::timeout(support::PATIENCE, answer).await.unwrap().unwrap();
        let trailers = answer.body_mut().trailers().await.unwrap();
        connection.abort();
        trailers.unwrap_or_else(|| std::mem::take(answer.headers_mut()))
    })
}

fn code(headers: &HeaderMap) -> Code {
    Code::from_number(headers["grpc-status"].to_str().unwrap().parse().unwrap())
}

fn rest_predict(plane: &Plane, headers: &str) -> String {
    let body = "{\"instances\": [1.0]}";
    let request = format!(
        "POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(&mut connect(plane.listen_rest("127.0.0.1", 0).unwrap()).unwrap(), request.as_bytes()).unwrap()
}

#[test]
fn grpc_clients_are_told_when_to_try_again() {
    let headers = refusal(&plane_with(Options::default(), Busy), PREDICT, None);
    assert_eq!(code(&headers), Code::Unavailable);
    assert_eq!(headers["grpc-retry-pushback-ms"], "1500");
    let details = STANDARD_NO_PAD.decode(&headers["grpc-status-details-bin"]).unwrap();
    // google.rpc.Status: code 14, message "busy", one Any of RetryInfo { retry_delay { seconds: 1 nanos: 500000000 } }.
    let url = b"type.googleapis.com/google.rpc.RetryInfo";
    let delay = [&[0x08, 1, 0x10][..], &[0x80, 0xca, 0xb5, 0xee, 0x01]].concat();
    let info = [&[0x0a, delay.len() as u8], &delay[..]].concat();
    let any = [&[0x0a, url.len() as u8], &url[..], &[0x12, info.len() as u8], &info[..]].concat();
    let want = [&[0x08, 14, 0x12, 4][..], b"busy", &[0x1a, any.len() as u8], &any[..]].concat();
    assert_eq!(details, want);
}

#[test]
fn http_clients_are_told_when_to_try_again_in_whole_seconds() {
    let answer = rest_predict(&plane_with(Options::default(), Busy), "").to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 2\r\n"), "{answer}");
}

#[test]
fn without_advice_there_is_none() {
    let plane = plane();
    let headers = refusal(&plane, PREDICT, Some("low"));
    assert!(!headers.contains_key("grpc-retry-pushback-ms") && !headers.contains_key("grpc-status-details-bin"));
    assert!(!rest_predict(&plane, "Salver-Criticality: low\r\n").to_ascii_lowercase().contains("retry-after"));
}

#[test]
fn an_unknown_criticality_is_an_invalid_argument_on_both_ports() {
    let plane = plane();
    for path in [PREDICT, PREDICT_STREAMED, CLASSIFY] {
        let headers = refusal(&plane, path, Some("low"));
        assert_eq!(code(&headers), Code::InvalidArgument, "{path}");
        assert!(headers["grpc-message"].to_str().unwrap().contains(WORDS));
    }
    let answer = rest_predict(&plane, "Salver-Criticality: low\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(WORDS), "{answer}");
}
