//! What the scheduler holds of an owner that has work or batches in flight.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::group::Group;
use super::learnt::Start;
use super::line::{Line, Owner};
use super::line_queue::LineQueue;
use super::policy::{Criticality, Policy};
use super::ticket::Begun;
use super::work::{Reason, Refusal, Work};

/// Between two searches of a full queue for work that nobody waits for.
const SWEEP_PAUSE: Duration = Duration::from_millis(100);
/// Longest time for which a batch that is held back is not looked at again: its owner may close or get a new policy.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A turn of unknown length is charged like this one.
const USUAL_RUN: Duration = Duration::from_millis(1);
/// Smaller weights, and larger ones than its inverse, are taken for this one: the sums of time are to last.
const LEAST_WEIGHT: f64 = 1e-3;
/// The least that a turn is charged: what it takes to hand it out.
const LEAST_RUN: Duration = Duration::from_micros(1);
/// The most that a turn is charged beforehand: what it took is known at its end, what was foretold may be far off.
const MOST_FORETOLD: Duration = Duration::from_secs(10);
/// Virtual nanoseconds that an owner may be behind the others by what it was charged too much. They moved on meanwhile,
/// and would have to wait for that long.
const MOST_CREDIT: u64 = 1_000_000_000;

/// The circumstances of a decision.
pub(super) struct Moment<'a> {
    pub(super) now: Instant,
    pub(super) line: &'a Line,
    /// Whether work may be held back for company.
    pub(super) may_wait: bool,
    /// Whether the queue is being emptied.
    pub(super) is_closing: bool,
}

/// When a batch may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// Now; the lower, the more urgent.
    Now(Criticality, Instant),
    /// Not before.
    At(Instant),
    /// There is none.
    Never,
}

/// What leaves a queue at one turn.
pub(super) struct Taken<W> {
    pub(super) batch: Vec<W>,
    pub(super) refused: Vec<(W, Refusal)>,
    pub(super) num_rows: usize,
    pub(super) padded_rows: usize,
    pub(super) reason: Reason,
    /// Whether it is work that no batch of its line takes: its run says nothing about theirs.
    pub(super) is_apart: bool,
}

impl<W: Work> Taken<W> {
    pub(super) fn new() -> Self {
        let (batch, refused, reason) = (Vec::new(), Vec::new(), Reason::IdleRunner);
        Self { batch, refused, num_rows: 0, padded_rows: 0, reason, is_apart: false }
    }

    /// Adds `item` to the batch, or to what does not run.
    pub(super) fn add(&mut self, item: W, now: Instant) {
        if item.is_dead(now) {
            let refusal = Refusal::of_dead(&item);
            self.refused.push((item, refusal));
        } else {
            self.num_rows = self.num_rows.saturating_add(item.num_rows());
            self.batch.push(item);
        }
    }
}

/// What a line has on its hands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Rows that wait.
    pub num_queued_rows: usize,
    /// Batches that run.
    pub num_in_flight: usize,
}

/// Where an owner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A turn is due; the number is the virtual time at which it stands in the ring.
    Ready(u64),
    /// A turn is due then.
    Gated(Instant),
    /// Nothing is due until a batch in flight is over, or more work comes.
    Waiting,
}

/// An owner that has work or batches in flight.
pub(super) struct Entry<W> {
    owner: Arc<Owner>,
    policy: Arc<Policy>,
    lines: Vec<LineQueue<W>>,
    num_rows: usize,
    num_bytes: usize,
    swept_at: Option<Instant>,
    /// Batches of it that run.
    pub(super) in_flight: usize,
    /// Virtual time up to which its turns are paid for, in nanoseconds.
    pub(super) paid_until: u64,
    /// Where it stands in the scheduler's lists.
    pub(super) standing: Standing,
}

impl<W: Work> Entry<W> {
    /// An entry of an owner that comes back at this virtual time: time that it did not use is gone, time that it used
    /// too much is not.
    pub(super) fn new(owner: &Arc<Owner>, clock: u64) -> Self {
        let paid_until = owner.paid_until.load(std::sync::atomic::Ordering::Relaxed).max(clock);
        Self {
            owner: owner.clone(),
            policy: owner.policy(),
            lines: Vec::new(),
            num_rows: 0,
            num_bytes: 0,
            swept_at: None,
            in_flight: 0,
            paid_until,
            standing: Standing::Waiting,
        }
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Whether there is nothing left to hold an entry for.
    pub(super) fn is_over(&self) -> bool {
        self.in_flight == 0 && self.num_rows == 0 && self.lines.iter().all(|line| line.groups.is_empty())
    }

    /// Queues `item`, or adds it to `refused`; what loses its place for it is added there as well.
    pub(super) fn push(&mut self, mut item: W, now: Instant, refused: &mut Vec<(W, Refusal)>) {
        item.set_queued_at(now);
        if !self.owner.has_policy(&self.policy) {
            self.policy = self.owner.policy();
        }
        if let Some(refusal) = Group::rejects(&item, &self.policy) {
            return self.refuse(item, refusal, refused);
        }
        if !self.has_room(&item) && !self.make_room(&item, now, refused) {
            let (learnt, policy) = (item.line().learnt(), &self.policy);
            let retry_after = learnt.time_to_answer(0, item.num_rows(), now, policy);
            drop(learnt);
            return self.refuse(item, Refusal::QueueFull { retry_after }, refused);
        }
        match self.push_into_line(item, now) {
            Err((item, refusal)) if refusal.is_for_want_of_room() && self.sweep(now, refused) => {
                self.push_into_line(item, now).unwrap_or_else(|(item, refusal)| self.refuse(item, refusal, refused));
            }
            outcome => outcome.unwrap_or_else(|(item, refusal)| self.refuse(item, refusal, refused)),
        }
    }

    fn push_into_line(&mut self, item: W, now: Instant) -> Result<(), (W, Refusal)> {
        let (num_rows, line, policy) = (item.num_rows(), item.line().clone(), self.policy.clone());
        let num_bytes = self.line_queue(&line).push(item, &policy, now)?;
        self.num_rows = self.num_rows.saturating_add(num_rows);
        self.num_bytes = self.num_bytes.saturating_add(num_bytes);
        Ok(())
    }

    fn line_queue(&mut self, line: &Arc<Line>) -> &mut LineQueue<W> {
        let index = self.lines.iter().position(|queue| Arc::ptr_eq(&queue.line, line)).unwrap_or_else(|| {
            self.lines.push(LineQueue::new(line));
            self.lines.len() - 1
        });
        &mut self.lines[index]
    }

    fn refuse(&self, item: W, refusal: Refusal, refused: &mut Vec<(W, Refusal)>) {
        item.line().stats().refused(&refusal);
        refused.push((item, refusal));
    }

    fn has_room(&self, item: &W) -> bool {
        self.num_rows == 0
            || (self.num_rows.saturating_add(item.num_rows()) <= self.policy.max_queued_rows
                && self.num_bytes.saturating_add(item.num_bytes()) <= self.policy.max_queued_bytes)
    }

    /// Lets go of work that nobody waits for, then of work that matters less.
    fn make_room(&mut self, item: &W, now: Instant, refused: &mut Vec<(W, Refusal)>) -> bool {
        self.sweep(now, refused);
        // What is larger than the queue finds room in an empty one alone: nothing is to give way to it.
        let fits = item.num_rows() <= self.policy.max_queued_rows && item.num_bytes() <= self.policy.max_queued_bytes;
        while !self.has_room(item) {
            let displace = |line: &mut LineQueue<W>| line.displace(item.criticality());
            let Some(other) = fits.then(|| self.lines.iter_mut().find_map(displace)).flatten() else {
                return false;
            };
            self.let_go(&other);
            self.refuse(other, Refusal::Displaced, refused);
        }
        true
    }

    /// Lets go of work that nobody waits for, unless that was done a moment ago. Whether there was any.
    fn sweep(&mut self, now: Instant, refused: &mut Vec<(W, Refusal)>) -> bool {
        if self.swept_at.is_some_and(|at| now.saturating_duration_since(at) < SWEEP_PAUSE) {
            return false;
        }
        self.swept_at = Some(now);
        let dead: Vec<W> = self.lines.iter_mut().flat_map(|line| line.take_dead(now)).collect();
        let any = !dead.is_empty();
        for item in dead {
            self.let_go(&item);
            let refusal = Refusal::of_dead(&item);
            self.refuse(item, refusal, refused);
        }
        any
    }

    fn let_go(&mut self, item: &W) {
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        self.num_bytes = self.num_bytes.saturating_sub(item.num_bytes());
    }

    /// The most urgent group: its line, its place there, and when its batch is due.
    fn most_urgent(&self, scene: Scene) -> (Due, usize, usize) {
        let mut best = (Due::Never, 0, 0);
        for (at, queue) in self.lines.iter().enumerate() {
            if queue.in_flight >= self.max_in_flight(queue, scene) {
                continue;
            }
            let moment = self.moment(&queue.line, scene);
            for (index, group) in queue.groups.iter().enumerate() {
                let due = group.due(&moment);
                if due < best.0 {
                    best = (due, at, index);
                }
            }
        }
        best
    }

    fn max_in_flight(&self, queue: &LineQueue<W>, scene: Scene) -> usize {
        let is_learnt = self.policy.is_adaptive && self.policy.joins_requests();
        if is_learnt { queue.line.learnt().max_in_flight(scene.num_runners) } else { usize::MAX }
    }

    fn moment<'a>(&self, line: &'a Line, scene: Scene) -> Moment<'a> {
        let is_closing = scene.is_closing || self.owner.is_closing();
        Moment { now: scene.now, line, may_wait: scene.may_wait && !is_closing, is_closing }
    }

    /// Where it stands now.
    pub(super) fn find_standing(&self, scene: Scene) -> Standing {
        if self.policy.max_in_flight_batches.is_some_and(|max| self.in_flight >= max) {
            return Standing::Waiting;
        }
        match self.most_urgent(scene).0 {
            Due::Now(..) => Standing::Ready(self.paid_until),
            Due::At(at) => Standing::Gated(at.min(scene.now + LOOK_AGAIN)),
            Due::Never => Standing::Waiting,
        }
    }

    /// A lower bound of the batches that are due.
    pub(super) fn num_turns(&self) -> usize {
        self.lines.iter().flat_map(|line| &line.groups).map(Group::num_turns).sum()
    }

    /// Takes what is most urgent, with its line and its start, if it has one; `None` where nothing is due.
    pub(super) fn take(&mut self, scene: Scene) -> Option<(Taken<W>, Arc<Line>, Option<Begun>)> {
        let (Due::Now(..), at, index) = self.most_urgent(scene) else { return None };
        let line = self.lines[at].line.clone();
        let moment = self.moment(&line, scene);
        let taken = self.lines[at].take(index, &moment);
        taken.batch.iter().chain(taken.refused.iter().map(|(item, _)| item)).for_each(|item| self.let_go(item));
        self.note(&taken, &line, scene.now);
        let begun = (!taken.batch.is_empty()).then(|| self.begin(&taken, at, scene));
        Some((taken, line, begun))
    }

    fn note(&self, taken: &Taken<W>, line: &Line, now: Instant) {
        let stats = line.stats();
        taken.refused.iter().for_each(|(_, refusal)| stats.refused(refusal));
        if !taken.batch.is_empty() {
            stats.left(taken, now);
        }
    }

    fn begin(&mut self, taken: &Taken<W>, at: usize, scene: Scene) -> Begun {
        let queue = &mut self.lines[at];
        queue.in_flight += 1;
        self.in_flight += 1;
        let num_waiting = queue.num_rows();
        let (now, num_rows, padded_rows) = (scene.now, taken.num_rows, taken.padded_rows);
        let mut learnt = queue.line.learnt();
        let mark = learnt.begin(Start { now, num_rows, num_waiting, num_runners: scene.num_runners }, &self.policy);
        let charged = learnt.expected_run(padded_rows).unwrap_or(USUAL_RUN).clamp(LEAST_RUN, MOST_FORETOLD);
        drop(learnt);
        self.paid_until = self.paid_until.saturating_add(self.cost(charged));
        Begun { now, charged, num_rows, padded_rows, mark, is_apart: taken.is_apart }
    }

    /// Virtual nanoseconds for so much time of a runner.
    fn cost(&self, time: Duration) -> u64 {
        (time.as_nanos() as f64 / self.policy.weight.clamp(LEAST_WEIGHT, 1.0 / LEAST_WEIGHT)) as u64
    }

    /// Takes a batch out of the count and settles what it was charged too much or too little; the others' time is
    /// `clock`.
    pub(super) fn end(&mut self, line: &Arc<Line>, charged: Duration, elapsed: Duration, clock: u64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let queue = self.line_queue(line);
        queue.in_flight = queue.in_flight.saturating_sub(1);
        let elapsed = elapsed.max(LEAST_RUN);
        let settled = self.paid_until.saturating_add(self.cost(elapsed)).saturating_sub(self.cost(charged));
        self.paid_until = settled.max(clock.saturating_sub(MOST_CREDIT));
        self.owner.paid_until.store(self.paid_until, std::sync::atomic::Ordering::Relaxed);
    }

    /// Rows of `line` that wait.
    pub(super) fn waiting_rows(&self, line: &Arc<Line>) -> usize {
        self.lines.iter().find(|queue| Arc::ptr_eq(&queue.line, line)).map_or(0, LineQueue::num_rows)
    }

    /// What `line` has on its hands.
    pub(super) fn load(&self, line: &Line) -> Load {
        let queue = self.lines.iter().find(|queue| std::ptr::eq(&*queue.line, line));
        queue.map_or_else(Load::default, |queue| Load {
            num_queued_rows: queue.num_rows(),
            num_in_flight: queue.in_flight,
        })
    }

    /// Hands back what waits.
    pub(super) fn take_all(&mut self) -> Vec<W> {
        self.num_rows = 0;
        self.num_bytes = 0;
        self.lines.iter_mut().flat_map(LineQueue::take_all).collect()
    }
}

/// What holds for all owners at a decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) now: Instant,
    pub(super) num_runners: usize,
    pub(super) may_wait: bool,
    pub(super) is_closing: bool,
}
