//! Members of a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use salver_core::batching::{Options, Policy, Scheduler, Work};
use salver_core::histogram::{Histogram, LATENCY_LIMITS};
use salver_core::table::Snapshot;
use salver_core::task::Answers;
use salver_core::{Code, Status};

use crate::support::{Fixture, allowed, batching, echo, fixture, floats, scalar, tensor, texts, values};

/// Doubles rows; refuses a batch in which one is negative.
fn doubler() -> Fixture {
    fixture(1, batching(), |inputs| {
        let values = values(&inputs[0]);
        if values.iter().any(|value| *value < 0.0) {
            return Err(Status::invalid_argument("negative"));
        }
        Ok(vec![floats(&values.iter().map(|value| value * 2.0).collect::<Vec<_>>())])
    })
}

#[test]
fn members_of_a_batch_get_their_own_rows_in_one_delivery() {
    let fixture = doubler();
    fixture.run(fixture.tasks([floats(&[1.0]), floats(&[2.0, 3.0]), floats(&[4.0])]));
    assert_eq!(fixture.mailbox.first_outputs(), [floats(&[2.0]), floats(&[4.0, 6.0]), floats(&[8.0])]);
    assert_eq!(fixture.runs().len(), 1);
    assert_eq!(fixture.mailbox.num_deliveries(), 1);
}

#[test]
fn a_bad_member_fails_alone() {
    let fixture = doubler();
    fixture.run(fixture.tasks([floats(&[1.0]), floats(&[-2.0]), floats(&[3.0])]));
    let answers = fixture.mailbox.outcomes();
    assert_eq!(answers[0], Ok(vec![floats(&[2.0])]));
    assert_eq!(answers[1].as_ref().unwrap_err().code, Code::InvalidArgument);
    assert_eq!(answers[2], Ok(vec![floats(&[6.0])]));
    assert_eq!(fixture.runs().len(), 4);
}

#[test]
fn a_failure_of_all_members_alike_is_not_run_again() {
    for code in [Code::DeadlineExceeded, Code::Cancelled, Code::Unavailable] {
        let fixture = fixture(1, batching(), move |_| Err(Status::new(code, "for all")));
        fixture.run(fixture.tasks([floats(&[1.0]), floats(&[2.0])]));
        let codes: Vec<_> = fixture.mailbox.outcomes().into_iter().map(|outcome| outcome.unwrap_err().code).collect();
        assert_eq!(codes, [code, code]);
        assert_eq!(fixture.runs().len(), 1);
    }
}

#[test]
fn each_member_that_is_answered_counts_one_run() {
    let (fixture, latency) = (doubler(), Arc::new(Histogram::new(&LATENCY_LIMITS)));
    let task = |slot, value| {
        let mut task = fixture.task(slot, floats(&[value]));
        task.run_latency = Some(latency.clone());
        task
    };
    let num_runs = || latency.snapshot().0.iter().sum::<u64>();
    fixture.run(vec![task(0, 1.0)]);
    assert_eq!(num_runs(), 1);
    fixture.run(vec![task(1, 1.0), task(2, 2.0), task(3, 3.0)]);
    assert_eq!(num_runs(), 4);
    fixture.run(vec![task(4, 1.0), task(5, -1.0)]);
    assert_eq!(num_runs(), 5);
}

#[test]
fn a_model_whose_outputs_have_no_rows_still_answers_each_member() {
    let fixture = fixture(1, batching(), |inputs| Ok(vec![scalar(values(&inputs[0]).iter().sum())]));
    fixture.run(fixture.tasks([floats(&[1.0]), floats(&[2.0, 3.0])]));
    assert_eq!(fixture.mailbox.first_outputs(), [scalar(1.0), scalar(5.0)]);
}

#[test]
fn requests_for_other_outputs_or_in_another_order_run_apart() {
    let fixture = echo(2, batching());
    let task = |slot, outputs: &[usize]| {
        fixture.task_for(slot, vec![floats(&[slot as f32]), floats(&[-(slot as f32)])], outputs.to_vec())
    };
    fixture.schedule(vec![task(0, &[0, 1]), task(1, &[1]), task(2, &[1, 0]), task(3, &[1])]);
    let answers: Vec<_> = fixture.mailbox.outcomes().into_iter().map(Result::unwrap).collect();
    assert_eq!(answers[0], [floats(&[0.0]), floats(&[-0.0])]);
    assert_eq!(answers[1], [floats(&[-1.0])]);
    assert_eq!(answers[2], [floats(&[-2.0]), floats(&[2.0])]);
    assert_eq!(answers[3], [floats(&[-3.0])]);
    assert_eq!(fixture.runs().len(), 3);
}

#[test]
fn requests_of_unequal_shapes_or_types_run_apart_and_all_are_answered() {
    let fixture = echo(1, batching());
    let inputs = [tensor(&[1, 2], &[1.0; 2]), tensor(&[1, 3], &[2.0; 3]), texts(&[1, 2], &["a", "b"])];
    fixture.schedule(fixture.tasks(inputs.clone()));
    assert_eq!(fixture.mailbox.first_outputs(), inputs);
    assert_eq!(fixture.runs().len(), 3);
}

#[test]
fn a_dropped_task_answers_internal_once() {
    let fixture = echo(1, batching());
    drop(fixture.task(0, floats(&[1.0])));
    let answers = fixture.mailbox.outcomes();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].as_ref().unwrap_err().code, Code::Internal);
}

#[test]
fn scalars_unequal_rows_and_empty_requests_run_alone() {
    let fixture = echo(2, batching());
    for inputs in [[scalar(1.0), scalar(1.0)], [floats(&[]), floats(&[])], [floats(&[1.0]), floats(&[1.0, 2.0])]] {
        assert!(!fixture.task_for(0, inputs.to_vec(), vec![0]).can_join());
        let slot = fixture.mailbox.sorted().len() as u64;
        fixture.schedule(vec![fixture.task_for(slot, inputs.to_vec(), vec![0, 1])]);
        assert_eq!(fixture.mailbox.sorted().pop().unwrap(), (slot, Ok(inputs.to_vec())));
    }
    assert!(fixture.task_for(9, vec![floats(&[1.0]), floats(&[2.0])], vec![0]).can_join());
}

#[test]
fn expired_and_abandoned_work_never_runs() {
    let fixture = echo(1, batching());
    let scheduler = Scheduler::new(Options { num_runners: 1, may_wait: false });
    let mut expired = fixture.task(0, floats(&[1.0]));
    expired.deadline = Some(Instant::now() - Duration::from_millis(1));
    let abandoned = fixture.task(1, floats(&[1.0]));
    abandoned.progress.abandon();
    scheduler.submit([expired, abandoned]);
    let turn = scheduler.try_next().unwrap();
    assert!(turn.batch.is_empty());
    let mut answers = Answers::default();
    turn.refused.into_iter().for_each(|(task, refusal)| task.refuse(&refusal, &mut answers));
    drop(answers);
    let codes: Vec<_> = fixture.mailbox.outcomes().into_iter().map(|outcome| outcome.unwrap_err().code).collect();
    assert_eq!(codes, [Code::DeadlineExceeded, Code::Cancelled]);
    assert!(fixture.runs().is_empty());
}

#[test]
fn a_target_stays_pinned_until_its_answer_is_out() {
    let fixture = echo(1, batching());
    let task = fixture.task(0, floats(&[1.0]));
    let target = task.pinned.target().clone();
    fixture.table.publish(Snapshot::default());
    assert!(!target.wait_until_released(Some(Duration::ZERO)));
    fixture.run(vec![task]);
    assert!(target.wait_until_released(Some(Duration::ZERO)));
}

#[test]
fn a_request_without_elements_runs_alone_whatever_rows_it_asks_for() {
    let policy = Policy { max_queued_rows: 100, ..allowed(&[4, 8]) };
    let fixture = echo(1, policy);
    let empty = |rows| tensor(&[rows, 0], &[]);
    fixture.schedule(fixture.tasks([empty(1 << 40), tensor(&[1, 2], &[1.0, 2.0]), empty(3), empty(1 << 40)]));
    let answers = fixture.mailbox.first_outputs();
    assert_eq!(answers, [empty(1 << 40), tensor(&[1, 2], &[1.0, 2.0]), empty(3), empty(1 << 40)]);
    let beside = fixture.task_for(9, vec![empty(5)], vec![0]);
    assert_eq!((beside.num_rows(), beside.can_join()), (1, false));
}
