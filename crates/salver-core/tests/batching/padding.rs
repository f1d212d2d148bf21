//! What becomes of an open batch that has none of the allowed sizes.

use std::time::Instant;

use salver_core::batching::{Next, PaddingPolicy, Policy, Reason};

use crate::jobs::{batches, fixed, fixed_at_once, job, line, ms, reasons, rows, scheduler};

fn padding(batch_padding_policy: PaddingPolicy) -> Policy {
    Policy { max_batch_size: 8, allowed_batch_sizes: vec![2, 4, 8], batch_padding_policy, ..fixed_at_once() }
}

#[test]
fn sizes_of_batches_by_policy() {
    let (up, down) = (|| padding(PaddingPolicy::PadUp), || padding(PaddingPolicy::BatchDown));
    let free = Policy { allowed_batch_sizes: vec![], ..down() };
    type Batches<'a> = &'a [(&'a [usize], usize)];
    let cases: [(&str, Policy, &[usize], Batches); 12] = [
        ("up to the next size", up(), &[1, 2], &[(&[1, 2], 4)]),
        ("an allowed size stays", up(), &[2, 2], &[(&[2, 2], 4)]),
        ("no sizes, no padding", Policy { allowed_batch_sizes: vec![], ..up() }, &[3], &[(&[3], 3)]),
        ("down to the largest size, the rest by itself", down(), &[1, 1, 1, 1, 1], &[(&[1, 1, 1, 1], 4), (&[1], 2)]),
        ("down twice", down(), &[2, 2, 2, 1], &[(&[2, 2], 4), (&[2], 2), (&[1], 2)]),
        ("an allowed size is not cut", down(), &[2, 2], &[(&[2, 2], 4)]),
        ("a request is not cut: a smaller size", down(), &[2, 3], &[(&[2], 2), (&[3], 4)]),
        ("a request is not cut: none", down(), &[3, 3], &[(&[3, 3], 8)]),
        ("below the smallest size", down(), &[1], &[(&[1], 2)]),
        ("no sizes, no cut", free, &[1, 2], &[(&[1, 2], 3)]),
        ("a full batch is not cut", down(), &[4, 4], &[(&[4, 4], 8)]),
        ("a closed batch is not cut", down(), &[3, 4, 2], &[(&[3, 4], 8), (&[2], 2)]),
    ];
    for (what, policy, sizes, expected) in cases {
        let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
        scheduler.submit_at(sizes.iter().map(|rows| job(&line, 0, *rows)), now);
        let batches: Vec<(Vec<usize>, usize)> = std::iter::from_fn(|| scheduler.try_next())
            .map(|turn| (turn.batch.iter().map(|job| job.rows).collect(), turn.padded_rows))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(rows, padded)| (rows.to_vec(), *padded)).collect();
        assert_eq!(batches, expected, "{what}");
        assert_eq!(scheduler.num_busy_owners(), 0, "{what}");
    }
}

#[test]
fn what_is_cut_off_has_waited_in_proportion() {
    let policy = Policy { batch_timeout: ms(16), ..padding(PaddingPolicy::BatchDown) };
    let (scheduler, line, start) = (scheduler(1), line(policy), Instant::now());
    scheduler.submit_at([job(&line, 0, 2), job(&line, 0, 2), job(&line, 0, 1)], start);
    let Next::Turn(first) = scheduler.next_at(start + ms(20)) else { panic!("the timeout has passed") };
    assert_eq!(rows(&first), [2, 2]);
    // 4 of 5 rows left: the rest is taken for as old as if the wait had begun at 4/5 of 20 ms.
    drop(first);
    let Next::NotBefore(at) = scheduler.next_at(start + ms(20)) else { panic!("it waits") };
    assert_eq!(at, start + ms(32));
    scheduler.submit_at([job(&line, 0, 1)], start + ms(25));
    assert_eq!(batches(&scheduler, start + ms(32)), [[1, 1]], "and it is filled meanwhile");
    assert_eq!(reasons(&line), [(Reason::Timeout, 1), (Reason::PreferredSize, 1)]);
}

/// Teaches `line` how long a batch of so many rows runs.
fn teach(policy: &Policy, runs: &[(usize, u64)]) -> std::sync::Arc<salver_core::batching::Line> {
    let line = line(Policy { batch_padding_policy: PaddingPolicy::PadUp, ..policy.clone() });
    let (scheduler, mut now) = (scheduler(1), Instant::now());
    for _ in 0..200 {
        for (size, millis) in runs {
            scheduler.submit_at([job(&line, 0, *size)], now);
            let Next::Turn(turn) = scheduler.next_at(now) else { panic!("due at once") };
            now += ms(*millis);
            turn.ticket.unwrap().ran_at(now);
        }
    }
    line.owner().set_policy(policy.clone());
    line
}

#[test]
fn a_batch_is_not_cut_where_that_costs_more_time_for_each_row() {
    let policy = padding(PaddingPolicy::MinimizeCostPerRequest);
    let taken = |runs: &[(usize, u64)]| {
        let (scheduler, line, now) = (scheduler(1), teach(&policy, runs), Instant::now());
        scheduler.submit_at((0..5).map(|_| job(&line, 0, 1)), now);
        batches(&scheduler, now).into_iter().map(|batch| batch.len()).collect::<Vec<_>>()
    };
    assert_eq!(taken(&[]), [5], "nothing is known");
    assert_eq!(taken(&[(4, 40), (8, 40)]), [5], "5 rows in 40 ms, or 4");
}

#[test]
fn padding_needs_no_waiting_to_be_over() {
    let policy = Policy { allowed_batch_sizes: vec![4], ..fixed() };
    let (scheduler, line, now) = (scheduler(1), line(policy), Instant::now());
    scheduler.submit_at([job(&line, 0, 1)], now);
    let Next::NotBefore(at) = scheduler.next_at(now) else { panic!("it waits") };
    assert_eq!(at, now + ms(10));
}
