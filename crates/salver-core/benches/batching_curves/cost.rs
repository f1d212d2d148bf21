//! What the scheduler costs: from `submit` to the end of the ticket, on one thread, with runs that take no time.

use std::sync::Arc;
use std::time::Instant;

use salver_core::batching::{Line, Options, Owner, Policy, Scheduler};

use crate::jobs::Job;

const NUM_ROWS: usize = 400_000;

pub(crate) fn print() {
    println!("\n## Microseconds of CPU for each row, scheduler alone\n");
    println!("| rows at a time | one owner | one of 5,000 owners, others idle |");
    println!("| --- | --- | --- |");
    for num_rows in [1, 8, 64] {
        println!("| {num_rows} | {:.3} | {:.3} |", micros(num_rows, 0), micros(num_rows, 4999));
    }
}

/// The least of some rounds: the machine has other work to do as well.
fn micros(num_rows: usize, num_idle: usize) -> f64 {
    let scheduler = Scheduler::new(Options { num_runners: 2, may_wait: true });
    let line = || Line::new(&Owner::new(Policy::default()), "bench".into());
    let idle: Vec<_> = (0..num_idle).map(|_| line()).collect();
    idle.iter().for_each(|line| go_round(&scheduler, line, 1));
    let line = line();
    (0..10_000).for_each(|_| go_round(&scheduler, &line, num_rows));
    (0..5).map(|_| micros_of_round(&scheduler, &line, num_rows)).fold(f64::INFINITY, f64::min)
}

fn micros_of_round(scheduler: &Scheduler<Job>, line: &Arc<Line>, num_rows: usize) -> f64 {
    let (started, num_rounds) = (Instant::now(), NUM_ROWS / num_rows / 4);
    (0..num_rounds).for_each(|_| go_round(scheduler, line, num_rows));
    started.elapsed().as_secs_f64() * 1e6 / (num_rounds * num_rows) as f64
}

/// Queues so many rows one by one and runs what comes of them.
fn go_round(scheduler: &Scheduler<Job>, line: &Arc<Line>, num_rows: usize) {
    for _ in 0..num_rows {
        let now = Instant::now();
        drop(scheduler.submit_at([Job::new(line, now, None)], now));
    }
    while let Some(mut turn) = scheduler.try_next() {
        turn.ticket.take().into_iter().for_each(salver_core::batching::Ticket::ran);
    }
}
