//! Work in the order in which it should run.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::policy::{Criticality, Policy};
use super::work::Work;

/// Without a deadline, work is as urgent as work that may take this long: it neither starves nor pushes in.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Steps that it may take to find the place of one piece of work.
const MAX_COUNTED: usize = 256;

/// The place of one piece of work: what matters more goes first, then what is due first, then what came first.
type Key = (Criticality, Instant, u64);

/// Work in the order of criticality and deadline.
///
/// Most work comes in the order in which it should run; that is one push at the back. The rest is sorted in beside it.
#[derive(Debug)]
pub(super) struct Pending<W> {
    in_order: VecDeque<(Key, W)>,
    sorted_in: BTreeMap<Key, W>,
    next_number: u64,
    num_rows: usize,
}

impl<W: Work> Pending<W> {
    pub(super) fn new() -> Self {
        Self { in_order: VecDeque::new(), sorted_in: BTreeMap::new(), next_number: 0, num_rows: 0 }
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Pieces of work that wait.
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.sorted_in.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_order.is_empty() && self.sorted_in.is_empty()
    }

    pub(super) fn push(&mut self, item: W, policy: &Policy) {
        let key = (item.criticality(), due_at(&item, policy), self.next_number);
        self.next_number += 1;
        self.num_rows = self.num_rows.saturating_add(item.num_rows());
        if self.in_order.back().is_none_or(|(last, _)| *last <= key) {
            self.in_order.push_back((key, item));
        } else {
            self.sorted_in.insert(key, item);
        }
    }

    /// Rows that run before `item` would, about: pieces of work are taken to be of one size, and of those that were
    /// sorted in no more than [`MAX_COUNTED`] are counted.
    pub(super) fn num_rows_ahead(&self, item: &W, policy: &Policy) -> usize {
        let key = (item.criticality(), due_at(item, policy), self.next_number);
        if self.sorted_in.is_empty() && self.in_order.back().is_none_or(|(last, _)| *last <= key) {
            return self.num_rows;
        }
        let in_order = self.in_order.partition_point(|(other, _)| *other <= key);
        let sorted_in = match self.sorted_in.last_key_value() {
            Some((last, _)) if *last <= key => self.sorted_in.len(),
            _ => self.sorted_in.range(..key).take(MAX_COUNTED).count(),
        };
        (in_order + sorted_in) * self.num_rows / self.len().max(1)
    }

    /// What runs next.
    pub(super) fn first(&self) -> Option<&W> {
        let sorted_in = self.sorted_in.first_key_value();
        match (self.in_order.front(), sorted_in) {
            (Some((key, item)), Some((other, _))) if key <= other => Some(item),
            (_, Some((_, item))) => Some(item),
            (front, None) => front.map(|(_, item)| item),
        }
    }

    /// When the most urgent should be answered; how urgent this queue is.
    pub(super) fn urgency(&self) -> Option<(Criticality, Instant)> {
        let keys = self.in_order.front().map(|(key, _)| *key).into_iter();
        let key = keys.chain(self.sorted_in.first_key_value().map(|(key, _)| *key)).min()?;
        Some((key.0, key.1))
    }

    pub(super) fn pop(&mut self) -> Option<W> {
        let from_order = match (self.in_order.front(), self.sorted_in.first_key_value()) {
            (Some((key, _)), Some((other, _))) => key <= other,
            (front, _) => front.is_some(),
        };
        let item = if from_order {
            self.in_order.pop_front().map(|(_, item)| item)
        } else {
            self.sorted_in.pop_first().map(|(_, item)| item)
        }?;
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        Some(item)
    }

    /// Takes out what runs last, where it matters less than `criticality`.
    pub(super) fn pop_last_below(&mut self, criticality: Criticality) -> Option<W> {
        let in_order = self.in_order.back().map(|(key, _)| *key);
        let sorted_in = self.sorted_in.last_key_value().map(|(key, _)| *key);
        let last = in_order.max(sorted_in)?;
        if last.0 <= criticality {
            return None;
        }
        let item = if in_order == Some(last) {
            self.in_order.pop_back().map(|(_, item)| item)
        } else {
            self.sorted_in.pop_last().map(|(_, item)| item)
        }?;
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        Some(item)
    }

    /// Takes out all that nobody waits for.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        let mut dead = Vec::new();
        for (key, item) in std::mem::take(&mut self.in_order) {
            if item.is_dead(now) { dead.push(item) } else { self.in_order.push_back((key, item)) }
        }
        let keys: Vec<Key> = self.sorted_in.iter().filter(|(_, item)| item.is_dead(now)).map(|(key, _)| *key).collect();
        dead.extend(keys.iter().filter_map(|key| self.sorted_in.remove(key)));
        let num_rows = dead.iter().map(Work::num_rows).fold(0, usize::saturating_add);
        self.num_rows = self.num_rows.saturating_sub(num_rows);
        dead
    }
}

/// When `item` should be answered.
fn due_at<W: Work>(item: &W, policy: &Policy) -> Instant {
    let patience = policy.latency_slo.unwrap_or(PATIENCE);
    let own = item.queued_at() + patience;
    item.deadline().map_or(own, |deadline| deadline.min(own))
}
