//! Sheddable work beside other work in static queues.

use std::time::{Duration, Instant};

use salver_core::batching::{Criticality, LowPriority, MixedPriorityPolicy, PaddingPolicy, Policy, Reason, Refusal};

use crate::jobs::{Job, batches, fixed_at_once, job, line, ms, reasons, scheduler, submit, take};

use MixedPriorityPolicy::{Isolation, Merge, PaddingWithMaxBatchSize, PaddingWithNextAllowedBatchSize};

/// Batches of 8, filled up to 4 or 8, at once; low ones of 6, filled up to 3 or 6, after 10 ms; 2 of these may wait.
fn mixed(mixed_priority_batching_policy: MixedPriorityPolicy) -> Policy {
    let low = LowPriority {
        max_batch_size: 6,
        batch_timeout: ms(10),
        max_enqueued_batches: 2,
        allowed_batch_sizes: vec![3, 6],
        mixed_priority_batching_policy,
    };
    Policy { max_batch_size: 8, allowed_batch_sizes: vec![4, 8], low_priority: Some(low), ..fixed_at_once() }
}

/// Low work is written as a negative size.
fn jobs(line: &std::sync::Arc<salver_core::batching::Line>, sizes: &[i32]) -> Vec<Job> {
    let make = |rows: &i32| {
        let job = job(line, 0, rows.unsigned_abs() as usize);
        if *rows < 0 { job.low() } else { job }
    };
    sizes.iter().map(make).collect()
}

fn sizes(batch: &[Job]) -> Vec<i32> {
    batch.iter().map(|job| job.rows as i32 * if job.criticality.is_sheddable() { -1 } else { 1 }).collect()
}

#[test]
fn low_work_joins_batches_by_policy() {
    type Batches<'a> = &'a [(&'a [i32], usize)];
    let cases: [(&str, MixedPriorityPolicy, &[i32], Batches); 11] = [
        ("fills up to the largest size", PaddingWithMaxBatchSize, &[-2, 3, -1, -3], &[(&[3, -2, -1], 8)]),
        ("not past what does not fit", PaddingWithMaxBatchSize, &[5, -4, -1], &[(&[5], 8)]),
        ("fills closed batches, too", PaddingWithMaxBatchSize, &[6, 7, -2, -1], &[(&[6, -2], 8), (&[7, -1], 8)]),
        ("fills the room that would be padding", PaddingWithNextAllowedBatchSize, &[3, -1, -1], &[(&[3, -1], 4)]),
        ("no room, none filled", PaddingWithNextAllowedBatchSize, &[4, -1], &[(&[4], 4)]),
        ("never mixed", Isolation, &[3, -1], &[(&[3], 4)]),
        ("low alone, full", Isolation, &[-3, -3, -1], &[(&[-3, -3], 6)]),
        ("merged, others first", Merge, &[-1, 2, -2, 1], &[(&[2, 1, -1, -2], 8)]),
        ("merged, as many as fit", Merge, &[-4, 2, -3], &[(&[2, -4], 8)]),
        ("low waits behind a batch that leaves", Isolation, &[-6, 2], &[(&[2], 4), (&[-6], 6)]),
        ("merged, low alone fills by the common sizes", Merge, &[-3, -3], &[(&[-3, -3], 8)]),
    ];
    for (what, policy, submitted, expected) in cases {
        let (scheduler, line, now) = (scheduler(1), line(mixed(policy)), Instant::now());
        let refused = scheduler.submit_at(jobs(&line, submitted), now);
        assert!(refused.is_empty(), "{what}: {refused:?}");
        let taken: Vec<_> =
            std::iter::from_fn(|| take(&scheduler, now)).map(|turn| (sizes(&turn.batch), turn.padded_rows)).collect();
        let expected: Vec<_> = expected.iter().map(|(rows, padded)| (rows.to_vec(), *padded)).collect();
        assert_eq!(taken, expected, "{what}");
        // What is left is low work, which leaves by itself when its time has come.
        let left = scheduler.num_queued_rows();
        let later: usize = batches(&scheduler, now + ms(10)).into_iter().flatten().sum();
        assert_eq!((later, scheduler.num_busy_owners()), (left, 0), "{what}");
    }
}

#[test]
fn low_work_waits_for_its_own_time_while_no_other_work_waits() {
    let policy = Policy { batch_timeout: ms(20), ..mixed(Isolation) };
    let (scheduler, line, start) = (scheduler(1), line(policy), Instant::now());
    scheduler.submit_at(jobs(&line, &[-1]), start);
    assert!(take(&scheduler, start + ms(9)).is_none());
    scheduler.submit_at(jobs(&line, &[1]), start + ms(9));
    assert!(take(&scheduler, start + ms(15)).is_none(), "other work waits");
    let taken: Vec<_> =
        std::iter::from_fn(|| take(&scheduler, start + ms(29))).map(|turn| sizes(&turn.batch)).collect();
    assert_eq!(taken, [[1], [-1]]);
    assert_eq!(reasons(&line), [(Reason::Timeout, 2)]);
}

#[test]
fn merged_low_work_counts_for_size_and_age_of_the_open_batch() {
    let waiting = Policy { batch_timeout: Duration::from_secs(60), ..mixed(Merge) };
    let (scheduler, line, start) = (scheduler(1), line(waiting), Instant::now());
    scheduler.submit_at(jobs(&line, &[3, -5]), start);
    assert_eq!(sizes(&take(&scheduler, start).unwrap().batch), [3, -5]);
    scheduler.submit_at(jobs(&line, &[3]), start);
    scheduler.submit_at(jobs(&line, &[-1]), start + ms(5));
    assert!(take(&scheduler, start + ms(14)).is_none());
    assert_eq!(sizes(&take(&scheduler, start + ms(15)).unwrap().batch), [3, -1]);
    assert_eq!(reasons(&line), [(Reason::Full, 1), (Reason::Timeout, 1)]);
}

#[test]
fn low_work_has_limits_of_its_own() {
    let full = |num_rows, capacity| Some(Refusal::NoRoomForParts { num_rows, capacity });
    let cases: [(&str, &[i32], i32, Option<Refusal>); 6] = [
        ("larger than a low batch", &[], -7, full(7, 6)),
        ("larger than any request", &[], -9, full(9, 6)),
        ("more than may wait", &[-6, -5], -2, full(2, 1)),
        ("just as much", &[-6, -5], -1, None),
        ("others do not count", &[8, 8, 8], -6, None),
        ("and are not refused for it", &[-6, -6], 8, None),
    ];
    for (what, waiting, rows, expected) in cases {
        let (scheduler, line, now) = (scheduler(1), line(mixed(Isolation)), Instant::now());
        assert!(scheduler.submit_at(jobs(&line, waiting), now).is_empty(), "{what}");
        let refused = jobs(&line, &[rows]).pop().and_then(|job| submit(&scheduler, job, now));
        assert_eq!(refused, expected, "{what}");
    }
    let (scheduler, line, now) = (scheduler(1), line(mixed(Isolation)), Instant::now());
    scheduler.submit_at([job(&line, 1, 6).low(), job(&line, 2, 6).low()], now);
    assert_eq!(submit(&scheduler, job(&line, 3, 1).low(), now), full(1, 0), "one limit for all kinds");
}

#[test]
fn low_means_sheddable_and_needs_a_low_queue() {
    let levels = [Criticality::CriticalPlus, Criticality::Critical, Criticality::SheddablePlus, Criticality::Sheddable];
    let off = Policy { low_priority: None, ..mixed(Isolation) };
    let zero = LowPriority { max_batch_size: 0, ..mixed(Isolation).low_priority.unwrap() };
    let cases = [
        (mixed(Isolation), vec![2, 1, 1]),
        (off.clone(), vec![4]),
        (Policy { low_priority: Some(zero), ..off }, vec![4]),
    ];
    for (policy, expected) in cases {
        let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
        scheduler.submit_at(levels.map(|criticality| Job { criticality, ..job(&line, 0, 1) }), now);
        let mut taken: Vec<usize> = batches(&scheduler, now).iter().map(Vec::len).collect();
        taken.extend(batches(&scheduler, now + ms(10)).iter().flatten());
        taken.sort_by_key(|rows| std::cmp::Reverse(*rows));
        let expected_rows: usize = expected.iter().sum();
        assert_eq!(taken.iter().sum::<usize>(), expected_rows);
        assert_eq!(taken[0], expected[0]);
    }
}

#[test]
fn a_batch_is_cut_of_low_work_first() {
    let policy = Policy { batch_padding_policy: PaddingPolicy::BatchDown, ..mixed(PaddingWithMaxBatchSize) };
    let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
    scheduler.submit_at(jobs(&line, &[-1, 2, 2, 1]), now);
    assert_eq!(sizes(&take(&scheduler, now).unwrap().batch), [2, 2]);
    assert_eq!(sizes(&take(&scheduler, now).unwrap().batch), [1, -1]);
    assert_eq!(scheduler.num_queued_rows(), 0);
}

#[test]
fn dead_low_work_takes_no_room() {
    for policy in [PaddingWithMaxBatchSize, Merge] {
        let (scheduler, line, now) = (scheduler(1), line(mixed(policy)), Instant::now());
        scheduler.submit_at([job(&line, 0, 6).low().gone(), job(&line, 0, 4), job(&line, 0, 4).low()], now);
        let turn = take(&scheduler, now).unwrap();
        assert_eq!((sizes(&turn.batch), turn.refused.len()), (vec![4, -4], 1));
        scheduler.submit_at([job(&line, 0, 6).low().gone(), job(&line, 0, 1).low()], now);
        assert_eq!(take(&scheduler, now).unwrap().batch.len(), 0, "no reason to leave is left");
        assert_eq!(batches(&scheduler, now + ms(10)), [[1]]);
    }
}

#[test]
fn a_turn_looks_for_dead_low_work_no_further_than_its_batch_may_reach() {
    let (scheduler, line, now) = (scheduler(1), line(mixed(Isolation)), Instant::now());
    scheduler.submit_at([4, 4, 4].map(|rows| job(&line, 0, rows).low()), now);
    let turns = || std::iter::from_fn(|| take(&scheduler, now + ms(10)));
    let found: Vec<_> = turns().map(|turn| (turn.batch.len(), turn.refused.len())).collect();
    assert_eq!(found, [(1, 0); 3]);
    scheduler.submit_at([job(&line, 0, 4).low(), job(&line, 0, 4).low(), job(&line, 0, 4).low().gone()], now);
    let found: Vec<_> = turns().map(|turn| (turn.batch.len(), turn.refused.len())).collect();
    assert_eq!(found, [(1, 0), (1, 1)]);
}

#[test]
fn low_work_loses_its_place_to_other_work() {
    let policy = Policy { max_queued_rows: 8, ..mixed(Isolation) };
    let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
    scheduler.submit_at(jobs(&line, &[4, -2, -2]), now);
    let refused = scheduler.submit_at(jobs(&line, &[1]), now);
    assert_eq!(
        refused.iter().map(|(job, refusal)| (job.rows, *refusal)).collect::<Vec<_>>(),
        [(2, Refusal::Displaced)]
    );
    assert_eq!(scheduler.num_queued_rows(), 7);
}
