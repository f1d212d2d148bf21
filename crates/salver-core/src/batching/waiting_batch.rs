//! A batch that is being filled, or that waits for a runner.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::policy::Criticality;
use super::work::Work;

/// Work in the order of arrival, to run together.
#[derive(Debug)]
pub(super) struct WaitingBatch<W> {
    items: VecDeque<W>,
    num_rows: usize,
    /// Where its wait for company begins.
    opened_at: Instant,
    /// The highest of its members, those that left included.
    criticality: Criticality,
}

impl<W: Work> WaitingBatch<W> {
    /// A batch of one.
    pub(super) fn new(item: W) -> Self {
        let (num_rows, opened_at, criticality) = (item.num_rows(), item.queued_at(), item.criticality());
        Self { items: VecDeque::from([item]), num_rows, opened_at, criticality }
    }

    pub(super) fn num_rows(&self) -> usize {
        self.num_rows
    }

    pub(super) fn opened_at(&self) -> Instant {
        self.opened_at
    }

    pub(super) fn criticality(&self) -> Criticality {
        self.criticality
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
        if self.items.is_empty() {
            self.opened_at = self.opened_at.max(item.queued_at());
        }
        self.num_rows = self.num_rows.saturating_add(item.num_rows());
        self.criticality = self.criticality.min(item.criticality());
        self.items.push_back(item);
    }

    /// Takes out the oldest member.
    pub(super) fn pop_first(&mut self) -> Option<W> {
        let item = self.items.pop_front()?;
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        self.reopen();
        Some(item)
    }

    /// Takes out the youngest member.
    pub(super) fn pop_last(&mut self) -> Option<W> {
        let item = self.items.pop_back()?;
        self.num_rows = self.num_rows.saturating_sub(item.num_rows());
        Some(item)
    }

    /// Takes out what nobody waits for.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        if !self.items.iter().any(|item| item.is_dead(now)) {
            return Vec::new();
        }
        let dead = take_out(&mut self.items, |item| item.is_dead(now));
        self.num_rows = self.items.iter().map(Work::num_rows).fold(0, usize::saturating_add);
        self.reopen();
        dead
    }

    /// Has the wait begin no earlier than the first member came.
    fn reopen(&mut self) {
        if let Some(first) = self.items.front() {
            self.opened_at = self.opened_at.max(first.queued_at());
        }
    }

    /// The rows of the first members, for each number of them but all.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = usize> + '_ {
        let mut num_rows = 0usize;
        self.items.iter().take(self.items.len().saturating_sub(1)).map(move |item| {
            num_rows = num_rows.saturating_add(item.num_rows());
            num_rows
        })
    }

    /// Cuts off what is behind the first `num_rows`. The wait of the rest counts as if rows had come evenly until `now`.
    pub(super) fn cut(&mut self, num_rows: usize, now: Instant) -> Option<Self> {
        let at = self.prefixes().position(|rows| rows == num_rows)? + 1;
        let rest = self.items.split_off(at);
        let share = num_rows as f64 / self.num_rows as f64;
        let waited: Duration = now.saturating_duration_since(self.opened_at).mul_f64(share);
        let rest_rows = self.num_rows.saturating_sub(num_rows);
        self.num_rows = num_rows;
        let criticality = rest.iter().map(Work::criticality).min()?;
        Some(Self { items: rest, num_rows: rest_rows, opened_at: self.opened_at + waited, criticality })
    }

    /// Takes out the members that are sheddable.
    pub(super) fn take_sheddable(&mut self) -> Vec<W> {
        let sheddable = take_out(&mut self.items, |item| item.criticality().is_sheddable());
        self.num_rows = self.items.iter().map(Work::num_rows).fold(0, usize::saturating_add);
        sheddable
    }

    pub(super) fn into_items(self) -> impl Iterator<Item = W> {
        self.items.into_iter()
    }
}

/// Takes the wanted ones out of `items`; the order of all stays.
pub(super) fn take_out<W>(items: &mut VecDeque<W>, is_wanted: impl Fn(&W) -> bool) -> Vec<W> {
    let (wanted, others): (Vec<W>, Vec<W>) = std::mem::take(items).into_iter().partition(is_wanted);
    *items = others.into();
    wanted
}
