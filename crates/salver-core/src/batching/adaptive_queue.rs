//! A queue without numbers to set: a batch is made when a runner is free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Due, Moment, Taken};
use super::pending::Pending;
use super::policy::{Criticality, Policy};
use super::work::{Reason, Refusal, Work};

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
        let is_late = item.deadline().and_then(|deadline| self.lateness(&item, deadline, moment));
        if let Some(retry_after) = is_late {
            return Err((item, Refusal::Late { retry_after }));
        }
        self.pending.push(item, &self.policy);
        Ok(())
    }

    /// By how much `item` would miss its deadline. Where nothing waits it gets its chance: that is how a line learns.
    fn lateness(&self, item: &W, deadline: Instant, moment: &Moment<'_>) -> Option<Duration> {
        if self.pending.is_empty() {
            return None;
        }
        let answer = moment.now + moment.line.learnt().time_to_answer(self.pending.num_rows(), item.num_rows())?;
        (answer > deadline).then(|| answer - deadline)
    }

    pub(super) fn due(&self, moment: &Moment<'_>) -> Due {
        let Some((criticality, at)) = self.pending.urgency() else { return Due::Never };
        let held = (!self.runs_alone && moment.may_wait)
            .then(|| moment.line.learnt().hold_until(self.pending.num_rows(), moment.now))
            .flatten();
        match held {
            Some(until) if until > moment.now => Due::At(until),
            _ => Due::Now(criticality, at),
        }
    }

    /// A lower bound of the batches that are due.
    pub(super) fn num_turns(&self) -> usize {
        if self.runs_alone { self.pending.len() } else { 1 }
    }

    pub(super) fn take(&mut self, moment: &Moment<'_>) -> Taken<W> {
        let max_rows = if self.runs_alone { 1 } else { self.policy.max_rows() };
        let wanted = moment.line.learnt().preferred_rows(self.pending.num_rows(), max_rows);
        let mut taken = Taken::new();
        while let Some(first) = self.pending.first() {
            let is_full = first.num_rows().saturating_add(taken.num_rows) > wanted;
            if !taken.batch.is_empty() && (self.runs_alone || is_full) {
                break;
            }
            let Some(item) = self.pending.pop() else { break };
            taken.add(item, moment.now);
        }
        taken.reason = match self.pending.first() {
            None => Reason::IdleRunner,
            Some(next) if taken.num_rows.saturating_add(next.num_rows()) > max_rows => Reason::Full,
            Some(_) => Reason::PreferredSize,
        };
        taken.padded_rows = if self.runs_alone { taken.num_rows } else { self.policy.padded_rows(taken.num_rows) };
        taken
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
