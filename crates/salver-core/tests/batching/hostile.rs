//! What clients may send to the harm of others.

use std::time::{Duration, Instant};

use salver_core::batching::{Criticality, Next, Policy, Refusal, Turn};

use crate::jobs::{Job, batches, job, line, ms, rows, scheduler, submit, take};

fn next(scheduler: &salver_core::batching::Scheduler<Job>, now: Instant) -> Turn<Job> {
    let Next::Turn(turn) = scheduler.next_at(now) else { panic!("a turn is due") };
    turn
}

/// Rows without elements take no memory, so there may be any number of them.
#[test]
fn a_request_of_any_number_of_rows_runs_and_spoils_nothing() {
    for huge in [1 << 32, (1 << 32) + 1, 1 << 62, usize::MAX >> 1] {
        let (scheduler, line, start) = (scheduler(2), line(Policy::default()), Instant::now());
        for (step, num_rows) in (0..).zip([1, huge, 1, huge, 2, 1]) {
            assert_eq!(submit(&scheduler, job(&line, 0, num_rows), start + ms(step)), None);
            let mut turn = next(&scheduler, start + ms(step));
            turn.ticket.take().unwrap().ran_at(start + ms(step) + Duration::from_micros(100));
            assert_eq!(rows(&turn), [num_rows], "{huge}");
        }
        assert!(line.curve().is_sorted_by_key(|point| point.num_rows), "{:?}", line.curve());
    }
}

#[test]
fn an_owner_that_was_charged_too_much_does_not_keep_the_others_waiting() {
    let (scheduler, [a, b], start) = (scheduler(2), [(); 2].map(|()| line(Policy::unbatched())), Instant::now());
    // The second run of what ran for 100 s takes no time.
    submit(&scheduler, job(&a, 0, 1), start);
    next(&scheduler, start).ticket.unwrap().ran_at(start + Duration::from_secs(100));
    let now = start + Duration::from_secs(100);
    scheduler.submit_at((0..1000).map(|_| job(&a, 0, 1)), now);
    let running = [next(&scheduler, now), next(&scheduler, now)];
    running.into_iter().for_each(|turn| turn.ticket.unwrap().ran_at(now + ms(1)));
    let now = now + ms(1);
    scheduler.submit_at((0..1000).map(|_| job(&b, 0, 1)), now);
    let mut num_turns = 0;
    for step in 0..600 {
        let mut turn = next(&scheduler, now + 10 * ms(step));
        turn.ticket.take().unwrap().ran_at(now + 10 * ms(step + 1));
        num_turns += usize::from(turn.batch[0].line.owner().id() == b.owner().id());
    }
    assert!((200..=400).contains(&num_turns), "{num_turns} of 600 turns");
}

#[test]
fn nothing_gives_way_to_what_finds_no_room_all_the_same() {
    let (scheduler, now) = (scheduler(1), Instant::now());
    let line = line(Policy { max_queued_rows: 10, ..Policy::default() });
    submit(&scheduler, job(&line, 0, 4), now);
    let urgent = Job { criticality: Criticality::CriticalPlus, ..job(&line, 0, 11) };
    let refused = scheduler.submit_at([urgent], now);
    assert!(matches!(refused[..], [(_, Refusal::QueueFull { .. })]), "{refused:?}");
    assert_eq!(batches(&scheduler, now), [[4]]);
}

#[test]
fn one_slow_run_is_no_reason_to_refuse() {
    let (scheduler, line, start) = (scheduler(1), line(Policy::default()), Instant::now());
    submit(&scheduler, job(&line, 0, 1), start);
    let end = start + Duration::from_secs(5);
    next(&scheduler, start).ticket.unwrap().ran_at(end);
    submit(&scheduler, job(&line, 0, 1), end);
    let _second = next(&scheduler, end);
    let refused = scheduler.submit_at((0..8).map(|_| job(&line, 0, 1).until(end + Duration::from_secs(2))), end);
    assert!(refused.is_empty(), "the first run may have been a cold one: {refused:?}");
}

/// When what waits may leave, where four came back together until now and one comes alone, in time for this long.
fn wait_of_one_alone(timeout: Option<Duration>) -> Duration {
    let (scheduler, line, mut now) = (scheduler(1), line(Policy::default()), Instant::now());
    for num_jobs in [1, 4, 4, 4] {
        scheduler.submit_at((0..num_jobs).map(|_| job(&line, 0, 1)), now);
        let turn = next(&scheduler, now);
        assert_eq!(rows(&turn).len(), num_jobs);
        now += ms(100);
        turn.ticket.unwrap().ran_at(now);
    }
    let one = job(&line, 0, 1);
    submit(&scheduler, timeout.map_or(one.clone(), |timeout| one.until(now + timeout)), now);
    match scheduler.next_at(now) {
        Next::NotBefore(at) => at - now,
        _ => Duration::ZERO,
    }
}

#[test]
fn a_hold_is_over_before_it_costs_a_deadline() {
    assert_eq!(wait_of_one_alone(None), ms(10), "what a hold takes at most");
    assert_eq!(wait_of_one_alone(Some(ms(104))), ms(4));
    assert_eq!(wait_of_one_alone(Some(ms(90))), Duration::ZERO);
}

#[test]
fn runs_of_what_cannot_be_joined_say_nothing_of_what_can() {
    let (scheduler, line, start) = (scheduler(1), line(Policy::default()), Instant::now());
    submit(&scheduler, job(&line, 0, 1).alone(), start);
    let _ = take(&scheduler, start);
    assert_eq!(line.curve(), []);
}
