//! A queue by the reference's rules: batches of a fixed size, filled in the order of arrival.
//!
//! The last batch is open, those before it are closed: what came next did not fit. Closed ones leave first, oldest first;
//! the open one leaves when it is full or its first member has waited `batch_timeout`. It is not closed by time itself but
//! by a runner that is free and looks: while all are busy it keeps growing. The rules are those of TensorFlow's
//! `SharedBatchScheduler`, mended in one thing: work that nobody waits for makes room for what stands behind it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Due, Moment, Taken};
use super::group::Usage;
use super::low_queue::{self, LowQueue};
use super::padding;
use super::pending::PATIENCE;
use super::policy::{Criticality, Policy};
use super::waiting_batch::WaitingBatch;
use super::work::{Reason, Refusal, Work};

/// A wait that never ends, for waits that are too long to be counted.
const FOREVER: Duration = Duration::from_secs(1 << 32);

/// Batches of work that may share them, and sheddable work beside them. No batch is empty.
#[derive(Debug)]
pub(super) struct StaticQueue<W> {
    policy: Arc<Policy>,
    batches: VecDeque<WaitingBatch<W>>,
    low: LowQueue<W>,
}

/// When the next batch leaves.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    Now(Reason),
    At(Instant),
    Never,
}

impl<W: Work> StaticQueue<W> {
    pub(super) fn new(policy: Arc<Policy>) -> Self {
        Self { policy, batches: VecDeque::new(), low: LowQueue::new() }
    }

    /// Why `item` has no place in such a queue, whatever waits.
    pub(super) fn rejects(item: &W, policy: &Policy) -> Option<Refusal> {
        let (num_rows, max_rows) = (item.num_rows(), policy.max_batch_size);
        let is_too_large = num_rows > max_rows && !low_queue::takes(item, policy);
        is_too_large.then_some(Refusal::TooLarge { num_rows, max_rows })
    }

    /// Whether `item` belongs here.
    pub(super) fn fits(&self, item: &W, policy: &Arc<Policy>) -> bool {
        let first = self.batches.front().and_then(WaitingBatch::first).or_else(|| self.low.first());
        Arc::ptr_eq(&self.policy, policy) && first.is_none_or(|first| item.joins(first, policy))
    }

    /// Queues `item` and returns its bytes; those of its parts where it is split.
    pub(super) fn push(&mut self, item: W, now: Instant, usage: Usage) -> Result<usize, (W, Refusal)> {
        let is_low = low_queue::takes(&item, &self.policy);
        let refusal = if is_low {
            low_queue::refusal(item.num_rows(), &self.policy, usage)
        } else {
            self.refusal(item.num_rows(), usage)
        };
        if let Some(refusal) = refusal {
            return Err((item, refusal));
        }
        let num_bytes = item.num_bytes();
        if is_low {
            self.low.push(item);
        } else if self.policy.enable_large_batch_splitting && item.num_rows() > self.first_room() {
            return Ok(self.push_parts(item, now));
        } else {
            self.append(item);
        }
        Ok(num_bytes)
    }

    /// Why no batch takes `num_rows` more.
    fn refusal(&self, num_rows: usize, usage: Usage) -> Option<Refusal> {
        let (num_batches, max_batches) = (usage.num_batches, self.policy.max_enqueued_batches.max(1));
        let room = self.open_room();
        if self.policy.enable_large_batch_splitting {
            let free = max_batches.saturating_sub(num_batches).saturating_mul(self.max_rows());
            let capacity = free.saturating_add(room.unwrap_or(0));
            return (num_rows.max(1) > capacity).then_some(Refusal::NoRoomForParts { num_rows, capacity });
        }
        let fits = room.is_some_and(|room| num_rows <= room);
        (!fits && num_batches >= max_batches).then_some(Refusal::BatchesFull { num_batches, max_batches })
    }

    /// Fills the open batch with the first part and batches of its own with the others.
    fn push_parts(&mut self, item: W, now: Instant) -> usize {
        let (max_rows, num_rows) = (self.max_rows(), item.num_rows());
        let head = self.first_room();
        let mut sizes = vec![head];
        let mut left = num_rows - head;
        while left > 0 {
            sizes.push(left.min(max_rows));
            left -= left.min(max_rows);
        }
        let mut num_bytes = 0usize;
        for mut part in item.split(&sizes) {
            part.set_queued_at(now);
            num_bytes = num_bytes.saturating_add(part.num_bytes());
            self.append(part);
        }
        num_bytes
    }

    /// Appends to the open batch, or to a new one where it does not fit.
    fn append(&mut self, item: W) {
        let fits = self.open_room().is_some_and(|room| item.num_rows() <= room);
        match self.batches.back_mut().filter(|_| fits) {
            Some(open) => open.push(item),
            None => self.batches.push_back(WaitingBatch::new(item)),
        }
    }

    fn max_rows(&self) -> usize {
        self.policy.max_rows().max(1)
    }

    /// Rows that the open batch still takes; `None` without one.
    fn open_room(&self) -> Option<usize> {
        self.batches.back().map(|open| self.max_rows().saturating_sub(open.num_rows()))
    }

    /// Rows that the next batch to be appended to still takes.
    fn first_room(&self) -> usize {
        self.open_room().filter(|room| *room > 0).unwrap_or_else(|| self.max_rows())
    }

    pub(super) fn due(&self, moment: &Moment<'_>) -> Due {
        match self.leaves(moment) {
            Leaves::Now(_) => {
                let (criticality, since) = match (self.batches.front(), self.low.first()) {
                    (Some(batch), _) => (batch.criticality(), batch.opened_at()),
                    (None, Some(first)) => (first.criticality(), first.queued_at()),
                    (None, None) => return Due::Never,
                };
                Due::Now(criticality, since + self.policy.latency_slo.unwrap_or(PATIENCE))
            }
            Leaves::At(at) => Due::At(at),
            Leaves::Never => Due::Never,
        }
    }

    fn leaves(&self, moment: &Moment<'_>) -> Leaves {
        if self.batches.len() > 1 {
            return Leaves::Now(Reason::Full);
        }
        let Some((num_rows, max_rows, since, due_at)) = self.next_batch() else { return Leaves::Never };
        if num_rows >= max_rows {
            Leaves::Now(Reason::Full)
        } else if moment.is_closing || !moment.line.owner().has_policy(&self.policy) {
            Leaves::Now(Reason::Shutdown)
        } else if due_at <= since || !moment.may_wait {
            Leaves::Now(Reason::IdleRunner)
        } else if due_at <= moment.now {
            Leaves::Now(Reason::Timeout)
        } else {
            Leaves::At(due_at)
        }
    }

    /// Of the open batch, or of low work where there is none: rows, most rows, and the times of its first member and its
    /// end.
    fn next_batch(&self) -> Option<(usize, usize, Instant, Instant)> {
        let open = self.batches.front().map(|open| (open.opened_at(), self.policy.batch_timeout));
        let low = self.low.first().zip(low_queue::settings(&self.policy));
        let low = low.map(|(first, settings)| (first.queued_at(), settings.batch_timeout));
        let is_merged = low_queue::is_merged(&self.policy);
        let open_rows = self.batches.front().map_or(0, WaitingBatch::num_rows);
        let (num_rows, max_rows) = match open {
            Some(_) if is_merged => (open_rows.saturating_add(self.low.num_rows()), self.max_rows()),
            Some(_) => (open_rows, self.max_rows()),
            None => (self.low.num_rows(), low_queue::max_rows(&self.policy)),
        };
        let candidates = [open, low.filter(|_| is_merged || open.is_none())];
        let ends = candidates.into_iter().flatten().map(|(since, timeout)| (since + timeout.min(FOREVER), since));
        ends.min().map(|(due_at, since)| (num_rows, max_rows, since, due_at))
    }

    /// A lower bound of the batches that are due, where any is.
    pub(super) fn num_turns(&self) -> usize {
        let is_full = self.open_room() == Some(0);
        (self.batches.len().saturating_sub(1) + usize::from(is_full)).max(1)
    }

    pub(super) fn take(&mut self, moment: &Moment<'_>) -> Taken<W> {
        let mut taken = Taken::new();
        self.drop_dead(moment.now, &mut taken);
        // Without the dead it may have to wait longer.
        let Leaves::Now(reason) = self.leaves(moment) else { return taken };
        taken.reason = reason;
        match self.batches.pop_front() {
            Some(batch) => self.take_batch(batch, moment, &mut taken),
            None => self.take_low(moment.now, &mut taken),
        }
        taken
    }

    fn take_batch(&mut self, mut batch: WaitingBatch<W>, moment: &Moment<'_>, taken: &mut Taken<W>) {
        self.fill(&mut batch, moment.now, taken);
        let was_open = self.batches.is_empty();
        let cut = was_open.then(|| padding::cut_size(&batch, &self.policy, moment.line)).flatten();
        if let Some(mut rest) = cut.and_then(|num_rows| batch.cut(num_rows, moment.now)) {
            taken.reason = Reason::PreferredSize;
            if low_queue::settings(&self.policy).is_some() {
                self.low.put_back(rest.take_sheddable());
            }
            self.batches.extend((!rest.is_empty()).then_some(rest));
        }
        batch.into_items().for_each(|item| taken.add(item, moment.now));
        taken.padded_rows = self.policy.padded_rows(taken.num_rows);
    }

    /// Has low work join `batch`, as far as there is room for it.
    fn fill(&mut self, batch: &mut WaitingBatch<W>, now: Instant, taken: &mut Taken<W>) {
        let target = low_queue::fill_rows(batch.num_rows(), &self.policy);
        while let Some(item) = self.low.pop_within(target.saturating_sub(batch.num_rows())) {
            if item.is_dead(now) { taken.add(item, now) } else { batch.push(item) }
        }
    }

    fn take_low(&mut self, now: Instant, taken: &mut Taken<W>) {
        let max_rows = low_queue::max_rows(&self.policy);
        while let Some(item) = self.low.pop_within(max_rows.saturating_sub(taken.num_rows)) {
            taken.add(item, now);
        }
        taken.padded_rows = low_queue::padded_rows(taken.num_rows, &self.policy);
    }

    /// Lets go of what nobody waits for in the next batch.
    fn drop_dead(&mut self, now: Instant, taken: &mut Taken<W>) {
        let mut dead = self.batches.front_mut().map(|batch| batch.take_dead(now)).unwrap_or_default();
        if self.batches.len() <= 1 && !self.low.is_empty() {
            let num_rows = self.max_rows().max(low_queue::max_rows(&self.policy));
            dead.extend(self.low.take_dead_of_next(num_rows, now));
        }
        dead.into_iter().for_each(|item| taken.add(item, now));
        self.close_ranks(0);
    }

    /// Has the batch at `at` take from the one behind it what fits by now.
    fn close_ranks(&mut self, at: usize) {
        let max_rows = self.max_rows();
        while at + 1 < self.batches.len() {
            let room = max_rows.saturating_sub(self.batches[at].num_rows());
            let next = &mut self.batches[at + 1];
            if next.first().is_some_and(|item| item.num_rows() > room) {
                break;
            }
            match next.pop_first() {
                Some(item) => self.batches[at].push(item),
                None => drop(self.batches.remove(at + 1)),
            }
        }
        if self.batches.get(at).is_some_and(WaitingBatch::is_empty) {
            self.batches.remove(at);
        }
    }

    /// What it uses of the limits that hold for all groups of the line.
    pub(super) fn usage(&self) -> Usage {
        Usage { num_batches: self.batches.len(), num_low_rows: self.low.num_rows() }
    }

    /// Rows that wait.
    pub(super) fn num_rows(&self) -> usize {
        self.batches.iter().map(WaitingBatch::num_rows).fold(self.low.num_rows(), usize::saturating_add)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.low.is_empty()
    }

    /// Takes out all that nobody waits for.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<W> {
        let mut dead: Vec<W> = self.batches.iter_mut().flat_map(|batch| batch.take_dead(now)).collect();
        dead.extend(self.low.take_dead(now));
        (0..self.batches.len()).for_each(|at| self.close_ranks(at));
        self.batches.retain(|batch| !batch.is_empty());
        dead
    }

    /// Takes out what came last, low work first, if it matters less than `criticality`.
    pub(super) fn displace(&mut self, criticality: Criticality) -> Option<W> {
        if self.low.last().is_some_and(|item| item.criticality() > criticality) {
            return self.low.pop_last();
        }
        let open = self.batches.back_mut()?;
        let item = open.last().is_some_and(|item| item.criticality() > criticality).then(|| open.pop_last())?;
        if open.is_empty() {
            self.batches.pop_back();
        }
        item
    }

    pub(super) fn take_all(&mut self) -> Vec<W> {
        let batches = std::mem::take(&mut self.batches);
        let low = std::iter::from_fn(|| self.low.pop_within(usize::MAX));
        batches.into_iter().flat_map(WaitingBatch::into_items).chain(low).collect()
    }
}
