//! Requests that run in several batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use salver_core::batching::{Criticality, Refusal, Work};
use salver_core::histogram::{Histogram, LATENCY_LIMITS};
use salver_core::task::{Answers, PredictTask};
use salver_core::{Code, Status, TensorData};

use crate::support::{Fixture, allowed, batching, echo, fixture, floats, scalar, tensor, texts, values};

/// Runs each as a batch of its own.
fn run_each(fixture: &Fixture, parts: impl IntoIterator<Item = PredictTask>) {
    parts.into_iter().for_each(|part| fixture.run(vec![part]));
}

#[test]
fn outputs_of_the_parts_are_joined_in_order() {
    let fixture = echo(2, allowed(&[4]));
    let inputs =
        vec![floats(&[0.0, 1.0, 2.0, 3.0, 4.0]), texts(&[5, 2], &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])];
    let mut parts = fixture.task_for(0, inputs.clone(), vec![1, 0]).split(&[2, 2, 1]);
    assert_eq!(parts.iter().map(Work::num_rows).collect::<Vec<_>>(), [2, 2, 1]);
    parts.rotate_left(1);
    run_each(&fixture, parts);
    assert_eq!(fixture.mailbox.outcomes(), [Ok(vec![inputs[1].clone(), inputs[0].clone()])]);
    assert_eq!(fixture.run_shapes(), [[4], [4], [4]]);
}

#[test]
fn parts_share_batches_with_others() {
    let fixture = echo(1, batching());
    let parts = fixture.task(0, floats(&[1.0, 2.0, 3.0])).split(&[1, 2]);
    let [first, second] = <[_; 2]>::try_from(parts).ok().unwrap();
    fixture.run(vec![fixture.task(1, floats(&[8.0])), second]);
    fixture.run(vec![first, fixture.task(2, floats(&[9.0]))]);
    assert_eq!(fixture.mailbox.first_outputs(), [floats(&[1.0, 2.0, 3.0]), floats(&[8.0]), floats(&[9.0])]);
}

#[test]
fn parts_are_slices_of_the_whole() {
    let fixture = echo(1, batching());
    let whole = floats(&[1.0, 2.0, 3.0]);
    let start = |data: &TensorData| match data {
        TensorData::Fixed(bytes) => bytes.as_ptr().addr(),
        TensorData::Strings(_) => panic!("floats"),
    };
    let parts = fixture.task(0, whole.clone()).split(&[1, 2]);
    let starts: Vec<usize> = parts.iter().map(|part| start(part.inputs[0].data())).collect();
    assert_eq!(starts, [start(whole.data()), start(whole.data()) + 4]);
}

#[test]
fn parts_inherit_what_the_request_is() {
    let fixture = echo(1, batching());
    let mut task = fixture.task(0, floats(&[1.0, 2.0]));
    let now = Instant::now();
    (task.deadline, task.criticality) = (Some(now + Duration::from_secs(60)), Criticality::Sheddable);
    task.set_queued_at(now);
    let progress = task.progress.clone();
    let parts = task.split(&[1, 1]);
    for part in &parts {
        assert_eq!((part.deadline, part.queued_at()), (Some(now + Duration::from_secs(60)), now));
        assert_eq!(part.criticality, Criticality::Sheddable);
        assert!(part.can_join() && !Work::is_abandoned(part));
    }
    progress.abandon();
    assert!(parts.iter().all(Work::is_abandoned));
}

#[test]
fn the_first_error_is_the_answer_and_the_other_parts_need_not_run() {
    let fixture = fixture(1, batching(), |inputs| Err(Status::invalid_argument(format!("{:?}", values(&inputs[0])))));
    let parts = fixture.task(0, floats(&[1.0, 2.0, 3.0])).split(&[1, 1, 1]);
    let [first, second, third] = <[_; 3]>::try_from(parts).ok().unwrap();
    fixture.run(vec![second]);
    assert_eq!(fixture.mailbox.outcomes(), [Err(Status::invalid_argument("[2.0]"))]);
    assert!(Work::is_abandoned(&first) && Work::is_abandoned(&third));
    run_each(&fixture, [first, third]);
    assert_eq!(fixture.mailbox.outcomes().len(), 1);
}

#[test]
fn a_part_that_is_refused_or_dropped_fails_the_request() {
    let fixture = echo(1, batching());
    let mut parts = fixture.task(0, floats(&[1.0, 2.0])).split(&[1, 1]);
    parts.pop().unwrap().refuse(&Refusal::Expired, &mut Answers::default());
    run_each(&fixture, parts);
    let mut parts = fixture.task(1, floats(&[1.0, 2.0])).split(&[1, 1]);
    drop(parts.pop());
    run_each(&fixture, parts);
    let codes: Vec<_> = fixture.mailbox.outcomes().into_iter().map(|outcome| outcome.unwrap_err().code).collect();
    assert_eq!(codes, [Code::DeadlineExceeded, Code::Internal]);
}

#[test]
fn a_split_request_counts_one_run() {
    let (fixture, latency) = (echo(1, batching()), Arc::new(Histogram::new(&LATENCY_LIMITS)));
    let mut task = fixture.task(0, floats(&[1.0, 2.0, 3.0]));
    task.run_latency = Some(latency.clone());
    run_each(&fixture, task.split(&[1, 1, 1]));
    assert_eq!(latency.snapshot().0.iter().sum::<u64>(), 1);
}

#[test]
fn parts_whose_outputs_do_not_fit_together_are_an_error_that_names_the_output() {
    let no_rows = fixture(1, batching(), |_| Ok(vec![scalar(0.0)]));
    let uneven = fixture(1, batching(), |inputs| {
        let rows = inputs[0].shape()[0];
        Ok(vec![tensor(&[rows, rows], &vec![0.0; (rows * rows) as usize])])
    });
    for fixture in [no_rows, uneven] {
        run_each(&fixture, fixture.task(0, floats(&[1.0, 2.0, 3.0])).split(&[1, 2]));
        let status = fixture.mailbox.outcomes().remove(0).unwrap_err();
        assert_eq!(status.code, Code::FailedPrecondition);
        assert!(status.message.contains("Output y0"), "{status}");
    }
}

#[test]
fn a_target_stays_pinned_until_the_last_part_is_over() {
    let fixture = echo(1, batching());
    let task = fixture.task(0, floats(&[1.0, 2.0]));
    let target = task.pinned.target().clone();
    let mut parts = task.split(&[1, 1]);
    assert_eq!(target.num_pins(), 2);
    fixture.run(vec![parts.remove(0)]);
    assert_eq!(target.num_pins(), 1);
    run_each(&fixture, parts);
    assert_eq!(target.num_pins(), 0);
}
