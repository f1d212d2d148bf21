//! A queue without numbers to set: a batch is made when a runner is free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Due, Moment, Taken};
use super::learnt::Learnt;
use super::pending::Pending;
use super::policy::{Criticality, Policy};
use super::work::{Reason, Refusal, Work};

/// A batch is cut short for a deadline where it keeps this part of the rows in a second.
const LEAST_PART: f64 = 0.8;

/// The size that a batch should have, and whether that is less than would pay most.
struct Wanted {
    num_rows: usize,
    is_cut: bool,
}

/// Work that may share batches, or that each runs alone.
#[derive(Debug)]
pub(super) struct AdaptiveQueue<W> {
    policy: Arc<Policy>,
    runs_alone: bool,
    pending: Pending<W>,
}

impl<W: Work> AdaptiveQueue<W> {
    pub(super) fn new(policy: Arc<Policy>, runs_alone: bool) -> Self {
        Self { policy, runs_alone, pending: Pending::new() }
    }

    /// Whether `item` belongs here.
    pub(super) fn fits(&self, item: &W, policy: &Arc<Policy>, runs_alone: bool) -> bool {
        self.runs_alone == runs_alone
            && Arc::ptr_eq(&self.policy, policy)
            && (runs_alone || self.pending.first().is_none_or(|first| item.joins(first, policy)))
    }

    pub(super) fn push(&mut self, item: W, moment: &Moment<'_>) -> Result<(), (W, Refusal)> {
        match self.lateness(&item, moment) {
            Some(_) if item.is_dead(moment.now) => {
                let refusal = Refusal::of_dead(&item);
                Err((item, refusal))
            }
            Some(retry_after) => Err((item, Refusal::Late { retry_after })),
            None => {
                self.pending.push(item, &self.policy);
                Ok(())
            }
        }
    }

    /// By how much `item` would miss its deadline, or the latency to hold. Where nothing is ahead of it it gets its
    /// chance: that is how a line learns. Work that runs alone may be of any kind, so nothing is foretold of it.
    fn lateness(&self, item: &W, moment: &Moment<'_>) -> Option<Duration> {
        if self.runs_alone {
            return None;
        }
        let by_slo = self.policy.latency_slo.map(|slo| moment.now + slo);
        let deadline = item.deadline().into_iter().chain(by_slo).min()?;
        let num_ahead = self.pending.num_rows_ahead(item, &self.policy);
        if num_ahead == 0 || item.is_dead(moment.now) {
            return None;
        }
        let time = moment.line.learnt().time_to_answer(num_ahead, item.num_rows(), moment.now, &self.policy)?;
        let answer = moment.now + time;
        (answer > deadline).then(|| answer - deadline)
    }

    pub(super) fn due(&self, moment: &Moment<'_>) -> Due {
        let Some((criticality, at)) = self.pending.urgency() else { return Due::Never };
        let held = (!self.runs_alone && moment.may_wait)
            .then(|| moment.line.learnt().hold_until(self.pending.num_rows(), moment.now, &self.policy))
            .flatten()
            .map(|until| self.must_start(moment).map_or(until, |start| start.min(until)));
        match held {
            Some(until) if until > moment.now => Due::At(until),
            _ => Due::Now(criticality, at),
        }
    }

    /// When the first must start to make its deadline.
    fn must_start(&self, moment: &Moment<'_>) -> Option<Instant> {
        let deadline = self.pending.first()?.deadline()?;
        let run = moment.line.learnt().expected_run(self.padded_rows(self.pending.num_rows()))?;
        Some(deadline.checked_sub(run).unwrap_or(moment.now))
    }

    /// A lower bound of the batches that are due.
    pub(super) fn num_turns(&self) -> usize {
        if self.runs_alone { self.pending.len() } else { 1 }
    }

    pub(super) fn take(&mut self, moment: &Moment<'_>) -> Taken<W> {
        let mut taken = Taken::new();
        let wanted = self.choose(moment, &mut taken);
        let over =
            moment.now + moment.line.learnt().expected_run(self.padded_rows(wanted.num_rows)).unwrap_or_default();
        while let Some(first) = self.pending.first() {
            let is_full = first.num_rows().saturating_add(taken.num_rows) > wanted.num_rows;
            if !taken.batch.is_empty() && (self.runs_alone || is_full) {
                break;
            }
            let is_late = !taken.batch.is_empty() && first.deadline().is_some_and(|deadline| deadline < over);
            let Some(item) = self.pending.pop() else { break };
            if is_late { self.refuse_late(item, moment, &mut taken) } else { taken.add(item, moment.now) }
        }
        taken.is_apart = self.runs_alone && self.policy.joins_requests();
        taken.reason = self.reason(&taken, &wanted);
        taken.padded_rows = self.padded_rows(taken.num_rows);
        taken
    }

    fn padded_rows(&self, num_rows: usize) -> usize {
        if self.runs_alone { num_rows } else { self.policy.padded_rows(num_rows) }
    }

    fn reason(&self, taken: &Taken<W>, wanted: &Wanted) -> Reason {
        let max_rows = if self.runs_alone { 1 } else { self.policy.max_rows() };
        match self.pending.first() {
            None => Reason::IdleRunner,
            Some(_) if wanted.is_cut => Reason::Deadline,
            Some(next) if taken.num_rows.saturating_add(next.num_rows()) > max_rows => Reason::Full,
            Some(_) => Reason::PreferredSize,
        }
    }

    /// Chooses the size of the next batch and lets go of those that cannot make their deadline. The last one always
    /// gets its chance: the line may have become faster than it knows.
    fn choose(&mut self, moment: &Moment<'_>, taken: &mut Taken<W>) -> Wanted {
        let mut num_rows = None;
        while let Some(first) = self.pending.first() {
            let can_wait = self.pending.len() > 1;
            if !first.is_dead(moment.now) {
                let mut learnt = moment.line.learnt();
                let waiting = self.pending.num_rows();
                let size = num_rows.get_or_insert_with(|| match self.runs_alone {
                    true => first.num_rows(),
                    false => learnt.choose(waiting, &self.policy),
                });
                let size = (*size).min(waiting).max(first.num_rows());
                match self.fit(first, size, &learnt, moment.now) {
                    Some(wanted) => return wanted,
                    None if !can_wait => return Wanted { num_rows: size, is_cut: false },
                    None => {}
                }
            }
            self.pending.pop().into_iter().for_each(|item| self.refuse_late(item, moment, taken));
        }
        Wanted { num_rows: 0, is_cut: false }
    }

    /// A batch that `first` makes its deadline with, where that costs few rows in a second or it matters most.
    fn fit(&self, first: &W, size: usize, learnt: &Learnt, now: Instant) -> Option<Wanted> {
        let whole = Wanted { num_rows: size, is_cut: false };
        let Some(deadline) = first.deadline().filter(|_| !self.runs_alone) else { return Some(whole) };
        let left = deadline.saturating_duration_since(now);
        if learnt.expected_run(self.padded_rows(size)).is_none_or(|run| run <= left) {
            return Some(whole);
        }
        let (num_rows, part) = learnt.largest_within(left, size, &self.policy)?;
        let pays = part >= LEAST_PART || first.criticality() == Criticality::CriticalPlus;
        (pays && num_rows >= first.num_rows()).then_some(Wanted { num_rows, is_cut: true })
    }

    /// Adds `item` to what does not run; it may be dead already.
    fn refuse_late(&self, item: W, moment: &Moment<'_>, taken: &mut Taken<W>) {
        if item.is_dead(moment.now) {
            return taken.add(item, moment.now);
        }
        let learnt = moment.line.learnt();
        let waiting = self.pending.num_rows();
        let retry_after = learnt.time_to_answer(waiting, item.num_rows(), moment.now, &self.policy).unwrap_or_default();
        taken.refused.push((item, Refusal::Late { retry_after }));
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        self.pending.num_rows()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        self.pending.take_dead(now)
    }

    pub(super) fn displace(&mut self, criticality: Criticality) -> Option<W> {
        self.pending.pop_last_below(criticality)
    }

    pub(super) fn take_all(&mut self) -> Vec<W> {
        std::iter::from_fn(|| self.pending.pop()).collect()
    }
}
