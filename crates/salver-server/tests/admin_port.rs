//! The admin port: what it answers itself, what it hands on, and that it outlives the others.

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use salver_core::Status;
use salver_server::{ControlAnswer, Peer, Plane, Protocol};
use support::{HEADERS, Http2, PATIENCE, connect, exchange, plane};

const DRAIN_LIMIT: Duration = Duration::from_secs(60);

fn get(port: u16, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    exchange(&mut connect(port).unwrap(), request.as_bytes()).unwrap()
}

/// Status line and body of an answer.
fn parts(answer: &str) -> (&str, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap(), body)
}

fn admin_plane() -> (Plane, u16) {
    let plane = plane();
    let port = plane.listen_admin("127.0.0.1", 0).unwrap();
    (plane, port)
}

fn counter(plane: &Plane, name: &str) -> u64 {
    let families = plane.metrics();
    families.iter().find(|family| family.name == name).unwrap().series[0].value
}

/// Asks for `path`, and answers the call that it becomes.
fn ask(plane: &Plane, port: u16, path: &'static str, answer: impl FnOnce(salver_server::ControlCall)) -> String {
    let client = std::thread::spawn(move || get(port, path));
    answer(plane.next_call(PATIENCE).unwrap());
    client.join().unwrap()
}

#[test]
fn probes_are_answered_at_once() {
    let (plane, port) = admin_plane();
    assert_eq!(parts(&get(port, "/livez")), ("HTTP/1.1 200 OK", "ok\n"));
    assert_eq!(parts(&get(port, "/readyz")), ("HTTP/1.1 503 Service Unavailable", "not ready\n"));
    plane.publish_health([], true);
    assert_eq!(parts(&get(port, "/readyz")), ("HTTP/1.1 200 OK", "ok\n"));
}

#[test]
fn everything_else_goes_to_python_marked_as_admin() {
    let (plane, port) = admin_plane();
    let answer = ask(&plane, port, "/v1/models/m:predict?x=1", |call| {
        assert_eq!(call.protocol, Protocol::Admin);
        assert_eq!((&*call.method, &*call.path, &*call.query), ("GET", "/v1/models/m:predict", "x=1"));
        assert!(matches!(call.peer, Some(Peer::Tcp(address)) if address.ip().is_loopback()), "{:?}", call.peer);
        call.answer(Ok(ControlAnswer::Http { status: 418, headers: Vec::new(), body: "tea".into() }));
    });
    assert_eq!(parts(&answer), ("HTTP/1.1 418 I'm a teapot", "tea"));
}

#[test]
fn every_answer_has_the_id_that_its_request_came_with() {
    let (plane, port) = admin_plane();
    let rest = plane.listen_rest("127.0.0.1", 0).unwrap();
    for (port, path) in [
        (port, "/livez"),
        (port, "/v1/models"),
        (port, "/refused"),
        (rest, "/v1/models/m"),
        (rest, "/v1/models/m/metadata"),
        (rest, "/refused"),
    ] {
        let client = std::thread::spawn(move || {
            let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n");
            exchange(&mut connect(port).unwrap(), head.as_bytes()).unwrap()
        });
        if path != "/livez" {
            let call = plane.next_call(PATIENCE).unwrap();
            call.answer(match path {
                "/refused" => Err(Status::not_found("no such path")),
                _ => Ok(ControlAnswer::Http { status: 200, headers: Vec::new(), body: "{}".into() }),
            });
        }
        let answer = client.join().unwrap();
        assert!(answer.contains("x-request-id: mine\r\n"), "{path}: {answer}");
    }
    assert!(!get(port, "/livez").contains("x-request-id"));
}

#[test]
fn a_failure_says_its_code() {
    let (plane, port) = admin_plane();
    let answer = ask(&plane, port, "/", drop);
    let want = "{\"error\": \"The request was dropped without an answer.\", \"code\": \"INTERNAL\"}\n";
    assert_eq!(parts(&answer), ("HTTP/1.1 500 Internal Server Error", want));
}

#[test]
fn http2_is_spoken_as_well() {
    let (_plane, port) = admin_plane();
    let mut client = Http2::connect(port, 65_535);
    let stream = client.request("GET", "/livez");
    assert_eq!(client.read_until(|frame| frame.stream == stream).unwrap().kind, HEADERS);
}

#[test]
fn what_operators_ask_is_not_counted_as_requests_of_clients() {
    let (plane, port) = admin_plane();
    get(port, "/livez");
    ask(&plane, port, "/v1/models/m", drop);
    for name in ["salver_rest_requests_total", "salver_rest_errors_total", "salver_connections_total"] {
        assert_eq!(counter(&plane, name), 0, "{name}");
    }
    let _kept = connect(port).unwrap();
    assert_eq!(counter(&plane, "salver_open_connections"), 0);
}

#[test]
fn it_neither_holds_up_a_drain_nor_ends_with_it() {
    let (plane, port) = admin_plane();
    let rest = plane.listen_rest("127.0.0.1", 0).unwrap();
    let mut idle = connect(port).unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert!(plane.wait_drained(DRAIN_LIMIT));

    assert!(TcpStream::connect(("127.0.0.1", rest)).is_err());
    assert_eq!(parts(&get(port, "/livez")), ("HTTP/1.1 200 OK", "ok\n"));
    let answer = ask(&plane, port, "/metrics", |call| {
        call.answer(Ok(ControlAnswer::Http { status: 200, headers: Vec::new(), body: "page".into() }));
    });
    assert_eq!(parts(&answer), ("HTTP/1.1 200 OK", "page"));

    assert!(plane.stop());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let kept = exchange(&mut idle, b"").unwrap();
    assert!(kept.starts_with("HTTP/1.1 200 OK") && !kept.contains("connection: close"), "{kept}");
}
