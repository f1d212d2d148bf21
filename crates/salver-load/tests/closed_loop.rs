//! Requests that follow each other, over both protocols.

mod mock;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mock::{Reply, options};
use salver_core::Code;
use salver_load::{Options, Protocol, Report, Run};

const MESSAGE: &[u8] = b"\0\0\0\0\x02ok";
const LONG: Duration = Duration::from_secs(60);

fn report(options: Options) -> Report {
    Run::start(options).unwrap().report()
}

#[test]
fn so_many_requests_are_sent_as_were_asked_for_over_all_threads() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    let server = mock::grpc(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::Message(MESSAGE)
    });
    let base = options(server.port, Protocol::Grpc);
    let report =
        report(Options { num_connections: 3, num_in_flight: 4, num_threads: 2, num_requests: Some(101), ..base });
    assert_eq!((report.tally.num_answered(), report.tally.num_failed()), (101, 0));
    assert_eq!((seen.load(Ordering::SeqCst), server.num_connections.load(Ordering::SeqCst)), (101, 3));
    assert_eq!(report.tally.received_bytes, 101 * MESSAGE.len() as u64);
    assert!(report.failure.is_none() && report.measured > Duration::ZERO);
}

#[test]
fn bodies_go_round_in_their_frames_and_answers_are_counted_for_each() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let server = mock::grpc(move |_, message| {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_vec());
        if message.ends_with(b"b") { Reply::Status(3, "no%20b") } else { Reply::Message(MESSAGE) }
    });
    let bodies = ["a", "b", "c"].map(Bytes::from).to_vec();
    let base = options(server.port, Protocol::Grpc);
    let report = report(Options { bodies, num_requests: Some(6), keep_reply: true, ..base });
    assert_eq!(report.tally.answered, [2, 0, 2]);
    let failures = &report.tally.failures["INVALID_ARGUMENT"];
    assert_eq!((failures.count, &*failures.message), (2, "no b"));
    assert_eq!(report.tally.reply.as_deref(), Some(&b"ok"[..]));
    assert_eq!(seen.lock().unwrap()[..2], [b"\0\0\0\0\x01a".to_vec(), b"\0\0\0\0\x01b".to_vec()]);
}

#[test]
fn rest_is_spoken_with_its_headers_and_its_statuses_are_counted() {
    let seen = Arc::new(Mutex::new(String::new()));
    let kept = seen.clone();
    let server = mock::rest(move |number, request| {
        *kept.lock().unwrap() = String::from_utf8_lossy(request).into_owned();
        if number == 1 { Reply::Status(29, "{\"error\": \"full\"}") } else { Reply::Message(b"{}") }
    });
    let base = options(server.port, Protocol::Rest);
    let headers = vec![("x-tenant".into(), "7".into())];
    let report = report(Options { headers, num_connections: 2, num_requests: Some(4), keep_reply: true, ..base });
    assert_eq!(report.tally.num_answered(), 3);
    assert_eq!(report.tally.failures["429"].message, "{\"error\": \"full\"}");
    assert_eq!(report.tally.reply.as_deref(), Some(&b"{}"[..]));
    let request = seen.lock().unwrap().to_lowercase();
    assert!(request.starts_with("post /service/method http/1.1\r\n"), "{request}");
    assert!(request.contains("x-tenant: 7") && request.ends_with("\r\n\r\nbody"), "{request}");
}

#[test]
fn a_server_that_does_not_answer_costs_a_request_its_time_and_no_more() {
    for protocol in [Protocol::Grpc, Protocol::Rest] {
        let silent = |_: usize, _: &[u8]| Reply::Nothing;
        let server = if protocol == Protocol::Grpc { mock::grpc(silent) } else { mock::rest(silent) };
        let limit = Duration::from_millis(50);
        let base = options(server.port, protocol);
        let report = report(Options { timeout: limit, num_requests: Some(2), ..base });
        assert_eq!(report.tally.failures["TIMEOUT"].count, 2, "{protocol:?}");
        assert_eq!(report.tally.failures["TIMEOUT"].message, "no answer within 0.05 s");
    }
}

#[test]
fn a_connection_that_is_lost_is_opened_anew() {
    for protocol in [Protocol::Grpc, Protocol::Rest] {
        let once = |number: usize, _: &[u8]| if number == 1 { Reply::HangUp } else { Reply::Message(MESSAGE) };
        let server = if protocol == Protocol::Grpc { mock::grpc(once) } else { mock::rest(once) };
        let report = report(Options { num_requests: Some(4), ..options(server.port, protocol) });
        assert_eq!((report.tally.num_answered(), report.tally.num_failed()), (3, 1), "{protocol:?}");
        assert_eq!(report.tally.failures["CONNECTION"].count, 1);
        assert!(report.failure.is_none());
        assert_eq!(server.num_connections.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn a_server_that_stays_away_ends_the_run_with_what_was_counted() {
    let server = mock::grpc(|_, _| Reply::Message(MESSAGE));
    let base = options(server.port, Protocol::Grpc);
    let run = Run::start(Options { duration: Some(LONG), num_requests: None, num_in_flight: 3, ..base }).unwrap();
    while run.next_progress(Duration::from_millis(1)).num_answered == 0 {}
    drop(server);
    let report = run.report();
    assert!(report.failure.unwrap().starts_with("nothing listens at 127.0.0.1:"));
    assert!(report.tally.num_answered() > 0 && report.measured < LONG);
}

#[test]
fn a_run_that_is_told_to_stop_stops_at_once() {
    let server = mock::grpc(|_, _| Reply::Nothing);
    let base = options(server.port, Protocol::Grpc);
    let run = Run::start(Options { duration: Some(LONG), num_requests: None, timeout: LONG, ..base }).unwrap();
    assert!(!run.next_progress(Duration::ZERO).is_over);
    let begin = Instant::now();
    run.stop();
    assert!(run.next_progress(LONG).is_over);
    assert!(begin.elapsed() < LONG / 2);
    assert!(run.report().failure.is_none());
}

#[test]
fn what_is_sent_while_it_warms_up_does_not_count() {
    let server = mock::grpc(|number, _| if number < 10 { Reply::Status(14, "cold") } else { Reply::Message(MESSAGE) });
    let base = options(server.port, Protocol::Grpc);
    let warmup = Duration::from_millis(300);
    let report = report(Options { warmup, num_requests: Some(20), ..base });
    assert_eq!((report.tally.num_answered(), report.tally.num_failed()), (20, 0));
}

#[test]
fn more_connections_than_are_opened_at_once_are_all_opened() {
    let server = mock::grpc(|_, _| Reply::Message(MESSAGE));
    let base = options(server.port, Protocol::Grpc);
    report(Options { num_connections: 101, num_threads: 2, num_requests: Some(101), ..base });
    // They are open for the client before the server takes them.
    let limit = Instant::now() + LONG;
    while server.num_connections.load(Ordering::SeqCst) < 101 && Instant::now() < limit {
        std::thread::yield_now();
    }
    assert_eq!(server.num_connections.load(Ordering::SeqCst), 101);
}

#[test]
fn nothing_that_listens_is_said_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let status = Run::start(options(port, Protocol::Grpc)).err().unwrap();
    assert_eq!(status.code, Code::Unavailable);
    assert_eq!(status.message, format!("nothing listens at 127.0.0.1:{port} (connection refused)"));
}
