//! What callers are told of requests that did not run.

use std::time::Duration;

use crate::batching::Refusal;
use crate::status::{Code, Status};
use crate::table::Target;

/// The answer to a request for `target` that was refused.
///
/// Queue limits of the reference keep its codes and numbers: clients tell them apart by these.
pub(super) fn status(target: &Target, refusal: &Refusal) -> Status {
    let (name, version) = (target.name(), target.version());
    let model = format!("model {name} version {version}");
    let unavailable = |message| Status::new(Code::Unavailable, message);
    match *refusal {
        Refusal::Abandoned => Status::new(Code::Cancelled, "The caller has gone."),
        Refusal::Expired => {
            Status::new(Code::DeadlineExceeded, format!("Deadline passed before {model} could run the request."))
        }
        Refusal::Late { retry_after } => unavailable(format!(
            "By what is known of its runs, {model} would answer the request {} ms after its deadline.",
            millis(retry_after)
        ))
        .with_retry_after(retry_after),
        Refusal::TooLarge { num_rows, max_rows } => {
            Status::invalid_argument(format!("Task size {num_rows} is larger than maximum input batch size {max_rows}"))
        }
        Refusal::BatchesFull { num_batches, max_batches } => unavailable(format!(
            "The batch scheduling queue of {model} is full; currently {num_batches} batches enqueued and \
             max_enqueued_batches is {max_batches}."
        )),
        Refusal::NoRoomForParts { num_rows, capacity } => unavailable(format!(
            "The batch scheduling queue of {model} is full; task size is {num_rows} but scheduling capacity is only \
             {capacity}."
        )),
        Refusal::QueueFull { retry_after } => {
            Status::new(Code::ResourceExhausted, format!("The queue of model {name} is full."))
                .with_retry_after(retry_after)
        }
        Refusal::Displaced => {
            unavailable(format!("The queue of {model} is full, and the request gave way to one that matters more."))
        }
        Refusal::Stopped => unavailable("The server is shutting down.".to_owned()),
    }
}

/// Milliseconds, rounded up.
fn millis(time: Duration) -> u128 {
    time.as_nanos().div_ceil(1_000_000)
}
