//! Static queues by their rules: the worked timeline of the reference, and each rule of filling, leaving and refusing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::jobs::{Job, batches, fixed, fixed_at_once, job, line, ms, reasons, rows, scheduler, submit, take};
use salver_core::batching::{Line, Next, Policy, Reason, Refusal, Scheduler};

fn splitting() -> Policy {
    Policy {
        max_batch_size: 12,
        max_execution_batch_size: Some(4),
        enable_large_batch_splitting: true,
        ..fixed_at_once()
    }
}

#[test]
fn worked_timeline_of_the_reference() {
    let (scheduler, line, start) = (scheduler(1), line(fixed()), Instant::now());
    let arrive = |at, rows| submit(&scheduler, job(&line, 0, rows), start + ms(at));
    let turn = |at| match scheduler.next_at(start + ms(at)) {
        Next::Turn(turn) => Ok((rows(&turn), turn.ticket)),
        Next::NotBefore(at) => Err(Some(at.duration_since(start))),
        Next::Nothing => Err(None),
    };
    assert_eq!(arrive(0, 2), None);
    assert_eq!(turn(1).unwrap_err(), Some(ms(10)), "A waits for company");
    assert_eq!(arrive(3, 3), None);
    let (batch, first) = turn(3).unwrap();
    assert_eq!(batch, [2], "A was closed, since B did not fit");
    assert_eq!(arrive(4, 1), None);
    assert!(turn(4).is_err(), "the runner is busy");
    assert_eq!(arrive(5, 1), None);
    assert_eq!(arrive(6, 4), Some(Refusal::BatchesFull { num_batches: 2, max_batches: 2 }));
    first.unwrap().ran_at(start + ms(9));
    let (batch, second) = turn(9).unwrap();
    assert_eq!(batch, [3, 1]);
    second.unwrap().ran_at(start + ms(12));
    assert_eq!(turn(12).unwrap_err(), Some(ms(15)), "D waits since it came");
    let (batch, third) = turn(15).unwrap();
    assert_eq!(batch, [1]);
    third.unwrap().ran_at(start + ms(15));
    assert_eq!(turn(100).unwrap_err(), None);
    assert_eq!(reasons(&line), [(Reason::Full, 2), (Reason::Timeout, 1)]);
}

#[test]
fn requests_fill_batches_in_the_order_of_arrival() {
    type Batches<'a> = &'a [&'a [usize]];
    let cases: [(&str, Policy, &[usize], Batches); 7] = [
        ("as many as fit", fixed_at_once(), &[1, 1, 1, 1, 1], &[&[1, 1, 1, 1], &[1]]),
        (
            "a batch is closed under-full by what does not fit",
            fixed_at_once(),
            &[3, 2, 1, 1, 1],
            &[&[3], &[2, 1, 1], &[1]],
        ),
        ("no request is moved ahead to fill a batch", fixed_at_once(), &[3, 2, 1], &[&[3], &[2, 1]]),
        ("one row each", Policy { max_batch_size: 1, ..fixed_at_once() }, &[1, 1], &[&[1], &[1]]),
        ("split: into the room that is left, whole batches, the rest", splitting(), &[2, 10], &[&[2, 2], &[4], &[4]]),
        ("split: the rest is filled", splitting(), &[7, 1], &[&[4], &[3, 1]]),
        ("split: nothing where it fits", splitting(), &[3, 1, 4], &[&[3, 1], &[4]]),
    ];
    for (what, policy, sizes, expected) in cases {
        let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
        let refused = scheduler.submit_at(sizes.iter().map(|rows| job(&line, 0, *rows)), now);
        assert!(refused.is_empty(), "{what}: {refused:?}");
        assert_eq!(batches(&scheduler, now), expected, "{what}");
        assert_eq!((scheduler.num_queued_rows(), scheduler.num_busy_owners()), (0, 0), "{what}");
    }
}

#[test]
fn what_has_no_place_is_refused_and_changes_nothing() {
    let full = |max_batches| Refusal::BatchesFull { num_batches: max_batches, max_batches };
    let too_large = |num_rows, max_rows| Refusal::TooLarge { num_rows, max_rows };
    let no_room = |num_rows, capacity| Refusal::NoRoomForParts { num_rows, capacity };
    let holding = |policy: Policy, max_enqueued_batches| Policy { max_enqueued_batches, ..policy };
    type Case<'a> = (&'a str, Policy, &'a [usize], usize, Option<Refusal>);
    let cases: [Case; 11] = [
        ("larger than a request may be", fixed_at_once(), &[], 5, Some(too_large(5, 4))),
        ("larger, while full", holding(fixed_at_once(), 1), &[4], 5, Some(too_large(5, 4))),
        ("as large as may be", fixed_at_once(), &[], 4, None),
        ("all batches are taken", holding(fixed_at_once(), 2), &[4, 3], 2, Some(full(2))),
        ("it fits into the open one", holding(fixed_at_once(), 2), &[4, 3], 1, None),
        ("0 is taken for 1", holding(fixed_at_once(), 0), &[3], 2, Some(full(1))),
        ("0 is taken for 1, which takes one", holding(fixed_at_once(), 0), &[], 4, None),
        ("split: larger than a request may be", splitting(), &[], 13, Some(too_large(13, 12))),
        ("split: more than there is room for", holding(splitting(), 3), &[4, 2], 7, Some(no_room(7, 6))),
        ("split: just as much", holding(splitting(), 3), &[4, 2], 6, None),
        ("split: nothing is left", holding(splitting(), 2), &[8], 1, Some(no_room(1, 0))),
    ];
    for (what, policy, sizes, rows, expected) in cases {
        let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
        assert!(scheduler.submit_at(sizes.iter().map(|rows| job(&line, 0, *rows)), now).is_empty(), "{what}");
        assert_eq!(submit(&scheduler, job(&line, 0, rows), now), expected, "{what}");
        let taken: usize = sizes.iter().sum::<usize>() + if expected.is_none() { rows } else { 0 };
        assert_eq!(scheduler.num_queued_rows(), taken, "{what}");
        assert_eq!(batches(&scheduler, now).into_iter().flatten().sum::<usize>(), taken, "{what}");
    }
}

#[test]
fn the_last_part_of_a_split_request_waits_since_the_request_came() {
    let policy = Policy { batch_timeout: ms(10), ..splitting() };
    let (scheduler, line, start) = (scheduler(1), line(policy), Instant::now());
    submit(&scheduler, job(&line, 0, 6), start);
    assert_eq!(batches(&scheduler, start + ms(9)), [[4]]);
    assert_eq!(batches(&scheduler, start + ms(10)), [[2]]);
}

#[test]
fn an_open_batch_grows_past_its_timeout_while_runners_are_busy() {
    let (scheduler, line, start) = (scheduler(1), line(fixed()), Instant::now());
    submit(&scheduler, job(&line, 0, 4), start);
    let Next::Turn(running) = scheduler.next_at(start) else { panic!("a full batch is due") };
    submit(&scheduler, job(&line, 0, 1), start);
    assert!(take(&scheduler, start + ms(30)).is_none());
    submit(&scheduler, job(&line, 0, 2), start + ms(30));
    running.ticket.unwrap().ran_at(start + ms(40));
    assert_eq!(batches(&scheduler, start + ms(40)), [[1, 2]]);
}

#[test]
fn several_batches_of_one_queue_run_at_a_time() {
    let (scheduler, line, now) = (scheduler(3), line(fixed_at_once()), Instant::now());
    scheduler.submit_at((0..3).map(|_| job(&line, 0, 4)), now);
    let running: Vec<_> = std::iter::from_fn(|| scheduler.try_next()).collect();
    assert_eq!(running.len(), 3);
}

#[test]
fn batches_leave_for_a_reason() {
    let start = Instant::now();
    type Case<'a> = (&'a str, Policy, &'a [usize], u64, Option<Reason>);
    let cases: [Case; 6] = [
        ("no timeout", fixed_at_once(), &[1], 0, Some(Reason::IdleRunner)),
        ("no timeout, full", fixed_at_once(), &[4], 0, Some(Reason::Full)),
        ("full before its time", fixed(), &[3, 1], 0, Some(Reason::Full)),
        ("not full, not its time", fixed(), &[3], 9, None),
        ("its time", fixed(), &[3], 10, Some(Reason::Timeout)),
        ("a timeout beyond all time", Policy { batch_timeout: Duration::MAX, ..fixed() }, &[3], 1_000_000, None),
    ];
    for (what, policy, sizes, after, expected) in cases {
        let (scheduler, line) = (scheduler(1), line(policy));
        scheduler.submit_at(sizes.iter().map(|rows| job(&line, 0, *rows)), start);
        assert_eq!(take(&scheduler, start + ms(after)).is_some(), expected.is_some(), "{what}");
        let reasons: Vec<Reason> = reasons(&line).into_iter().map(|(reason, _)| reason).collect();
        assert_eq!(reasons, Vec::from_iter(expected), "{what}");
    }
}

#[test]
fn what_is_queued_leaves_at_once_when_its_queue_is_to_end() {
    type End = fn(&Scheduler<Job>, &Arc<Line>);
    let ends: [(&str, End); 3] = [
        ("the owner closes", |_, line| line.owner().close()),
        ("the scheduler closes", |scheduler, _| scheduler.close()),
        ("the owner has other settings", |_, line| line.owner().set_policy(fixed())),
    ];
    for (what, end) in ends {
        let (scheduler, line, start) = (scheduler(1), line(fixed()), Instant::now());
        submit(&scheduler, job(&line, 0, 1), start);
        end(&scheduler, &line);
        // An owner is looked at again by then, at the latest; see `LOOK_AGAIN`.
        let Next::NotBefore(at) = scheduler.next_at(start) else {
            assert_eq!(reasons(&line), [(Reason::Shutdown, 1)], "{what}");
            continue;
        };
        assert!(at <= start + ms(10), "{what}");
        assert_eq!(batches(&scheduler, start + ms(10)), [[1]], "{what}");
    }
}

#[test]
fn new_settings_hold_for_what_comes_then() {
    let long = Policy { batch_timeout: Duration::from_secs(60), ..fixed() };
    let (scheduler, line, start) = (scheduler(1), line(long.clone()), Instant::now());
    submit(&scheduler, job(&line, 0, 3), start);
    line.owner().set_policy(Policy { max_batch_size: 2, ..long });
    assert_eq!(submit(&scheduler, job(&line, 0, 3), start), Some(Refusal::TooLarge { num_rows: 3, max_rows: 2 }));
    submit(&scheduler, job(&line, 0, 1), start);
    assert_eq!(batches(&scheduler, start), [[3]], "by the old settings, without further wait");
    assert_eq!(reasons(&line), [(Reason::Shutdown, 1)]);
    submit(&scheduler, job(&line, 0, 1), start);
    assert_eq!(batches(&scheduler, start), [[1, 1]]);
}

#[test]
fn settings_may_change_to_adaptive_and_back_while_work_waits() {
    let (scheduler, line, now) = (scheduler(1), line(fixed_at_once()), Instant::now());
    submit(&scheduler, job(&line, 0, 1), now);
    line.owner().set_policy(Policy::default());
    submit(&scheduler, job(&line, 0, 2), now);
    line.owner().set_policy(fixed_at_once());
    submit(&scheduler, job(&line, 0, 3), now);
    let mut batches = batches(&scheduler, now);
    batches.sort();
    assert_eq!(batches, [[1], [2], [3]], "no batch mixes settings");
}

#[test]
fn work_that_may_not_share_a_batch_stands_apart_but_under_one_limit() {
    let (scheduler, line, now) =
        (scheduler(1), line(Policy { max_enqueued_batches: 3, ..fixed_at_once() }), Instant::now());
    let refused = scheduler.submit_at((0..8).map(|kind| job(&line, kind % 4, 1)), now);
    let refused: Vec<u8> = refused.into_iter().map(|(job, _)| job.kind).collect();
    assert_eq!(refused, [3, 3], "a batch for each of three kinds, and no fourth");
    assert_eq!(batches(&scheduler, now), [[1, 1], [1, 1], [1, 1]]);
    let parts = Policy { max_enqueued_batches: 3, ..splitting() };
    let line = crate::jobs::line(parts);
    assert_eq!(submit(&scheduler, job(&line, 0, 7), now), None);
    let refusal = Refusal::NoRoomForParts { num_rows: 5, capacity: 4 };
    assert_eq!(submit(&scheduler, job(&line, 1, 5), now), Some(refusal), "the room in the open batch is for its kind");
    assert_eq!(submit(&scheduler, job(&line, 0, 5), now), None);
}

#[test]
fn lines_have_limits_of_their_own() {
    let (scheduler, now) = (scheduler(1), Instant::now());
    let owner = salver_core::batching::Owner::new(Policy { max_enqueued_batches: 1, ..fixed_at_once() });
    let lines = ["a", "b"].map(|name| Line::new(&owner, name.into()));
    let refused = scheduler.submit_at(lines.iter().flat_map(|line| [job(line, 0, 4), job(line, 0, 4)]), now);
    assert_eq!(refused.len(), 2);
    assert_eq!(batches(&scheduler, now), [[4], [4]]);
}

#[test]
fn work_that_cannot_be_joined_runs_alone_and_is_not_kept_waiting() {
    let (scheduler, line, now) = (scheduler(1), line(fixed()), Instant::now());
    submit(&scheduler, job(&line, 0, 1), now);
    submit(&scheduler, job(&line, 0, 1).alone(), now);
    submit(&scheduler, job(&line, 0, 1).alone(), now);
    assert_eq!(batches(&scheduler, now), [[1], [1]]);
    assert_eq!(batches(&scheduler, now + ms(10)), [[1]]);
}

#[test]
fn work_that_can_be_joined_is_split_next_to_work_that_cannot() {
    let one_by_one = Policy { max_execution_batch_size: Some(1), ..splitting() };
    let (scheduler, line, now) = (scheduler(1), line(one_by_one), Instant::now());
    scheduler.submit_at([job(&line, 0, 3).alone(), job(&line, 0, 2)], now);
    assert_eq!(batches(&scheduler, now), [[3], [1], [1]]);
}

#[test]
fn a_runner_with_other_things_to_do_is_not_kept_waiting() {
    let options = salver_core::batching::Options { num_runners: 1, may_wait: false };
    let (scheduler, line, now) = (Scheduler::new(options), line(fixed()), Instant::now());
    submit(&scheduler, job(&line, 0, 1), now);
    assert_eq!(batches(&scheduler, now), [[1]]);
    assert_eq!(reasons(&line), [(Reason::IdleRunner, 1)]);
}

#[test]
fn dead_work_makes_room_for_what_stands_behind_it() {
    let (scheduler, line, start) = (scheduler(1), line(fixed_at_once()), Instant::now());
    let late = job(&line, 0, 2).until(start + ms(5));
    let jobs = [job(&line, 0, 1), late, job(&line, 0, 1).gone(), job(&line, 0, 3), job(&line, 0, 1)];
    scheduler.submit_at(jobs, start);
    let turn = take(&scheduler, start + ms(5)).unwrap();
    assert_eq!(rows(&turn), [1, 3], "what stood in the second batch moved up");
    let refusals: Vec<Refusal> = turn.refused.iter().map(|(_, refusal)| *refusal).collect();
    assert_eq!(refusals, [Refusal::Expired, Refusal::Abandoned]);
    assert_eq!(batches(&scheduler, start + ms(5)), [[1]]);
    assert_eq!((scheduler.num_queued_rows(), scheduler.num_busy_owners()), (0, 0));
}

#[test]
fn dead_work_makes_no_batch_full_and_no_wait_begin() {
    let (scheduler, line, start) = (scheduler(1), line(fixed()), Instant::now());
    submit(&scheduler, job(&line, 0, 3).gone(), start);
    submit(&scheduler, job(&line, 0, 1), start + ms(4));
    let turn = take(&scheduler, start + ms(4)).unwrap();
    assert_eq!((turn.batch.len(), turn.refused.len()), (0, 1));
    assert!(turn.ticket.is_none());
    assert!(take(&scheduler, start + ms(10)).is_none(), "4 ms are left to wait");
    assert_eq!(batches(&scheduler, start + ms(14)), [[1]]);
}

#[test]
fn a_full_queue_lets_go_of_dead_work_first() {
    let (scheduler, line, now) = (scheduler(1), line(fixed()), Instant::now());
    let gone: Vec<Job> = (0..2).map(|_| job(&line, 0, 4)).collect();
    scheduler.submit_at(gone.clone(), now);
    gone.into_iter().for_each(|job| drop(job.gone()));
    let refused = scheduler.submit_at([job(&line, 0, 4)], now);
    assert_eq!(refused.iter().map(|(_, refusal)| *refusal).collect::<Vec<_>>(), [Refusal::Abandoned; 2]);
    assert_eq!(batches(&scheduler, now), [[4]]);
}

#[test]
fn an_owner_whose_last_work_was_let_go_is_forgotten() {
    let full = Policy { max_queued_rows: 4, ..fixed() };
    for policy in [full.clone(), Policy { is_adaptive: true, ..full }] {
        let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
        scheduler.submit_at([job(&line, 0, 4).gone()], now);
        scheduler.submit_at([job(&line, 1, 4)], now);
        assert_eq!(batches(&scheduler, now), [[4]]);
        assert_eq!((scheduler.num_queued_rows(), scheduler.num_busy_owners()), (0, 0));
    }
}

#[test]
fn bytes_of_parts_are_counted_as_such() {
    let line = line(Policy { max_queued_bytes: 350, ..splitting() });
    let (scheduler, now) = (scheduler(1), Instant::now());
    for round in 0..3 {
        assert_eq!(submit(&scheduler, job(&line, 0, 9), now), None, "round {round}");
        assert!(matches!(submit(&scheduler, job(&line, 0, 1), now), Some(Refusal::QueueFull { .. })));
        assert_eq!(batches(&scheduler, now), [[4], [4], [1]]);
    }
}
