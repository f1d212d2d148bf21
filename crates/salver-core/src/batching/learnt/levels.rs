//! How many batches should run at the same time.
//!
//! Each run is filed by how many batches ran beside it: one curve for runs that were alone, one for pairs, one for about
//! four, and so on. With D rows in the house, k batches at a time give D rows in the time that a batch of D / k rows takes
//! among k; what is not known yet is taken to be no slower than with fewer beside it, so it is tried. A model whose one
//! run takes all cores shows runs in pairs that take twice as long: one at a time is as good, and its batches are larger.
//! Now and then a neighbour of what seems best is tried again.

use super::curve::Curve;

/// What is within this of the best is as good.
const AS_GOOD: f64 = 0.95;
/// Batches between two trials of another number; four times as many after each that changed nothing, up to the second
/// number. Then even a number is tried that is known to be worse.
const TRIAL_PAUSE: (u32, u32) = (64, 16_384);
/// Batches of a trial for each that runs at a time.
const TRIAL_LEN: u32 = 2;
/// A trial ends at once when so many times the usual rows are in the house.
const TOO_MANY: f64 = 1.5;
/// A number that gives a smaller part of the best is worse, not unlucky.
const UNLUCKY: f64 = 0.7;
/// Batches between two looks at what is best.
const LOOK_EVERY: u32 = 8;
/// Runs of a curve before it is believed.
const ENOUGH: u32 = 4;

/// A curve and how many runs made it.
#[derive(Debug)]
struct Level {
    curve: Curve,
    num_runs: u32,
}

/// Another number of batches at a time, for a while.
#[derive(Clone, Copy, Debug)]
struct Trial {
    number: usize,
    num_left: u32,
    /// What was best before.
    before: (usize, usize),
}

/// Curves for one batch at a time, two, four, ...
#[derive(Debug, Default)]
pub(super) struct Levels {
    levels: Vec<Level>,
    /// Batches so far.
    num_batches: u32,
    /// Rows in the house, on average.
    rows_at_hand: f64,
    /// Largest number of batches at a time that does no harm; 0 before it is known.
    at_most: usize,
    /// Smallest number that is as good as the best.
    at_least: usize,
    trial: Option<Trial>,
    num_trials: u32,
    /// Batch of the last trial, and the pause after it.
    last_trial: u32,
    trial_pause: u32,
    max_rows: usize,
}

impl Levels {
    /// A batch starts while `rows_at_hand` rows wait or run.
    pub(super) fn begin(&mut self, rows_at_hand: usize, max_rows: usize, num_runners: usize) {
        self.num_batches = self.num_batches.wrapping_add(1);
        self.max_rows = max_rows;
        let before = if self.num_batches == 1 { rows_at_hand as f64 } else { self.rows_at_hand };
        if num_runners > 1 {
            self.go_on_trying(rows_at_hand);
        }
        self.rows_at_hand = before + (rows_at_hand as f64 - before) / 8.0;
        if num_runners > 1 && (self.num_batches < 64 || self.num_batches.is_multiple_of(LOOK_EVERY)) {
            self.look(num_runners);
        }
    }

    /// Takes in a run with on average so many batches at work, itself included.
    pub(super) fn record(&mut self, num_rows: usize, micros: f32, num_at_work: f64) {
        let index = level(num_at_work);
        if self.levels.len() <= index {
            let slowness = self.levels.first().map_or(1.0, |level| level.curve.slowness());
            self.levels.resize_with(index + 1, || Level { curve: Curve::new(slowness), num_runs: 0 });
        }
        let batch = self.num_batches;
        self.levels[index].num_runs = self.levels[index].num_runs.saturating_add(1);
        if let Some(slowness) = self.levels[index].curve.record(num_rows, micros, batch) {
            let others = self.levels.iter_mut().enumerate().filter(|(other, _)| *other != index);
            others.for_each(|(_, other)| other.curve.follow(slowness, batch.wrapping_sub(32), batch));
        }
    }

    /// Runs so far.
    pub(super) fn num_runs(&self) -> u32 {
        self.levels.iter().fold(0, |sum, level| sum.saturating_add(level.num_runs))
    }

    /// Batches that may run at the same time.
    pub(super) fn at_most(&self, num_runners: usize) -> usize {
        match (self.trial, self.at_most) {
            (Some(trial), _) => trial.number.min(num_runners),
            (None, 0) => num_runners,
            (None, number) => number.min(num_runners),
        }
    }

    /// Batches that what waits should be dealt out to.
    pub(super) fn at_least(&self) -> usize {
        self.trial.map_or(self.at_least, |trial| trial.number).max(1)
    }

    /// The curve for runs among `num_at_work`: theirs, or that of fewer.
    pub(super) fn curve(&self, num_at_work: f64) -> Option<&Curve> {
        let known = self.levels.len().min(level(num_at_work) + 1);
        let mut curves = self.levels[..known].iter().rev().map(|level| &level.curve).filter(|curve| !curve.is_empty());
        curves.next().or_else(|| self.levels.iter().map(|level| &level.curve).find(|curve| !curve.is_empty()))
    }

    /// Microseconds of a run of so many rows among `num_at_work`. Beyond the sizes that ran among so many it goes on as
    /// it does for runs alone.
    pub(super) fn p50(&self, num_rows: usize, num_at_work: f64) -> Option<f64> {
        let curve = self.curve(num_at_work)?;
        let (low, high) = curve.range()?;
        let nearest = num_rows.clamp(low, high);
        let known = curve.p50(num_rows)?;
        if nearest == num_rows {
            return Some(known);
        }
        let alone = self.curve(1.0)?;
        let (low, high) = alone.range()?;
        if std::ptr::eq(alone, curve) || !(low..=high).contains(&num_rows) || !(low..=high).contains(&nearest) {
            return Some(known);
        }
        Some(curve.p50(nearest)? * alone.p50(num_rows)? / alone.p50(nearest)?)
    }

    /// Finds the best numbers, and starts and ends trials.
    fn look(&mut self, num_runners: usize) {
        let numbers = || numbers(num_runners);
        let rates: Vec<(usize, f64)> = numbers().map(|number| (number, self.rate(number))).collect();
        let best = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        let mut good = rates.iter().filter(|(_, rate)| *rate >= AS_GOOD * best).map(|(number, _)| *number);
        self.at_least = good.next().unwrap_or(1);
        self.at_most = good.next_back().unwrap_or(self.at_least);
        if self.trial.is_none() && self.is_time_for_trial() {
            self.start_trial(num_runners);
        }
    }

    /// Rows in a microsecond with `number` batches at a time.
    fn rate(&self, number: usize) -> f64 {
        let rows = (self.rows_at_hand / number as f64).round() as usize;
        if rows == 0 && number > 1 {
            // Fewer rows than batches: they do not come about.
            return self.rate(number / 2);
        }
        let rows = rows.clamp(1, self.max_rows.max(1));
        let rows = self.curve(number as f64).map_or(rows, |curve| curve.preferred(rows, |rows| rows));
        let at_a_time = (rows * number) as f64;
        // Until enough is known of it, it is taken to be no slower than the next smaller number.
        let judged_as = if self.is_known(number) { number as f64 } else { number as f64 / 2.0 };
        at_a_time.min(self.rows_at_hand.max(1.0)) / self.p50(rows, judged_as).unwrap_or(1.0).max(f64::MIN_POSITIVE)
    }

    fn is_time_for_trial(&self) -> bool {
        let pause = self.trial_pause.max(TRIAL_PAUSE.0);
        self.rows_at_hand > 1.5 && self.num_batches.wrapping_sub(self.last_trial) >= pause
    }

    /// Half as many and twice as many take turns, where something may come of it.
    fn start_trial(&mut self, num_runners: usize) {
        let pause = self.num_batches.wrapping_sub(self.last_trial);
        self.num_trials = self.num_trials.wrapping_add(1);
        let goes_up = self.num_trials.is_multiple_of(2);
        let number = if goes_up { (2 * self.at_most).min(num_runners) } else { (self.at_least / 2).max(1) };
        let part = self.rate(number) / self.rate(self.at_least);
        if !self.is_known(number) || (UNLUCKY..AS_GOOD).contains(&part) || pause >= TRIAL_PAUSE.1 {
            self.last_trial = self.num_batches;
            let num_left = TRIAL_LEN * number as u32;
            self.trial = Some(Trial { number, num_left, before: (self.at_least, self.at_most) });
        }
    }

    fn is_known(&self, number: usize) -> bool {
        self.levels.get(level(number as f64)).is_some_and(|level| level.num_runs >= ENOUGH)
    }

    /// Ends a trial that is long enough, or that has too much pile up.
    fn go_on_trying(&mut self, rows_at_hand: usize) {
        let Some(mut trial) = self.trial else { return };
        trial.num_left = trial.num_left.saturating_sub(1);
        let is_over = trial.num_left == 0 || rows_at_hand as f64 > TOO_MANY * self.rows_at_hand;
        self.trial = (!is_over).then_some(trial);
        if is_over {
            let has_changed = trial.before != (self.at_least, self.at_most);
            let longer = (4 * self.trial_pause).clamp(TRIAL_PAUSE.0, TRIAL_PAUSE.1);
            self.trial_pause = if has_changed { TRIAL_PAUSE.0 } else { longer };
        }
    }
}

/// Where runs among so many are filed.
fn level(num_at_work: f64) -> usize {
    if num_at_work < std::f64::consts::SQRT_2 { 0 } else { num_at_work.log2().round() as usize }
}

/// The numbers that are considered: powers of two, and all runners.
fn numbers(num_runners: usize) -> impl Iterator<Item = usize> {
    let powers =
        std::iter::successors(Some(1), |number| Some(2 * number)).take_while(move |number| *number < num_runners);
    powers.chain([num_runners])
}
