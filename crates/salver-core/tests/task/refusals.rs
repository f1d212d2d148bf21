//! What callers are told of requests that did not run.

use std::time::Duration;

use salver_core::batching::Refusal;
use salver_core::task::Answers;
use salver_core::{Code, Status};

use crate::support::{batching, echo, floats};

fn refused(refusal: Refusal) -> Status {
    let fixture = echo(1, batching());
    fixture.task(0, floats(&[1.0])).refuse(&refusal, &mut Answers::default());
    fixture.mailbox.outcomes().remove(0).unwrap_err()
}

#[test]
fn each_refusal_has_its_code_and_names_the_numbers() {
    let late = Duration::from_micros(1_500);
    for (refusal, code, part) in [
        (Refusal::Abandoned, Code::Cancelled, "gone"),
        (Refusal::Expired, Code::DeadlineExceeded, "model m version 1"),
        (
            Refusal::Late { retry_after: late },
            Code::Unavailable,
            "model m version 1 would answer the request 2 ms after",
        ),
        (
            Refusal::TooLarge { num_rows: 9, max_rows: 8 },
            Code::InvalidArgument,
            "Task size 9 is larger than maximum input batch size 8",
        ),
        (
            Refusal::BatchesFull { num_batches: 3, max_batches: 2 },
            Code::Unavailable,
            "is full; currently 3 batches enqueued and max_enqueued_batches is 2",
        ),
        (
            Refusal::NoRoomForParts { num_rows: 9, capacity: 4 },
            Code::Unavailable,
            "is full; task size is 9 but scheduling capacity is only 4",
        ),
        (Refusal::QueueFull { retry_after: None }, Code::ResourceExhausted, "The queue of model m is full."),
        (Refusal::Displaced, Code::Unavailable, "model m version 1"),
        (Refusal::Stopped, Code::Unavailable, "shutting down"),
    ] {
        let status = refused(refusal);
        assert_eq!(status.code, code, "{refusal:?}");
        assert!(status.message.contains(part), "{status}");
    }
}

#[test]
fn the_advice_when_to_try_again_is_passed_on() {
    let after = Duration::from_millis(30);
    assert_eq!(refused(Refusal::Late { retry_after: after }).retry_after, Some(after));
    assert_eq!(refused(Refusal::QueueFull { retry_after: Some(after) }).retry_after, Some(after));
    assert_eq!(refused(Refusal::QueueFull { retry_after: None }).retry_after, None);
    assert_eq!(refused(Refusal::Displaced).retry_after, None);
}
