//! Requests that are sent when they are due.

mod mock;

use std::time::Duration;

use mock::{Reply, options};
use salver_load::{Options, Protocol, Report, Run};

const MESSAGE: &[u8] = b"\0\0\0\0\0";
const SECOND: Duration = Duration::from_secs(1);

fn report(options: Options) -> Report {
    Run::start(options).unwrap().report()
}

#[test]
fn all_that_was_due_is_sent_and_counted() {
    let server = mock::grpc(|_, _| Reply::Message(MESSAGE));
    let base = options(server.port, Protocol::Grpc);
    let report = report(Options {
        rate: Some(200.0),
        num_requests: None,
        duration: Some(SECOND),
        warmup: Duration::from_millis(100),
        num_connections: 2,
        num_threads: 2,
        num_in_flight: 100,
        ..base
    });
    // Evenly spaced from the start: 20 in the warm-up, 200 in the second after it, one of them on the edge.
    assert!((199..=200).contains(&report.tally.num_answered()), "{}", report.tally.num_answered());
    assert_eq!(report.tally.lags.count(), report.tally.num_answered());
    assert_eq!((report.tally.num_dropped, report.measured), (0, SECOND));
}

#[test]
fn times_count_from_when_a_request_was_due_not_from_when_it_could_be_sent() {
    let each = Duration::from_millis(20);
    let server = mock::grpc(move |_, _| Reply::After(each));
    let base = options(server.port, Protocol::Grpc);
    // One in flight at a time takes 20 ms; ten are due within 10 ms. The last waits for the nine before it.
    let report = report(Options { rate: Some(1000.0), num_requests: Some(10), ..base });
    assert_eq!(report.tally.num_answered(), 10);
    assert!(
        report.tally.latencies.max() >= 10 * each - Duration::from_millis(10),
        "{:?}",
        report.tally.latencies.max()
    );
}

#[test]
fn the_rate_is_of_what_came_in_time() {
    let each = Duration::from_millis(20);
    let server = mock::grpc(move |_, _| Reply::After(each));
    let base = options(server.port, Protocol::Grpc);
    // 50 a second can be answered, 100 are due: half of them come after the end.
    let duration = Some(SECOND / 2);
    let report = report(Options { rate: Some(100.0), duration, num_requests: None, ..base });
    let tally = &report.tally;
    assert_eq!(tally.num_answered(), 49);
    assert!(tally.num_within <= 25 && tally.num_within < tally.num_answered(), "{}", tally.num_within);
}

#[test]
fn what_finds_no_room_is_dropped_and_counted() {
    let server = mock::grpc(|_, _| Reply::After(Duration::from_millis(200)));
    let base = options(server.port, Protocol::Grpc);
    let report = report(Options { rate: Some(10_000.0), num_requests: Some(50), max_queued: 5, ..base });
    let tally = &report.tally;
    assert_eq!(tally.num_answered() + tally.num_dropped, 50);
    assert!(tally.num_dropped >= 40, "{}", tally.num_dropped);
}

#[test]
fn a_request_that_waits_too_long_is_given_up_without_being_sent() {
    let server = mock::grpc(|number, _| if number == 0 { Reply::Nothing } else { Reply::Message(MESSAGE) });
    let base = options(server.port, Protocol::Grpc);
    let timeout = Duration::from_millis(100);
    // The first one holds the only place until its time is up; by then that of the others, due soon after it, is short.
    let report = report(Options { rate: Some(1e6), num_requests: Some(20), timeout, ..base });
    let tally = &report.tally;
    assert_eq!(tally.num_answered() + tally.num_failed(), 20);
    assert!(tally.failures["TIMEOUT"].count >= 1);
}
