//! The clock, the requests and the runners around a real scheduler.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::line::{Line, Owner};
use super::super::policy::Policy;
use super::super::scheduler::{Next, Options, Scheduler};
use super::super::ticket::Ticket;
use super::super::work::{Reason, Turn, Work};
use super::random::Random;
use super::{Arrivals, Report, Simulation};

/// A client that was refused comes back after this time at the earliest.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// A request.
#[derive(Clone, Debug)]
struct Job {
    line: Arc<Line>,
    num_rows: usize,
    queued_at: Instant,
    deadline: Option<Instant>,
}

impl Work for Job {
    fn line(&self) -> &Arc<Line> {
        &self.line
    }
    fn num_rows(&self) -> usize {
        self.num_rows
    }
    fn joins(&self, _other: &Self, _policy: &Policy) -> bool {
        true
    }
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
    fn set_queued_at(&mut self, now: Instant) {
        self.queued_at = now;
    }
    fn queued_at(&self) -> Instant {
        self.queued_at
    }
    fn split(self, sizes: &[usize]) -> Vec<Self> {
        sizes.iter().map(|num_rows| Job { num_rows: *num_rows, ..self.clone() }).collect()
    }
}

/// A batch that runs.
struct Run {
    batch: Vec<Job>,
    ticket: Option<Ticket>,
    /// Nanoseconds that it still takes alone.
    left: f64,
}

/// All that there is, at one moment.
pub(super) struct World<'a> {
    plan: &'a Simulation,
    /// Apart from each other, so that whatever the batches are like, the same requests come.
    coming: Random,
    running: Random,
    scheduler: Scheduler<Job>,
    line: Arc<Line>,
    started: Instant,
    now: Instant,
    arrivals: BinaryHeap<Reverse<Instant>>,
    runs: Vec<Run>,
    look_at: Option<Instant>,
    reasons_before: [u64; Reason::ALL.len()],
    report: Report,
}

impl<'a> World<'a> {
    pub(super) fn new(plan: &'a Simulation) -> Self {
        let started = Instant::now();
        let mut world = Self {
            plan,
            coming: Random::new(plan.seed),
            running: Random::new(!plan.seed),
            scheduler: Scheduler::new(Options { num_runners: plan.num_runners, may_wait: true }),
            line: Line::new(&Owner::new(plan.policy.clone()), "simulated".into()),
            started,
            now: started,
            arrivals: BinaryHeap::new(),
            runs: Vec::new(),
            look_at: None,
            reasons_before: Default::default(),
            report: Report::default(),
        };
        world.first_arrivals();
        world
    }

    pub(super) fn run(mut self) -> Report {
        let end = self.started + self.plan.warmup + self.plan.duration;
        while let Some(next) = self.next_event().filter(|next| *next < end) {
            if !self.counts() && self.counts_at(next) {
                self.reasons_before = self.reasons();
            }
            self.advance(next);
            self.end_runs();
            self.admit();
            self.fill_runners();
        }
        self.close()
    }

    fn close(mut self) -> Report {
        let seconds = self.plan.duration.as_secs_f64();
        self.report.rows_per_s /= seconds;
        self.report.goodput /= seconds;
        self.report.latencies.sort_unstable();
        let (before, after) = (self.reasons_before, self.reasons());
        self.report.reasons = std::array::from_fn(|at| (after[at] - before[at]) as usize);
        self.report
    }

    fn reasons(&self) -> [u64; Reason::ALL.len()] {
        let mut counts = [0; Reason::ALL.len()];
        self.line.stats().by_reason().for_each(|(reason, count)| counts[reason as usize] = count);
        counts
    }

    fn counts(&self) -> bool {
        self.counts_at(self.now)
    }

    fn counts_at(&self, at: Instant) -> bool {
        at >= self.started + self.plan.warmup
    }

    // === requests ===

    fn first_arrivals(&mut self) {
        match self.plan.arrivals {
            Arrivals::Poisson { .. } => self.next_stranger(),
            Arrivals::ClosedLoop { num_clients, .. } => (0..num_clients).for_each(|_| self.come_back(Duration::ZERO)),
        }
    }

    fn next_stranger(&mut self) {
        if let Arrivals::Poisson { requests_per_s } = self.plan.arrivals {
            let gap = Duration::try_from_secs_f64(self.coming.gap(requests_per_s)).unwrap_or(Duration::MAX);
            self.arrivals.extend(self.now.checked_add(gap).map(Reverse));
        }
    }

    /// A client has its answer and thinks.
    fn come_back(&mut self, at_least: Duration) {
        if let Arrivals::ClosedLoop { think_time, .. } = self.plan.arrivals {
            let pause = think_time.mul_f64(self.coming.around_one(0.5)).max(at_least);
            self.arrivals.push(Reverse(self.now + pause));
        }
    }

    fn admit(&mut self) {
        while self.arrivals.peek().is_some_and(|Reverse(at)| *at <= self.now) {
            self.arrivals.pop();
            self.next_stranger();
            self.report.num_requests += usize::from(self.counts());
            let deadline = self.plan.deadline.map(|deadline| self.now + deadline);
            let num_rows = self.plan.rows_per_request;
            let job = Job { line: self.line.clone(), num_rows, queued_at: self.now, deadline };
            let num_refused = self.scheduler.submit_at([job], self.now).len();
            self.refuse(num_refused);
        }
    }

    fn refuse(&mut self, num_refused: usize) {
        if self.counts() {
            self.report.num_refused += num_refused;
        }
        (0..num_refused).for_each(|_| self.come_back(LEAST_PAUSE));
    }

    fn answer(&mut self, job: &Job) {
        if self.counts() {
            let is_late = job.deadline.is_some_and(|deadline| deadline < self.now);
            let num_rows = job.num_rows as f64;
            self.report.rows_per_s += num_rows;
            self.report.goodput += if is_late { 0.0 } else { num_rows };
            self.report.num_late += usize::from(is_late);
            self.report.latencies.push(self.now - job.queued_at);
        }
        self.come_back(Duration::ZERO);
    }

    // === runners ===

    /// How much of a run is done in a nanosecond.
    fn speed(&self) -> f64 {
        1.0 / (1.0 + self.plan.sharing * self.runs.len().saturating_sub(1) as f64)
    }

    fn next_event(&self) -> Option<Instant> {
        let soonest = self.runs.iter().map(|run| run.left).reduce(f64::min);
        let run_end = soonest.map(|left| self.now + Duration::from_nanos((left / self.speed()).ceil() as u64));
        let arrival = self.arrivals.peek().map(|Reverse(at)| *at);
        let look = self.look_at.filter(|_| self.runs.len() < self.plan.num_runners);
        [run_end, arrival, look].into_iter().flatten().min().map(|at| at.max(self.now))
    }

    fn advance(&mut self, to: Instant) {
        let done = (to - self.now).as_nanos() as f64 * self.speed();
        self.runs.iter_mut().for_each(|run| run.left -= done);
        self.now = to;
    }

    fn end_runs(&mut self) {
        let (over, running): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.runs).into_iter().partition(|run| run.left < 0.5);
        self.runs = running;
        for mut run in over {
            run.ticket.take().into_iter().for_each(|ticket| ticket.ran_at(self.now));
            run.batch.iter().for_each(|job| self.answer(job));
        }
    }

    fn fill_runners(&mut self) {
        while self.runs.len() < self.plan.num_runners {
            match self.scheduler.next_at(self.now) {
                Next::Turn(turn) => self.start(turn),
                Next::NotBefore(at) => return self.look_at = Some(at),
                Next::Nothing => return self.look_at = None,
            }
        }
    }

    fn start(&mut self, turn: Turn<Job>) {
        self.refuse(turn.refused.len());
        if turn.batch.is_empty() {
            return;
        }
        if self.counts() {
            self.report.batch_rows.push(turn.batch.iter().map(|job| job.num_rows).sum());
        }
        let slowdown = self.plan.slowdowns.iter().rev().find(|(from, _)| self.started + *from <= self.now);
        let factor = slowdown.map_or(1.0, |(_, factor)| *factor) * self.running.around_one(self.plan.jitter);
        let left = self.plan.run_time(turn.padded_rows).as_nanos() as f64 * factor;
        self.runs.push(Run { batch: turn.batch, ticket: turn.ticket, left });
    }
}
