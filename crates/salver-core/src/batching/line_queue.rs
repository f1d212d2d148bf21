//! The work of one line that waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::entry::{Moment, Taken};
use super::group::{Group, Kind};
use super::line::Line;
use super::policy::{Criticality, Policy};
use super::work::{Refusal, Work};

/// Groups that are kept apart for their kind of work; each turn looks at all of them. What is of yet another kind runs
/// alone: where so many kinds wait, few of each do.
const MAX_GROUPS: usize = 256;

/// The work of one line, in groups of what may share a batch. No group is empty.
pub(super) struct LineQueue<W> {
    pub(super) line: Arc<Line>,
    pub(super) groups: VecDeque<Group<W>>,
    /// Batches of it that run.
    pub(super) in_flight: usize,
}

impl<W: Work> LineQueue<W> {
    pub(super) fn new(line: &Arc<Line>) -> Self {
        Self { line: line.clone(), groups: VecDeque::new(), in_flight: 0 }
    }

    /// Queues `item` with its like and returns the bytes of what is queued.
    pub(super) fn push(&mut self, item: W, policy: &Arc<Policy>, now: Instant) -> Result<usize, (W, Refusal)> {
        if self.groups.is_empty() {
            self.line.learnt().queue();
        }
        let usage = self.groups.iter().map(Group::usage).sum();
        let at = self.group_of(&item, policy);
        let moment = Moment { now, line: &self.line, may_wait: false, is_closing: false };
        let outcome = self.groups[at].push(item, &moment, usage);
        self.remove_if_empty(at);
        outcome
    }

    /// The place of the group of `item`, which may be new.
    fn group_of(&mut self, item: &W, policy: &Arc<Policy>) -> usize {
        let find = |kind| self.groups.iter().position(|group| group.fits(item, policy, kind));
        let own = Kind::of(item, policy);
        let kind = if self.groups.len() < MAX_GROUPS { own } else { Kind::Alone };
        find(own).or_else(|| find(kind)).unwrap_or_else(|| {
            self.groups.push_back(Group::new(kind, policy));
            self.groups.len() - 1
        })
    }

    /// Takes the next batch of the group at `at`.
    pub(super) fn take(&mut self, at: usize, moment: &Moment<'_>) -> Taken<W> {
        let taken = self.groups[at].take(moment);
        self.remove_if_empty(at);
        taken
    }

    fn remove_if_empty(&mut self, at: usize) {
        if self.groups[at].is_empty() {
            self.groups.remove(at);
        }
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        self.groups.iter().map(Group::num_rows).fold(0, usize::saturating_add)
    }

    /// Takes out all that nobody waits for.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        let dead = self.groups.iter_mut().flat_map(|group| group.take_dead(now)).collect();
        self.groups.retain(|group| !group.is_empty());
        dead
    }

    /// Takes out one piece of work that matters less than `criticality`.
    pub(super) fn displace(&mut self, criticality: Criticality) -> Option<W> {
        let (at, item) =
            self.groups.iter_mut().enumerate().find_map(|(at, group)| Some((at, group.displace(criticality)?)))?;
        self.remove_if_empty(at);
        Some(item)
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = W> {
        std::mem::take(&mut self.groups).into_iter().flat_map(|mut group| group.take_all())
    }
}
