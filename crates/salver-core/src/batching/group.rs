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

/// The kinds of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Adaptive, of work that never shares a batch.
    Alone,
    /// Adaptive.
    Adaptive,
    /// By the reference's rules.
    Static,
}

impl Kind {
    /// Where `item` belongs under `policy`.
    pub(super) fn of<W: Work>(item: &W, policy: &Policy) -> Self {
        if !item.can_join() {
            Self::Alone
        } else if !policy.is_adaptive {
            Self::Static
        } else if policy.joins_requests() {
            Self::Adaptive
        } else {
            Self::Alone
        }
    }
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
    /// A queue of this kind.
    pub(super) fn new(kind: Kind, policy: &Arc<Policy>) -> Self {
        match kind {
            Kind::Static => Self::Static(StaticQueue::new(policy.clone())),
            Kind::Adaptive => Self::Adaptive(AdaptiveQueue::new(policy.clone(), false)),
            Kind::Alone => Self::Adaptive(AdaptiveQueue::new(policy.clone(), true)),
        }
    }

    /// Why `item` has no place under `policy`, whatever waits.
    pub(super) fn rejects(item: &W, policy: &Policy) -> Option<Refusal> {
        (Kind::of(item, policy) == Kind::Static).then(|| StaticQueue::rejects(item, policy)).flatten()
    }

    /// Whether `item` belongs here, in a queue of this kind.
    pub(super) fn fits(&self, item: &W, policy: &Arc<Policy>, kind: Kind) -> bool {
        match self {
            Self::Adaptive(queue) => kind != Kind::Static && queue.fits(item, policy, kind == Kind::Alone),
            Self::Static(queue) => kind == Kind::Static && queue.fits(item, policy),
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
