//! What a line has learnt of its runs, and what follows from it.

mod curve;
mod drain;
mod hold;
mod levels;
mod samples;

use std::time::{Duration, Instant};

use super::policy::Policy;
use super::ticket::Over;
pub use curve::CurvePoint;
use drain::Drain;
use hold::Hold;
use levels::Levels;

/// Rows of a first batch that has a latency to hold.
const FIRST_ROWS: usize = 4;
/// Runs that a request waits for, its own included, where a latency is to be held.
const RUNS_OF_A_REQUEST: f64 = 2.0;
/// Where more wait than are taken, half the size and twice the size are tried once in so many batches until they are
/// known, twice the size now and then for good.
const TRY_UNKNOWN: u32 = 8;
const TRY_KNOWN: u32 = 512;
/// What waits is dealt out to several batches where it is so many times the share of one.
const UNEVEN: f64 = 1.5;

/// What a line has learnt of its runs.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    levels: Levels,
    drain: Drain,
    hold: Hold,
    num_cut: u32,
}

/// A batch that starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) now: Instant,
    /// Rows of the batch.
    pub(super) num_rows: usize,
    /// Rows that go on waiting.
    pub(super) num_waiting: usize,
    /// Batches of the scheduler that may run at the same time.
    pub(super) num_runners: usize,
}

impl Learnt {
    /// Takes in that work comes while none waits.
    pub(super) fn queue(&mut self) {
        self.drain.queue();
    }

    /// Takes in a batch that starts; returns what its ticket is to bring back.
    pub(super) fn begin(&mut self, start: Start, policy: &Policy) -> f64 {
        let Start { now, num_rows, num_waiting, num_runners } = start;
        let num_at_work = self.num_at_work(num_runners);
        let levels = &self.levels;
        self.hold.batch_starts(now, num_rows, |rows| levels.p50(rows, num_at_work));
        self.drain.begin(now, num_rows);
        let rows_at_hand = self.drain.num_rows().saturating_add(num_waiting);
        self.levels.begin(rows_at_hand, policy.max_rows(), num_runners);
        self.drain.mark()
    }

    /// Takes in a batch that is over, while `num_waiting` rows wait. A run that failed teaches nothing, nor does one of
    /// another kind.
    pub(super) fn end(&mut self, over: &Over, num_waiting: usize) {
        let work = self.drain.end(over.now, over.num_rows, num_waiting) - over.mark;
        self.hold.batch_over(over.now, over.elapsed, over.num_rows, num_waiting);
        if over.is_telling {
            let micros = over.elapsed.as_nanos() as f64 / 1e3;
            let num_at_work = if micros > 0.0 { work / micros } else { 1.0 };
            self.levels.record(over.padded_rows, micros as f32, num_at_work);
        }
    }

    /// Batches that usually run at the same time when there is enough to do.
    fn num_at_work(&self, num_runners: usize) -> f64 {
        self.levels.at_most(num_runners.max(1)).min(self.drain.most_at_work().max(1)) as f64
    }

    /// How long a batch of so many rows is going to run.
    pub(super) fn expected_run(&self, num_rows: usize) -> Option<Duration> {
        self.levels.p50(num_rows, self.num_at_work(usize::MAX)).map(duration)
    }

    /// Rows of the batch that should run next where so many wait.
    pub(super) fn choose(&mut self, num_waiting: usize, policy: &Policy) -> usize {
        let max_rows = self.max_rows(policy);
        let all = num_waiting.min(max_rows);
        let share = self.share(num_waiting).min(all);
        let Some(curve) = self.levels.curve(self.num_at_work(usize::MAX)) else { return share };
        let padded = |rows| policy.padded_rows(rows);
        let preferred = curve.preferred(share.max(1), padded);
        if preferred == num_waiting {
            return preferred;
        }
        self.num_cut = self.num_cut.wrapping_add(1);
        let (half, double) = (padded(preferred.div_ceil(2)), padded(2 * preferred));
        let is_turn = |other: usize, pause: u32| other <= all && self.num_cut.is_multiple_of(pause);
        match (self.num_cut / TRY_UNKNOWN).is_multiple_of(2) {
            true if is_turn(half, TRY_UNKNOWN) && !curve.knows(half) => half,
            false if is_turn(double, TRY_UNKNOWN) && !curve.knows(double) => double,
            _ if is_turn(double, TRY_KNOWN) => double,
            _ => preferred,
        }
    }

    /// Rows of what waits for one batch, where several should run at the same time.
    fn share(&self, num_waiting: usize) -> usize {
        let num_batches = self.levels.at_least();
        let share = self.drain.num_rows().saturating_add(num_waiting).div_ceil(num_batches);
        let is_last_free = self.drain.num_batches() + 1 >= num_batches;
        if is_last_free && num_waiting as f64 <= UNEVEN * share as f64 { num_waiting } else { share.min(num_waiting) }
    }

    /// Rows of the largest batch: what the policy says, or what leaves room for waiting within the latency to hold.
    fn max_rows(&self, policy: &Policy) -> usize {
        let max_rows = policy.max_rows();
        let Some(slo) = policy.latency_slo else { return max_rows };
        let Some(curve) = self.levels.curve(self.num_at_work(usize::MAX)) else { return max_rows.min(FIRST_ROWS) };
        let least = curve.range().filter(|(low, _)| *low <= FIRST_ROWS).and_then(|(low, _)| curve.p90(low));
        // Where even the smallest batch takes too long, those that take no longer are none the worse.
        let micros = (micros(slo) / RUNS_OF_A_REQUEST).max(least.map_or(0.0, |least| 1.1 * least));
        let largest = curve.largest_within(micros).unwrap_or(FIRST_ROWS);
        let fits = |size: &&usize| **size <= largest;
        policy.allowed_batch_sizes.iter().rev().find(fits).copied().unwrap_or(largest).min(max_rows)
    }

    /// The largest batch that is over within `time`, with the part of the rows in a second of one of `num_rows` that it
    /// gives.
    pub(super) fn largest_within(&self, time: Duration, num_rows: usize, policy: &Policy) -> Option<(usize, f64)> {
        let num_at_work = self.num_at_work(usize::MAX);
        let rate = |rows| Some(rows as f64 / self.levels.p50(policy.padded_rows(rows), num_at_work)?);
        let largest = self.levels.curve(num_at_work)?.largest_within(micros(time))?;
        let fits = |size: &&usize| **size <= largest;
        let rows = policy.allowed_batch_sizes.iter().rev().find(fits).copied().unwrap_or(largest).min(num_rows);
        Some((rows, rate(rows)? / rate(num_rows)?))
    }

    /// Until when a batch of what waits should be held back for company.
    pub(super) fn hold_until(&mut self, num_waiting: usize, now: Instant, policy: &Policy) -> Option<Instant> {
        let num_at_work = self.num_at_work(usize::MAX);
        let (levels, max_rows) = (&self.levels, policy.max_rows());
        let curve = levels.curve(num_at_work)?;
        let (_, high) = curve.range()?;
        // A size that never ran may well pay: it is taken to be as fast as the largest that did.
        let run = |rows: usize| {
            let first = curve.preferred(rows, |rows| policy.padded_rows(rows));
            Some((first, levels.p50(policy.padded_rows(first).min(high), num_at_work)?))
        };
        let num_batches = self.levels.at_least().saturating_sub(self.drain.num_batches()).max(1);
        self.hold.until(now, num_waiting, num_batches, max_rows, run)
    }

    /// Batches that should run at the same time.
    pub(super) fn max_in_flight(&self, num_runners: usize) -> usize {
        self.levels.at_most(num_runners)
    }

    /// When the answer to a request would be ready that comes behind so many rows. One run foretells nothing: it may have
    /// been a cold one.
    pub(super) fn time_to_answer(
        &self,
        num_ahead: usize,
        num_rows: usize,
        now: Instant,
        policy: &Policy,
    ) -> Option<Duration> {
        let num_at_work = self.num_at_work(usize::MAX);
        let curve = self.levels.curve(num_at_work).filter(|_| self.levels.num_runs() > 1)?;
        let total = num_ahead.saturating_add(num_rows);
        let padded = |rows| policy.padded_rows(rows);
        let batch = curve.preferred(total.min(self.max_rows(policy)).max(1), padded);
        let run = self.levels.p50(padded(batch), num_at_work)?;
        let pause = run / self.drain.share(num_at_work);
        let next = self.drain.next_turn(now, num_at_work as usize, pause);
        let num_batches = num_ahead as f64 / batch as f64;
        let last = curve.p90(padded(batch))?;
        Some(duration(next + num_batches * pause + last.max(run)))
    }

    /// The curve of runs that are alone, or with the fewest others.
    pub(super) fn points(&self) -> Vec<CurvePoint> {
        self.levels.curve(1.0).map(|curve| curve.points()).unwrap_or_default()
    }
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

fn duration(micros: f64) -> Duration {
    Duration::from_nanos((micros * 1e3) as u64)
}
