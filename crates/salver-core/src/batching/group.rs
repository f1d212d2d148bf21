//! Work of one line that may share batches, in the kind of queue that its policy asks for.

use std::sync::Arc;
use std::time::Instant;

use super::adaptive_queue::AdaptiveQueue;
use super::entry::{Due, Moment, Taken};
use super::policy::{Criticality, Policy};
use super::static_queue::StaticQueue;
use super::work::{Refusal, Work};

/// One queue.
pub(super) enum Group<W> {
    /// Without numbers to set; work that never shares a batch stands here under every policy.
    Adaptive(AdaptiveQueue<W>),
    /// By the reference's rules.
    Static(StaticQueue<W>),
}

/// What is used of the limits that all groups of a line share.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Batches of static queues that wait, open ones included.
    pub(super) num_batches: usize,
    /// Rows that wait in queues of low priority.
    pub(super) num_low_rows: usize,
}

impl<W: Work> Group<W> {
    /// The queue for `item` and its like.
    pub(super) fn new(item: &W, policy: &Arc<Policy>) -> Self {
        if is_static(item, policy) {
            Self::Static(StaticQueue::new(policy.clone()))
        } else {
            Self::Adaptive(AdaptiveQueue::new(policy.clone(), runs_alone(item, policy)))
        }
    }

    /// Why `item` has no place under `policy`, whatever waits.
    pub(super) fn rejects(item: &W, policy: &Policy) -> Option<Refusal> {
        is_static(item, policy).then(|| StaticQueue::rejects(item, policy)).flatten()
    }

    /// Whether `item` belongs here.
    pub(super) fn fits(&self, item: &W, policy: &Arc<Policy>) -> bool {
        match self {
            Self::Adaptive(queue) => !is_static(item, policy) && queue.fits(item, policy, runs_alone(item, policy)),
            Self::Static(queue) => is_static(item, policy) && queue.fits(item, policy),
        }
    }

    /// Queues `item` and returns the bytes of what is queued: those of its parts where it is split.
    pub(super) fn push(&mut self, item: W, moment: &Moment<'_>, usage: Usage) -> Result<usize, (W, Refusal)> {
        let num_bytes = item.num_bytes();
        match self {
            Self::Adaptive(queue) => queue.push(item, moment).map(|()| num_bytes),
            Self::Static(queue) => queue.push(item, moment.now, usage),
        }
    }

    pub(super) fn due(&self, moment: &Moment<'_>) -> Due {
        match self {
            Self::Adaptive(queue) => queue.due(moment),
            Self::Static(queue) => queue.due(moment),
        }
    }

    /// A lower bound of the batches that are due, where any is.
    pub(super) fn num_turns(&self) -> usize {
        match self {
            Self::Adaptive(queue) => queue.num_turns(),
            Self::Static(queue) => queue.num_turns(),
        }
    }

    pub(super) fn take(&mut self, moment: &Moment<'_>) -> Taken<W> {
        match self {
            Self::Adaptive(queue) => queue.take(moment),
            Self::Static(queue) => queue.take(moment),
        }
    }

    pub(super) fn usage(&self) -> Usage {
        match self {
            Self::Adaptive(_) => Usage::default(),
            Self::Static(queue) => queue.usage(),
        }
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        match self {
            Self::Adaptive(queue) => queue.num_rows(),
            Self::Static(queue) => queue.num_rows(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Adaptive(queue) => queue.is_empty(),
            Self::Static(queue) => queue.is_empty(),
        }
    }

    /// Takes out all that nobody waits for.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        match self {
            Self::Adaptive(queue) => queue.take_dead(now),
            Self::Static(queue) => queue.take_dead(now),
        }
    }

    /// Takes out one piece of work that matters less than `criticality`.
    pub(super) fn displace(&mut self, criticality: Criticality) -> Option<W> {
        match self {
            Self::Adaptive(queue) => queue.displace(criticality),
            Self::Static(queue) => queue.displace(criticality),
        }
    }

    pub(super) fn take_all(&mut self) -> Vec<W> {
        match self {
            Self::Adaptive(queue) => queue.take_all(),
            Self::Static(queue) => queue.take_all(),
        }
    }
}

impl std::iter::Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(usages: I) -> Self {
        usages.fold(Self::default(), |sum, usage| Self {
            num_batches: sum.num_batches + usage.num_batches,
            num_low_rows: sum.num_low_rows.saturating_add(usage.num_low_rows),
        })
    }
}

/// Whether the reference's rules hold for `item`.
fn is_static<W: Work>(item: &W, policy: &Policy) -> bool {
    !policy.is_adaptive && item.can_join()
}

/// Whether `item` never shares a batch in an adaptive queue.
fn runs_alone<W: Work>(item: &W, policy: &Policy) -> bool {
    !item.can_join() || !policy.joins_requests()
}
