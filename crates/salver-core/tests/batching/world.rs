//! A scheduler in random circumstances, and what must hold in all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use salver_core::batching::{
    Criticality, Line, MixedPriorityPolicy, Next, Options, Owner, PaddingPolicy, Policy, Refusal, Scheduler, Turn, Work,
};

use crate::jobs::{Job, job, ms};

/// The longest for which new settings or the end of an owner may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Submit { owner: usize, line: usize, kind: u8, rows: usize, deadline: Option<u64>, criticality: u8, can_join: bool },
    Leave(usize),
    Pass(u64),
    Next,
    End { which: usize, has_run: bool },
    Change { owner: usize, policy: Policy },
    Close(usize),
    TakeAll,
}

/// A submitted job, and what has come out of it.
struct Submitted {
    job: Job,
    policy: Arc<Policy>,
    owner: usize,
    rows_out: usize,
    parts_out: usize,
}

impl Submitted {
    fn waits(&self) -> bool {
        self.parts_out == 0 || self.rows_out < self.job.rows
    }

    fn runs_alone(&self) -> bool {
        !self.job.can_join || (self.policy.is_adaptive && self.policy.max_batch_size <= 1)
    }
}

struct OwnerState {
    lines: [Arc<Line>; 2],
    /// The settings at the last submit.
    policy: Arc<Policy>,
    /// When it was changed or closed.
    ended_at: Option<Instant>,
}

pub(crate) struct World {
    scheduler: Scheduler<Job>,
    num_runners: usize,
    start: Instant,
    now: Instant,
    owners: Vec<OwnerState>,
    jobs: Vec<Submitted>,
    running: Vec<(usize, Turn<Job>)>,
}

impl World {
    pub(crate) fn new(num_runners: usize, policies: Vec<Policy>) -> Self {
        let owners = policies.into_iter().map(|policy| {
            let owner = Owner::new(policy);
            let lines = ["a", "b"].map(|name| Line::new(&owner, name.into()));
            OwnerState { lines, policy: owner.policy(), ended_at: None }
        });
        let now = Instant::now();
        Self {
            scheduler: Scheduler::new(Options { num_runners, may_wait: true }),
            num_runners,
            start: now,
            now,
            owners: owners.collect(),
            jobs: Vec::new(),
            running: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Submit { .. } => self.submit(step),
            Step::Leave(which) if !self.jobs.is_empty() => {
                let index = which % self.jobs.len();
                self.jobs[index].job.is_gone.store(true, Ordering::Relaxed);
            }
            Step::Pass(millis) => self.now += ms(millis),
            Step::Next => drop(self.next()),
            Step::End { which, has_run } if !self.running.is_empty() => self.end(which, has_run),
            Step::Change { owner, policy } => {
                let owner = &mut self.owners[owner];
                owner.lines[0].owner().set_policy(policy);
                owner.ended_at = Some(self.now);
            }
            Step::Close(owner) => {
                let owner = &mut self.owners[owner];
                owner.lines[0].owner().close();
                owner.ended_at = Some(self.now);
            }
            Step::TakeAll => self.scheduler.take_all().into_iter().for_each(|job| self.comes_out(&job)),
            Step::Leave(_) | Step::End { .. } => {}
        }
        let waiting: usize = self.jobs.iter().map(|job| job.job.rows - job.rows_out).sum();
        assert_eq!(self.scheduler.num_queued_rows(), waiting);
    }

    fn submit(&mut self, step: Step) {
        let Step::Submit { owner, line, kind, rows, deadline, criticality, can_join } = step else { return };
        let line = &self.owners[owner].lines[line];
        let policy = line.owner().policy();
        let levels =
            [Criticality::CriticalPlus, Criticality::Critical, Criticality::SheddablePlus, Criticality::Sheddable];
        let job = Job {
            id: self.jobs.len(),
            can_join,
            deadline: deadline.map(|millis| self.now + ms(millis)),
            criticality: levels[criticality as usize],
            queued_at: self.now,
            ..job(line, kind, rows)
        };
        self.owners[owner].policy = policy.clone();
        self.jobs.push(Submitted { job: job.clone(), policy, owner, rows_out: 0, parts_out: 0 });
        for (job, refusal) in self.scheduler.submit_at([job], self.now) {
            self.check_refusal(&job, refusal);
            self.comes_out(&job);
        }
    }

    /// Has a runner ask for a turn. Whether it got one.
    fn next(&mut self) -> bool {
        match self.scheduler.next_at(self.now) {
            Next::Turn(turn) => {
                self.check_turn(&turn);
                turn.batch.iter().for_each(|job| self.comes_out(job));
                for (job, refusal) in &turn.refused {
                    self.check_refusal(job, *refusal);
                    self.comes_out(job);
                }
                if let Some(first) = turn.batch.first() {
                    self.running.push((self.jobs[first.id].owner, turn));
                }
                return true;
            }
            Next::NotBefore(at) => {
                assert!(at > self.now && at <= self.now + LOOK_AGAIN, "a runner is told a time that is of no use");
                self.check_nothing_is_due(true);
            }
            Next::Nothing => self.check_nothing_is_due(false),
        }
        false
    }

    fn end(&mut self, which: usize, has_run: bool) {
        let (_, mut turn) = self.running.remove(which % self.running.len());
        let ticket = turn.ticket.take().expect("a batch has a ticket");
        if has_run { ticket.ran_at(self.now) } else { ticket.failed_at(self.now) }
    }

    /// Each row comes out once, run or refused.
    fn comes_out(&mut self, job: &Job) {
        let submitted = &mut self.jobs[job.id];
        assert!(submitted.waits(), "job {} came out twice", job.id);
        submitted.rows_out += job.rows;
        submitted.parts_out += 1;
        assert!(submitted.rows_out <= submitted.job.rows, "job {} has more rows than it came with", job.id);
        let may_split = submitted.policy.enable_large_batch_splitting && !submitted.policy.is_adaptive;
        assert!(may_split || submitted.parts_out == 1, "job {} was split", job.id);
    }

    fn check_turn(&self, turn: &Turn<Job>) {
        assert_eq!(turn.ticket.is_some(), !turn.batch.is_empty());
        let Some(first) = turn.batch.first() else {
            return assert!(!turn.refused.is_empty(), "a turn for nothing");
        };
        let (head, rows) = (&self.jobs[first.id], turn.batch.iter().map(|job| job.rows).sum::<usize>());
        for job in &turn.batch {
            assert!(!job.is_dead(self.now), "job {} runs for nobody", job.id);
            assert!(Arc::ptr_eq(&job.line, &first.line), "a batch of two lines");
            assert!(Arc::ptr_eq(&self.jobs[job.id].policy, &head.policy), "a batch of two settings");
            assert!(job.kind == first.kind && job.can_join == first.can_join, "a batch of two kinds");
        }
        if head.runs_alone() {
            assert_eq!((turn.batch.len(), turn.padded_rows), (1, rows));
        } else {
            // What is larger than a batch runs all the same, in the adaptive mode, but takes nothing along.
            let largest = turn.batch.iter().map(|job| job.rows).max().filter(|_| head.policy.is_adaptive);
            let limit = max_rows(&turn.batch, &head.policy).max(largest.unwrap_or(0));
            assert!(rows <= limit, "{rows} rows under {:?}", head.policy);
        }
        assert!(turn.padded_rows >= rows);
        self.check_in_flight(head.owner);
    }

    /// Checks that one more batch of `owner` may run.
    fn check_in_flight(&self, owner: usize) {
        let in_flight = self.in_flight(owner);
        assert!(self.running.len() < self.num_runners || in_flight == 0, "a runner too many for one owner");
        assert!(self.owners[owner].policy.max_in_flight_batches.is_none_or(|max| in_flight < max));
    }

    fn in_flight(&self, owner: usize) -> usize {
        self.running.iter().filter(|(other, _)| *other == owner).count()
    }

    fn check_refusal(&self, job: &Job, refusal: Refusal) {
        let policy = &self.jobs[job.id].policy;
        match refusal {
            Refusal::Abandoned => assert!(job.is_abandoned()),
            Refusal::Expired => assert!(job.deadline.is_some_and(|deadline| deadline <= self.now)),
            Refusal::Late { .. } => {
                assert!(policy.is_adaptive || !job.can_join);
                assert!(job.deadline.is_some() || policy.latency_slo.is_some());
            }
            Refusal::TooLarge { .. } | Refusal::BatchesFull { .. } | Refusal::NoRoomForParts { .. } => {
                assert!(!policy.is_adaptive && job.can_join);
            }
            Refusal::QueueFull { .. } => {}
            Refusal::Displaced => assert!(job.criticality > Criticality::CriticalPlus),
            Refusal::Stopped => panic!("the scheduler was not stopped"),
        }
    }

    /// Checks that a runner that got nothing was right to.
    fn check_nothing_is_due(&self, has_gate: bool) {
        for submitted in self.jobs.iter().filter(|job| job.waits()) {
            let (owner, in_flight) = (&self.owners[submitted.owner], self.in_flight(submitted.owner));
            let has_room = self.running.len() < self.num_runners || in_flight == 0;
            if !has_room || owner.policy.max_in_flight_batches.is_some_and(|max| in_flight >= max) {
                continue;
            }
            // How many batches of a line run at a time is learnt, and so is how long one is held back.
            if owner.policy.is_adaptive && in_flight > 0 {
                continue;
            }
            assert!(has_gate, "job {} waits for nothing", submitted.job.id);
            assert!(!submitted.runs_alone(), "job {} runs alone and waits", submitted.job.id);
            let is_noticed = owner.ended_at.is_some_and(|at| at + LOOK_AGAIN <= self.now);
            let is_old = !Arc::ptr_eq(&submitted.policy, &owner.lines[0].owner().policy());
            if !submitted.policy.is_adaptive {
                assert!(!is_noticed || !is_old, "job {} waits by old settings", submitted.job.id);
                assert!(!self.is_overdue(submitted), "job {} is overdue", submitted.job.id);
            }
        }
    }

    /// Whether a static queue should have let it go by time alone, where that is simple to say.
    fn is_overdue(&self, submitted: &Submitted) -> bool {
        let (policy, waited) = (&submitted.policy, self.now - submitted.job.queued_at);
        let is_simple = policy.low_priority.is_none() && policy.batch_padding_policy == PaddingPolicy::PadUp;
        is_simple && waited >= policy.batch_timeout
    }

    /// Has everything run to its end, and checks that nothing is left.
    pub(crate) fn finish(mut self) {
        for _ in 0..10 {
            while self.next() || !self.running.is_empty() {
                if !self.running.is_empty() {
                    self.end(0, true);
                }
            }
            self.now += Duration::from_secs(10);
        }
        let left: Vec<usize> = self.jobs.iter().filter(|job| job.waits()).map(|job| job.job.id).collect();
        assert!(left.is_empty(), "{left:?} never came out, {:?} after the start", self.now - self.start);
        assert_eq!((self.scheduler.num_queued_rows(), self.scheduler.num_busy_owners()), (0, 0));
    }

    /// Stops the scheduler, and checks that what waited comes out.
    pub(crate) fn stop(mut self) {
        self.scheduler.stop().into_iter().for_each(|job| self.comes_out(&job));
        assert!(self.jobs.iter().all(|job| !job.waits()));
        while !self.running.is_empty() {
            self.end(0, true);
        }
        assert_eq!((self.scheduler.num_queued_rows(), self.scheduler.num_busy_owners()), (0, 0));
        assert!(self.scheduler.try_next().is_none());
    }
}

/// Rows that such a batch may have.
fn max_rows(batch: &[Job], policy: &Policy) -> usize {
    let is_low = batch.iter().all(|job| job.criticality >= Criticality::SheddablePlus);
    match policy.low_priority.as_ref().filter(|low| is_low && !policy.is_adaptive && low.max_batch_size > 0) {
        Some(low) if low.mixed_priority_batching_policy == MixedPriorityPolicy::Merge => {
            low.max_batch_size.min(policy.max_rows())
        }
        Some(low) => low.max_batch_size,
        None => policy.max_rows(),
    }
}
