//! Sheddable work that stands beside the batches of a static queue.

use std::collections::VecDeque;
use std::time::Instant;

use super::group::Usage;
use super::policy::{LowPriority, MixedPriorityPolicy, Policy};
use super::waiting_batch::take_out;
use super::work::{Refusal, Work};

/// Sheddable work in the order of arrival. It joins batches of other work where there is room, and is batched by itself
/// where no other work waits.
#[derive(Debug)]
pub(super) struct LowQueue<W> {
    items: VecDeque<W>,
    num_rows: usize,
}

impl<W: Work> LowQueue<W> {
    pub(super) fn new() -> Self {
        Self { items: VecDeque::new(), num_rows: 0 }
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        self.num_rows
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn first(&self) -> Option<&W> {
        self.items.front()
    }

    pub(super) fn last(&self) -> Option<&W> {
        self.items.back()
    }

    pub(super) fn push(&mut self, item: W) {
        self.num_rows = self.num_rows.saturating_add(item.num_rows());
        self.items.push_back(item);
    }

    /// Puts the oldest back in front, in their order.
    pub(super) fn put_back(&mut self, items: Vec<W>) {
        for item in items.into_iter().rev() {
            self.num_rows = self.num_rows.saturating_add(item.num_rows());
            self.items.push_front(item);
        }
    }

    /// Takes out the oldest if it has no more than `room` rows.
    pub(super) fn pop_within(&mut self, room: usize) -> Option<W> {
        self.items.front().filter(|item| item.num_rows() <= room)?;
        let item = self.items.pop_front()?;
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        Some(item)
    }

    /// Takes out the youngest.
    pub(super) fn pop_last(&mut self) -> Option<W> {
        let item = self.items.pop_back()?;
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        Some(item)
    }

    /// Takes out what nobody waits for among the oldest: as many as make up a batch of `num_rows`.
    pub(super) fn take_dead_of_next(&mut self, num_rows: usize, now: Instant) -> Vec<W> {
        let (mut dead, mut alive, mut num_alive) = (Vec::new(), Vec::new(), 0usize);
        while let Some(item) = self.pop_within(if num_alive < num_rows { usize::MAX } else { 0 }) {
            if item.is_dead(now) {
                dead.push(item);
            } else {
                num_alive = num_alive.saturating_add(item.num_rows());
                alive.push(item);
            }
        }
        self.put_back(alive);
        dead
    }

    /// Takes out all that nobody waits for.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        let dead = take_out(&mut self.items, |item| item.is_dead(now));
        self.num_rows = self.items.iter().map(Work::num_rows).fold(0, usize::saturating_add);
        dead
    }
}

/// The settings of the low queue, where there is one.
pub(super) fn settings(policy: &Policy) -> Option<&LowPriority> {
    policy.low_priority.as_ref().filter(|low| low.max_batch_size > 0)
}

/// Whether `item` stands in the low queue.
pub(super) fn takes<W: Work>(item: &W, policy: &Policy) -> bool {
    item.criticality().is_sheddable() && settings(policy).is_some()
}

/// Whether low work is counted to the open batch while it waits.
pub(super) fn is_merged(policy: &Policy) -> bool {
    settings(policy).is_some_and(|low| low.mixed_priority_batching_policy == MixedPriorityPolicy::Merge)
}

/// Rows of the largest batch of low work alone.
pub(super) fn max_rows(policy: &Policy) -> usize {
    let low = settings(policy).map_or(0, |low| low.max_batch_size);
    if is_merged(policy) { low.min(policy.max_rows()) } else { low }
}

/// Why the low queue does not take `num_rows` more.
pub(super) fn refusal(num_rows: usize, policy: &Policy, usage: Usage) -> Option<Refusal> {
    let max_rows = max_rows(policy);
    let max_batches = settings(policy).map_or(0, |low| low.max_enqueued_batches.max(1));
    let left = max_batches.saturating_mul(max_rows).saturating_sub(usage.num_low_rows);
    let capacity = left.min(max_rows);
    (num_rows > capacity).then_some(Refusal::NoRoomForParts { num_rows, capacity })
}

/// The size up to which low work joins a batch of `num_rows`.
pub(super) fn fill_rows(num_rows: usize, policy: &Policy) -> usize {
    match settings(policy).map(|low| low.mixed_priority_batching_policy) {
        Some(MixedPriorityPolicy::PaddingWithMaxBatchSize | MixedPriorityPolicy::Merge) => policy.max_rows(),
        Some(MixedPriorityPolicy::PaddingWithNextAllowedBatchSize) => {
            policy.padded_rows(num_rows).min(policy.max_rows())
        }
        Some(MixedPriorityPolicy::Isolation) | None => num_rows,
    }
}

/// The size that a batch of low work alone is filled up to.
pub(super) fn padded_rows(num_rows: usize, policy: &Policy) -> usize {
    match settings(policy) {
        Some(low) if !is_merged(policy) => {
            low.allowed_batch_sizes.iter().copied().find(|size| *size >= num_rows).unwrap_or(num_rows)
        }
        _ => policy.padded_rows(num_rows),
    }
}
