//! Work for tests of the scheduler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use salver_core::batching::{Criticality, Line, Next, Options, Owner, Policy, Reason, Refusal, Scheduler, Turn, Work};

/// Work that does nothing.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) line: Arc<Line>,
    /// Which one it is; parts keep it.
    pub(crate) id: usize,
    /// Jobs of one kind may share a batch.
    pub(crate) kind: u8,
    pub(crate) rows: usize,
    pub(crate) can_join: bool,
    pub(crate) deadline: Option<Instant>,
    pub(crate) criticality: Criticality,
    pub(crate) is_gone: Arc<AtomicBool>,
    pub(crate) queued_at: Instant,
}

impl Job {
    pub(crate) fn gone(self) -> Self {
        self.is_gone.store(true, Ordering::Relaxed);
        self
    }

    pub(crate) fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    pub(crate) fn low(self) -> Self {
        Self { criticality: Criticality::Sheddable, ..self }
    }

    pub(crate) fn alone(self) -> Self {
        Self { can_join: false, ..self }
    }
}

impl Work for Job {
    fn line(&self) -> &Arc<Line> {
        &self.line
    }
    fn num_rows(&self) -> usize {
        self.rows
    }
    /// Some of the bytes are shared by all parts: those of the parts are more than those of the whole.
    fn num_bytes(&self) -> usize {
        100 + self.rows
    }
    fn can_join(&self) -> bool {
        self.can_join
    }
    fn joins(&self, other: &Self, _policy: &Policy) -> bool {
        self.kind == other.kind
    }
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
    fn criticality(&self) -> Criticality {
        self.criticality
    }
    fn is_abandoned(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }
    fn set_queued_at(&mut self, now: Instant) {
        self.queued_at = now;
    }
    fn queued_at(&self) -> Instant {
        self.queued_at
    }
    fn split(self, sizes: &[usize]) -> Vec<Self> {
        assert_eq!(sizes.iter().sum::<usize>(), self.rows);
        // When they were queued is for the queue to say.
        let queued_at = Instant::now() + Duration::from_secs(3600);
        sizes.iter().map(|rows| Job { rows: *rows, queued_at, ..self.clone() }).collect()
    }
}

pub(crate) fn line(policy: Policy) -> Arc<Line> {
    Line::new(&Owner::new(policy), "s".into())
}

pub(crate) fn job(line: &Arc<Line>, kind: u8, rows: usize) -> Job {
    Job {
        line: line.clone(),
        id: 0,
        kind,
        rows,
        can_join: true,
        deadline: None,
        criticality: Criticality::default(),
        is_gone: Arc::default(),
        queued_at: Instant::now(),
    }
}

pub(crate) fn scheduler(num_runners: usize) -> Scheduler<Job> {
    Scheduler::new(Options { num_runners, may_wait: true })
}

/// The rows of each member of a batch.
pub(crate) fn rows(turn: &Turn<Job>) -> Vec<usize> {
    turn.batch.iter().map(|job| job.rows).collect()
}

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The next turn, whose run takes no time; `None` if nothing is due.
pub(crate) fn take(scheduler: &Scheduler<Job>, now: Instant) -> Option<Turn<Job>> {
    let Next::Turn(mut turn) = scheduler.next_at(now) else { return None };
    if let Some(ticket) = turn.ticket.take() {
        ticket.ran_at(now);
    }
    Some(turn)
}

/// The rows of the members of all batches that are due.
pub(crate) fn batches(scheduler: &Scheduler<Job>, now: Instant) -> Vec<Vec<usize>> {
    std::iter::from_fn(|| take(scheduler, now)).map(|turn| rows(&turn)).collect()
}

pub(crate) fn submit(scheduler: &Scheduler<Job>, job: Job, now: Instant) -> Option<Refusal> {
    scheduler.submit_at([job], now).pop().map(|(_, refusal)| refusal)
}

pub(crate) fn reasons(line: &Line) -> Vec<(Reason, u64)> {
    line.stats().by_reason().filter(|(_, count)| *count > 0).collect()
}

/// Batches of 4 rows, 10 ms of waiting, 2 batches in the queue.
pub(crate) fn fixed() -> Policy {
    Policy {
        is_adaptive: false,
        max_batch_size: 4,
        batch_timeout: ms(10),
        max_enqueued_batches: 2,
        ..Policy::default()
    }
}

/// The same, with room for 10 batches and no waiting.
pub(crate) fn fixed_at_once() -> Policy {
    Policy { batch_timeout: Duration::ZERO, max_enqueued_batches: 10, ..fixed() }
}
