//! The scheduler as its callers see it: turns, fairness, limits, wake-ups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::jobs::{Job, job, line, ms, scheduler};
use salver_core::batching::{Line, Next, Policy, Refusal, Scheduler, Turn};

fn batching(max_batch_size: usize) -> Arc<Line> {
    line(Policy { max_batch_size, ..Policy::default() })
}

/// Takes all turns, each run being over before the next begins.
fn turns(scheduler: &Scheduler<Job>) -> Vec<Turn<Job>> {
    std::iter::from_fn(|| {
        let mut turn = scheduler.try_next()?;
        drop(turn.ticket.take());
        Some(turn)
    })
    .collect()
}

fn sizes(scheduler: &Scheduler<Job>) -> Vec<usize> {
    turns(scheduler).iter().map(|turn| turn.batch.len()).collect()
}

#[test]
fn unbatched_work_of_two_owners_alternates() {
    let (scheduler, a, b) = (scheduler(1), line(Policy::unbatched()), line(Policy::unbatched()));
    scheduler.submit([job(&a, 0, 1), job(&a, 0, 1), job(&b, 0, 1), job(&b, 0, 1)]);
    let now = Instant::now();
    let owners: Vec<u64> = (0..4u64)
        .map_while(|n| {
            let Next::Turn(mut turn) = scheduler.next_at(now + ms(n)) else { return None };
            turn.ticket.take().unwrap().ran_at(now + ms(n + 1));
            Some(turn.batch[0].line.owner().id())
        })
        .collect();
    assert_ne!(owners[0], owners[1]);
    assert_eq!((owners[0], owners[1]), (owners[2], owners[3]));
}

#[test]
fn a_batch_takes_what_waits_up_to_the_limit() {
    let (scheduler, line) = (scheduler(1), batching(8));
    scheduler.submit((0..10).map(|_| job(&line, 0, 2)));
    assert_eq!(sizes(&scheduler), [4, 4, 2]);
}

#[test]
fn a_request_larger_than_the_limit_runs_alone() {
    let (scheduler, line) = (scheduler(1), batching(8));
    scheduler.submit([job(&line, 0, 20), job(&line, 0, 1)]);
    assert_eq!(sizes(&scheduler), [1, 1]);
}

#[test]
fn only_work_of_one_kind_shares_a_batch() {
    let (scheduler, line) = (scheduler(1), batching(8));
    scheduler.submit((0..6).map(|i| job(&line, i % 2, 1)));
    assert_eq!(sizes(&scheduler), [3, 3]);
}

#[test]
fn dead_work_never_runs_and_makes_no_room_smaller() {
    let (scheduler, line) = (scheduler(1), batching(4));
    let dead = job(&line, 0, 4).gone();
    scheduler.submit([dead.clone(), job(&line, 0, 4), dead]);
    let turns = turns(&scheduler);
    assert_eq!(turns.iter().map(|turn| turn.batch.len()).sum::<usize>(), 1);
    assert_eq!(turns.iter().map(|turn| turn.refused.len()).sum::<usize>(), 2);
}

#[test]
fn a_full_queue_refuses_its_owner_only() {
    let limited = || line(Policy { max_batch_size: 1, max_queued_rows: 3, ..Policy::default() });
    let (scheduler, a, b) = (scheduler(1), limited(), limited());
    let refused = scheduler.submit([job(&a, 0, 2), job(&a, 1, 2), job(&b, 2, 2)]);
    assert_eq!(refused.iter().map(|(job, _)| job.kind).collect::<Vec<_>>(), [1]);
    assert!(matches!(refused[0].1, Refusal::QueueFull { .. }));
    assert_eq!(scheduler.num_queued_rows(), 4);
}

#[test]
fn stop_hands_back_what_waits_and_ends_the_runners() {
    let (scheduler, a, b) = (scheduler(1), batching(1), batching(1));
    scheduler.submit([job(&a, 0, 1), job(&b, 0, 1)]);
    assert_eq!(scheduler.stop().len(), 2);
    assert!(scheduler.next(Duration::from_secs(60)).is_none());
    assert_eq!(scheduler.submit([job(&a, 0, 1)])[0].1, Refusal::Stopped);
}

#[test]
fn an_owner_with_a_batch_in_flight_leaves_the_extra_runner_to_others() {
    let (scheduler, slow, other) = (scheduler(1), batching(1), batching(1));
    scheduler.submit((0..3).map(|_| job(&slow, 0, 1)));
    let in_flight = scheduler.try_next().unwrap();
    assert!(scheduler.try_next().is_none());
    scheduler.submit([job(&other, 7, 1)]);
    let turn = scheduler.try_next().unwrap();
    assert_eq!(turn.batch[0].kind, 7);
    drop((in_flight, turn));
    assert_eq!(scheduler.try_next().unwrap().batch[0].kind, 0);
}

#[test]
fn an_owner_runs_no_more_batches_at_a_time_than_its_limit() {
    let policy = Policy { max_batch_size: 1, max_in_flight_batches: Some(1), ..Policy::default() };
    let (scheduler, line) = (scheduler(4), line(policy));
    scheduler.submit((0..2).map(|_| job(&line, 0, 1)));
    let first = scheduler.try_next().unwrap();
    assert!(scheduler.try_next().is_none());
    drop(first);
    assert_eq!(scheduler.try_next().unwrap().batch.len(), 1);
}

#[test]
fn every_idle_runner_is_woken_for_a_queue_of_several_batches() {
    let (scheduler, is_over, num_waiting) = (scheduler(3), AtomicBool::new(false), AtomicUsize::new(0));
    let line = batching(4);
    let (sender, batches) = mpsc::channel();
    let run = |sender: mpsc::Sender<usize>| {
        num_waiting.fetch_add(1, Ordering::SeqCst);
        let turn = scheduler.next(Duration::from_secs(60));
        turn.as_ref().map(|turn| sender.send(turn.batch.len()));
        // Busy from now on: the other batches are for the other runners.
        while !is_over.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    };
    let taken: Vec<_> = std::thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(|| run(sender.clone()))));
        while num_waiting.load(Ordering::SeqCst) < 3 {
            std::thread::yield_now();
        }
        scheduler.submit((0..12).map(|_| job(&line, 0, 1)));
        let taken = (0..3).map_while(|_| batches.recv_timeout(Duration::from_secs(10)).ok()).collect();
        is_over.store(true, Ordering::SeqCst);
        scheduler.stop();
        taken
    });
    assert_eq!(taken, [4, 4, 4]);
}

#[test]
fn a_waiting_runner_is_woken_by_a_submit() {
    let (scheduler, line) = (scheduler(1), batching(1));
    std::thread::scope(|scope| {
        let runner = scope.spawn(|| scheduler.next(Duration::from_secs(60)).map(|turn| turn.batch.len()));
        scheduler.submit([job(&line, 0, 1)]);
        assert_eq!(runner.join().unwrap(), Some(1));
    });
}

#[test]
fn work_of_ever_new_kinds_is_kept_in_few_groups_and_all_of_it_runs() {
    let (scheduler, line) = (scheduler(1), batching(8));
    scheduler.submit((0..600).map(|number| Job { kind: number, ..job(&line, 0, 1) }));
    scheduler.submit((0..600).map(|number| Job { kind: number, ..job(&line, 0, 1) }));
    let sizes = sizes(&scheduler);
    assert_eq!(sizes.iter().sum::<usize>(), 1200);
    assert_eq!(sizes.iter().filter(|size| **size == 2).count(), 256);
}

/// Runs what is due, for a millisecond, in which `comes` comes.
fn run(scheduler: &Scheduler<Job>, now: &mut Instant, comes: Option<Job>) {
    let Next::Turn(mut turn) = scheduler.next_at(*now) else { panic!("nothing is due") };
    scheduler.submit_at(comes, *now);
    *now += ms(1);
    turn.ticket.take().into_iter().for_each(|ticket| ticket.ran_at(*now));
    // Longer than anything is held back for company.
    *now += ms(1);
}

#[test]
fn idle_time_after_the_last_of_a_queue_went_away_is_not_taken_for_a_slow_line() {
    let (scheduler, line, mut now) = (scheduler(1), batching(8), Instant::now());
    scheduler.submit_at([job(&line, 0, 1)], now);
    let goes = job(&line, 0, 1);
    run(&scheduler, &mut now, Some(goes.clone()));
    drop(goes.gone());
    run(&scheduler, &mut now, None);
    now += Duration::from_secs(1000);
    scheduler.submit_at([job(&line, 0, 1)], now);
    run(&scheduler, &mut now, Some(job(&line, 0, 1)));

    let with_deadline = |_| job(&line, 0, 1).until(now + Duration::from_secs(10));
    let refused = scheduler.submit_at((0..50).map(with_deadline), now);
    assert_eq!(refused.into_iter().map(|(_, refusal)| refusal).collect::<Vec<_>>(), []);
}
