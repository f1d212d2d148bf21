//! What lies around every REST answer: compression, and what web pages of other origins may do.

mod support;

use std::io::{Read, Write};

use flate2::read::GzDecoder;
use salver_server::{Options, Plane};
use support::{Echo, connect, plane, plane_with};

/// Header and body of the answer to one request.
fn ask(plane: &Plane, start: &str, headers: &str, body: &str) -> (String, Vec<u8>) {
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    let mut stream = connect(port).unwrap();
    let length = body.len();
    let request =
        format!("{start} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap().to_ascii_lowercase(), answer[end + 4..].to_vec())
}

fn instances(count: usize) -> String {
    format!("{{\"instances\": [{}]}}", vec!["1.5"; count].join(","))
}

const PREDICT: &str = "POST /v1/models/m:predict";
const GZIP: &str = "Accept-Encoding: gzip, deflate\r\n";

#[test]
fn answers_are_compressed_for_those_who_take_it() {
    for count in [1000, 100_000] {
        let (plain_head, plain) = ask(&plane(), PREDICT, "", &instances(count));
        let (head, body) = ask(&plane(), PREDICT, GZIP, &instances(count));
        assert!(plain_head.contains("vary: accept-encoding") && !plain_head.contains("content-encoding"));
        assert!(head.contains("vary: accept-encoding") && head.contains("content-encoding: gzip"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let mut inflated = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut inflated).unwrap();
        assert!(inflated == plain && body.len() < plain.len() / 10);
    }
}

#[test]
fn small_answers_and_refused_encodings_stay_plain() {
    let never = || plane_with(Options { min_gzip_bytes: None, ..Options::default() }, Echo);
    let identity = "Accept-Encoding: gzip;q=0, identity\r\n";
    for (plane, headers, count) in [(plane(), GZIP, 10), (plane(), identity, 1000), (never(), GZIP, 1000)] {
        let (head, body) = ask(&plane, PREDICT, headers, &instances(count));
        assert!(!head.contains("content-encoding"), "{head}");
        assert!(body.starts_with(b"{"));
    }
}

#[test]
fn pages_of_other_origins_are_let_in_where_the_operator_says_so() {
    let cors = "access-control-allow-origin: *";
    let with_cors = || plane_with(Options { rest_cors: true, ..Options::default() }, Echo);
    for (start, status) in [(PREDICT, "200"), ("POST /V1/models/none:predict", "404"), ("OPTIONS /v1/x", "200")] {
        let (head, _) = ask(&with_cors(), start, "Origin: https://page\r\n", &instances(1));
        assert!(head.starts_with(&format!("http/1.1 {status}")) && head.contains(cors), "{head}");
        assert!(head.contains("access-control-allow-methods: post, get"), "{head}");
        assert!(head.contains("access-control-allow-headers: content-type"), "{head}");
        let (head, _) = ask(&plane(), start, "Origin: https://page\r\n", &instances(1));
        assert!(!head.contains("access-control"), "{head}");
    }
    let (head, _) = ask(&with_cors(), "GET /livez", "", "");
    assert!(!head.contains(cors), "{head}");
}

#[test]
fn options_depends_on_the_origin() {
    for (origin, status) in
        [("Origin: http://a\r\n", "200"), ("Origin: https://a\r\n", "200"), ("Origin: file:\r\n", "400"), ("", "400")]
    {
        let (head, body) = ask(&plane(), "OPTIONS /v1/models/whatever", origin, "");
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{origin}{head}");
        assert!(body.is_empty());
    }
}
