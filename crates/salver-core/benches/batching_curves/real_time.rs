//! A load in real time: one thread that asks, and the threads that run.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use salver_core::batching::simulation::{Arrivals, Simulation};
use salver_core::batching::{Line, Options, Owner, Policy, Scheduler};

use crate::jobs::Job;

/// A sleeping thread wakes up this much late; the rest is waited for awake.
const WAKE_UP: Duration = Duration::from_micros(80);

/// What came of a load, in the time that counts.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) rows_per_s: f64,
    /// Rows in a second that were answered within their deadline.
    pub(crate) goodput: f64,
    latencies: Vec<Duration>,
    batch_rows: Vec<usize>,
}

impl Measured {
    pub(crate) fn latency_ms(&self, quantile: f64) -> f64 {
        let at = (quantile * self.latencies.len() as f64) as usize;
        self.latencies.get(at).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }

    pub(crate) fn mean_batch_rows(&self) -> f64 {
        self.batch_rows.iter().sum::<usize>() as f64 / self.batch_rows.len().max(1) as f64
    }
}

/// One scheduler under load.
struct Side {
    scheduler: Scheduler<Job>,
    line: Arc<Line>,
    measured: Mutex<Measured>,
}

/// Gives the load of `plan` to a scheduler for each policy, the same requests at the same moments.
pub(crate) fn measure_together<const N: usize>(plan: &Simulation, policies: [Policy; N]) -> [Measured; N] {
    let sides = policies.map(|policy| Side {
        scheduler: Scheduler::new(Options { num_runners: plan.num_runners, may_wait: true }),
        line: Line::new(&Owner::new(policy), "bench".into()),
        measured: Mutex::default(),
    });
    let started = Instant::now();
    std::thread::scope(|scope| {
        for side in &sides {
            (0..=plan.num_runners).for_each(|_| drop(scope.spawn(|| run_batches(side, plan, started))));
        }
        ask(&sides, plan, started);
        sides.iter().for_each(|side| drop(side.scheduler.stop()));
    });
    sides.map(|side| finish(side.measured.into_inner().expect("no runner panicked"), plan))
}

fn finish(mut measured: Measured, plan: &Simulation) -> Measured {
    measured.rows_per_s = measured.latencies.len() as f64 / plan.duration.as_secs_f64();
    measured.goodput /= plan.duration.as_secs_f64();
    measured.latencies.sort_unstable();
    measured
}

/// Asks at random moments until the time is over.
fn ask(sides: &[Side], plan: &Simulation, started: Instant) {
    let Arrivals::Poisson { requests_per_s } = plan.arrivals else { unreachable!("the bench asks at random") };
    let mut random = plan.seed ^ 0x2545_f491_4f6c_dd1d;
    let (mut at, end) = (started, started + plan.warmup + plan.duration);
    while at < end {
        sleep_until(at, Duration::ZERO);
        let deadline = plan.deadline.map(|deadline| at + deadline);
        sides.iter().for_each(|side| drop(side.scheduler.submit([Job::new(&side.line, at, deadline)])));
        at += Duration::from_secs_f64(-unit(&mut random).ln() / requests_per_s);
    }
}

/// A random number above 0, at most 1 (xorshift).
fn unit(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    ((*state >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

fn run_batches(side: &Side, plan: &Simulation, started: Instant) {
    while let Some(mut turn) = side.scheduler.next(Duration::from_secs(60)) {
        let Some(ticket) = turn.ticket.take() else { continue };
        sleep_until(Instant::now() + plan.run_time(turn.padded_rows), WAKE_UP);
        let now = Instant::now();
        ticket.ran_at(now);
        if now >= started + plan.warmup && now < started + plan.warmup + plan.duration {
            note(&mut side.measured.lock().expect("no runner panicked"), &turn.batch, now);
        }
    }
}

fn note(measured: &mut Measured, batch: &[Job], now: Instant) {
    measured.batch_rows.push(batch.len());
    measured.latencies.extend(batch.iter().map(|job| now - job.asked_at));
    measured.goodput += batch.iter().filter(|job| job.deadline.is_none_or(|deadline| now <= deadline)).count() as f64;
}

/// Sleeps, the last `awake` of it with open eyes.
fn sleep_until(at: Instant, awake: Duration) {
    loop {
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        match left.checked_sub(awake).filter(|asleep| !asleep.is_zero()) {
            Some(asleep) => std::thread::park_timeout(asleep),
            None => std::hint::spin_loop(),
        }
    }
}
