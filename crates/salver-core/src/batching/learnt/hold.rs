//! Whether what waits is held back for the rows that are expected back.
//!
//! Clients that wait for their answers before they ask again come back together, shortly after their batch is over. A
//! runner that does not wait for them takes the other half, and from then on two half batches take turns. So right after
//! a batch, for at most a tenth of its time, what waits is held until as many rows are there as had just run or waited.

use std::time::{Duration, Instant};

/// After shorter batches there is no hold: waking up again costs as much.
const LEAST_RUN: Duration = Duration::from_micros(300);
/// Part of the batch before that a hold takes at most.
const PART: u32 = 10;
/// A larger batch is to give so many times the rows in the time that it takes, the hold included.
const PAYS: f64 = 1.05;
/// Pause between two looks at whether rows still come.
const LEAST_LOOK: Duration = Duration::from_micros(50);
/// One in so many holds takes place though it does not seem to pay: the larger batch may have become faster.
const TRY_EVERY: u32 = 32;
/// After holds in vain there is none for this power of two of batches, at most.
const MAX_PAUSE: u32 = 6;

/// Rows that were there when a hold began.
#[derive(Clone, Copy, Debug)]
struct Begun {
    at: Instant,
    num_rows: usize,
}

/// Whether what waits is held back, and whether that helped.
#[derive(Debug, Default)]
pub(super) struct Hold {
    until: Option<Instant>,
    num_expected: usize,
    begun: Option<Begun>,
    num_in_vain: u32,
    num_to_skip: u32,
    num_over: u32,
}

impl Hold {
    /// A batch is over, while `num_waiting` rows wait.
    pub(super) fn batch_over(&mut self, now: Instant, elapsed: Duration, num_rows: usize, num_waiting: usize) {
        let still_expected = self.until.filter(|until| *until > now).map_or(0, |_| self.num_expected);
        self.num_over = self.num_over.wrapping_add(1);
        self.begun = None;
        self.until = None;
        if self.num_to_skip > 0 {
            self.num_to_skip -= 1;
        } else if elapsed >= LEAST_RUN {
            self.num_expected = num_rows + num_waiting.max(still_expected);
            self.until = Some(now + elapsed / PART);
        }
    }

    /// Until when to hold `num_waiting` rows, of which `num_batches` batches would be made; `run` says how many of so many
    /// rows would run first, and for how many microseconds. Rows that come are taken to go on coming at their rate, so that the last few are not waited
    /// for in vain.
    pub(super) fn until(
        &mut self,
        now: Instant,
        num_waiting: usize,
        num_batches: usize,
        max_rows: usize,
        run: impl Fn(usize) -> Option<(usize, f64)>,
    ) -> Option<Instant> {
        let until = self.until.filter(|until| *until > now)?;
        let num_expected = self.num_expected.min(max_rows.saturating_mul(num_batches));
        if num_waiting >= num_expected {
            return None;
        }
        let rate = |rows: usize, held: f64| {
            let (num_rows, micros) = run(rows.div_ceil(num_batches))?;
            Some(num_rows as f64 / (micros + held))
        };
        let few = rate(num_waiting, 0.0)?;
        let begun = *self.begun.get_or_insert(Begun { at: now, num_rows: num_waiting });
        let num_came = num_waiting.saturating_sub(begun.num_rows) as f64;
        let so_far = now.saturating_duration_since(begun.at).as_nanos() as f64 / 1e3;
        let at_most = (until - now).as_nanos() as f64 / 1e3;
        let to_come = at_most.min((num_expected - num_waiting) as f64 * so_far / num_came);
        let look_at = now + Duration::from_nanos((2e3 * to_come) as u64).max(LEAST_LOOK);
        let is_try = self.num_over.is_multiple_of(TRY_EVERY);
        (is_try || pays(few, rate(num_expected, to_come)?)).then_some(until.min(look_at))
    }

    /// A batch of `num_rows` starts: was the hold before it, if any, worth it?
    pub(super) fn batch_starts(&mut self, now: Instant, num_rows: usize, micros: impl Fn(usize) -> Option<f64>) {
        self.until = None;
        let Some(begun) = self.begun.take() else { return };
        let (Some(few), Some(many)) = (micros(begun.num_rows), micros(num_rows)) else { return };
        let held = now.saturating_duration_since(begun.at).as_micros() as f64;
        if pays(begun.num_rows as f64 / few, num_rows as f64 / (many + held)) {
            self.num_in_vain = self.num_in_vain.saturating_sub(1);
        } else {
            self.num_in_vain = (self.num_in_vain + 1).min(MAX_PAUSE);
            self.num_to_skip = 1 << self.num_in_vain;
        }
    }
}

fn pays(rate: f64, other: f64) -> bool {
    other > PAYS * rate
}
