//! Which moments a batch leaves with its members.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use salver_core::Status;
use salver_core::batching::{Turn, Work};
use salver_core::requests::Progress;
use salver_core::task::{Answers, Batch, Outcome, PredictTask};

use crate::support::{batching, echo, fixture, floats};

/// Waits until the clock has moved on: moments that follow on each other are told apart.
fn tick() {
    let now = Instant::now();
    while Instant::now() == now {}
}

fn open(tasks: Vec<PredictTask>) -> Batch {
    let turn = Turn { batch: tasks, refused: Vec::new(), padded_rows: 0, ticket: None };
    Batch::open(turn, &mut Answers::default()).unwrap()
}

/// Runs a batch as a Python thread does, which answers `outcome`.
fn finished(asks_for_inputs: bool, outcome: Outcome) -> Arc<Progress> {
    let fixture = echo(1, batching());
    let task = fixture.task(0, floats(&[1.0]));
    let progress = task.progress.clone();
    let batch = open(vec![task]);
    tick();
    if asks_for_inputs {
        drop(batch.inputs());
        batch.note_joined();
        tick();
    }
    batch.finish(outcome, &mut Answers::default());
    progress
}

#[test]
fn members_are_batched_until_their_inputs_are_joined_and_run_from_there() {
    let inside = Arc::new(Mutex::new(None));
    let runs_at = inside.clone();
    let fixture = fixture(1, batching(), move |inputs| {
        *runs_at.lock().unwrap() = Some(Instant::now());
        tick();
        Ok(inputs.to_vec())
    });
    let many = floats(&[1.0; 1 << 16]);
    let tasks = fixture.tasks([many.clone(), many]);
    let progress: Vec<_> = tasks.iter().map(|task| task.progress.clone()).collect();
    tick();
    fixture.run(tasks);
    let inside = inside.lock().unwrap().unwrap();
    for progress in progress {
        let [batched, begun, ended] = [progress.batched(), progress.run_begun(), progress.run_ended()];
        assert!(progress.queued() < batched.unwrap() && batched < begun, "joining takes its time");
        assert!(begun.unwrap() <= inside && inside < ended.unwrap());
    }
}

#[test]
fn inputs_that_are_asked_for_twice_are_joined_once() {
    let fixture = echo(1, batching());
    let task = fixture.task(0, floats(&[1.0]));
    let progress = task.progress.clone();
    let batch = open(vec![task]);
    batch.note_joined();
    let begun = progress.run_begun();
    tick();
    batch.note_joined();
    assert_eq!(progress.run_begun(), begun);
}

#[test]
fn a_batch_that_fails_before_its_inputs_are_joined_never_ran() {
    let progress = finished(false, Err(Status::internal("no memory")));
    assert_eq!(progress.run_begun(), None);
    assert!(progress.batched() < progress.run_ended());
    let progress = finished(true, Err(Status::internal("broken")));
    assert!(progress.batched() < progress.run_begun() && progress.run_begun() < progress.run_ended());
}

#[test]
fn a_batch_that_is_answered_without_its_inputs_ran_all_the_time() {
    let progress = finished(false, Ok(vec![floats(&[1.0])]));
    assert!(progress.batched().is_some());
    assert_eq!(progress.run_begun(), progress.batched());
}

#[test]
fn members_that_run_again_alone_ran_from_the_first_time_on() {
    let fixture = fixture(1, batching(), |inputs| match inputs[0].num_rows() {
        Some(1) => {
            tick();
            Ok(inputs.to_vec())
        }
        _ => Err(Status::invalid_argument("too many")),
    });
    let tasks = fixture.tasks([floats(&[1.0]), floats(&[2.0])]);
    let progress: Vec<_> = tasks.iter().map(|task| task.progress.clone()).collect();
    fixture.run(tasks);
    assert_eq!(fixture.runs().len(), 3);
    assert_eq!(progress[0].run_begun(), progress[1].run_begun(), "both in the batch that failed");
    assert!(progress[0].run_ended() < progress[1].run_ended(), "one after the other");
    assert_eq!(progress[0].company().num_requests, 1);
}

#[test]
fn a_request_in_parts_is_not_over_before_its_last_part() {
    let fixture = echo(1, batching());
    let task = fixture.task(0, floats(&[1.0, 2.0, 3.0]));
    let progress = task.progress.clone();
    let mut begun = None;
    for part in task.split(&[1, 1, 1]) {
        assert_eq!(progress.run_ended(), None);
        fixture.run(vec![part]);
        assert_eq!(progress.run_begun(), *begun.get_or_insert(progress.run_begun()), "the first that began");
    }
    assert!(progress.run_ended() > begun.unwrap());
}
