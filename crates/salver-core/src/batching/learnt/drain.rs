//! How much of the runners' time a line gets while work waits.

use std::time::Instant;

/// Weight of the past in the share of time.
const WINDOW: f64 = 16.0;
/// The least share that is believed: what is foretold for a line among many others is rather too early than too late.
const LEAST_SHARE: f64 = 0.02;

/// Batches in flight, and how many of them there are on average while work waits.
#[derive(Debug, Default)]
pub(super) struct Drain {
    num_batches: usize,
    num_rows: usize,
    most_batches: usize,
    /// When `work` was brought up to date.
    at: Option<Instant>,
    /// Sum over all moments of the batches in flight, in microseconds.
    work: f64,
    /// The moment since which work waits, and `work` then.
    waits_since: Option<(Instant, f64)>,
    /// Batches in flight while work waits, as a mean: sums of work and of time, of which the past fades.
    sum: (f64, f64),
    /// When the last batch started, or ended while others waited.
    last_turn: Option<Instant>,
}

impl Drain {
    /// Rows in flight.
    pub(super) fn num_rows(&self) -> usize {
        self.num_rows
    }

    /// Batches in flight.
    pub(super) fn num_batches(&self) -> usize {
        self.num_batches
    }

    /// The most batches that were in flight at a time.
    pub(super) fn most_at_work(&self) -> usize {
        self.most_batches
    }

    /// The sum of work so far.
    pub(super) fn mark(&self) -> f64 {
        self.work
    }

    pub(super) fn begin(&mut self, now: Instant, num_rows: usize) {
        self.advance(now);
        self.num_batches += 1;
        self.num_rows = self.num_rows.saturating_add(num_rows);
        self.most_batches = self.most_batches.max(self.num_batches);
        self.last_turn = Some(now);
    }

    /// Work comes while none waits. Where none is in flight either, what waited when the last batch ended has gone.
    pub(super) fn queue(&mut self) {
        if self.num_batches == 0 {
            self.waits_since = None;
        }
    }

    /// A batch is over while `num_waiting` rows wait; returns the sum of work so far.
    pub(super) fn end(&mut self, now: Instant, num_rows: usize, num_waiting: usize) -> f64 {
        self.advance(now);
        self.num_batches = self.num_batches.saturating_sub(1);
        self.num_rows = self.num_rows.saturating_sub(num_rows);
        if let Some((since, work)) = self.waits_since.filter(|_| num_waiting > 0) {
            let time = now.saturating_duration_since(since).as_nanos() as f64 / 1e3;
            let fade = 1.0 - 1.0 / WINDOW;
            self.sum = (self.sum.0 * fade + self.work - work, self.sum.1 * fade + time);
        }
        self.waits_since = (num_waiting > 0).then_some((now, self.work));
        self.last_turn = Some(now);
        self.work
    }

    fn advance(&mut self, now: Instant) {
        let before = self.at.map_or(now, |at| at.min(now));
        self.work += now.saturating_duration_since(before).as_nanos() as f64 / 1e3 * self.num_batches as f64;
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
    }

    /// Batches in flight while work waits; `at_most` until it is known.
    pub(super) fn share(&self, at_most: f64) -> f64 {
        if self.sum.1 > 0.0 { (self.sum.0 / self.sum.1).max(LEAST_SHARE) } else { at_most }
    }

    /// Microseconds until the next turn, where turns come every `pause` microseconds.
    pub(super) fn next_turn(&self, now: Instant, at_most: usize, pause: f64) -> f64 {
        let Some(last) = self.last_turn.filter(|_| self.num_batches >= at_most.max(1)) else { return 0.0 };
        (pause - now.saturating_duration_since(last).as_nanos() as f64 / 1e3).max(0.0)
    }
}
