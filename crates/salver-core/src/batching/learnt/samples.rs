//! The latest runs of about one size.

/// Runs that are remembered of one size.
const LEN: usize = 64;
/// Runs that are kept of a size that comes up again after a long time, or that has become faster.
const KEPT: usize = 3;
/// A run that takes less than this part of the median is no outlier: those are slow.
const FASTER: f32 = 0.6;
/// A size that did not run in so many batches has not run for a long time.
const LONG: u32 = 256;
/// The first run of a size is forgotten where the second is faster by this factor: it compiled, or it allocated.
const COLD: f32 = 2.0;
/// A median that changed by this factor is another one, not noise.
const MOVED: f32 = 1.25;
/// A size is not taken to have changed by more than this since it ran.
const MOST_MOVED: f32 = 8.0;
/// A run that took less was not measured.
const LEAST_MICROS: f32 = 1e-3;
/// Sizes up to this one are kept apart; above, there are [`PER_OCTAVE`] between a power of two and the next.
const EXACT: usize = 2 * PER_OCTAVE;
const PER_OCTAVE: usize = 16;

/// The latest runs of about one size, and their quantiles.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    /// Which size, see [`bucket`].
    pub(super) bucket: usize,
    /// Rows of the largest run.
    pub(super) num_rows: usize,
    /// Microseconds that half of the runs stay below.
    pub(super) p50: f32,
    /// Microseconds that nine of ten runs stay below.
    pub(super) p90: f32,
    /// The batch that was the last one of this size.
    pub(super) last: u32,
    /// The median when sizes that did not run were told of it; 0 before it is known.
    told: f32,
    /// How slow the model was at that median, against how slow it was at first.
    slowness: f32,
    /// By how much it was taken to have changed since it last ran.
    moved: f32,
    runs: [(u32, f32); LEN],
    len: usize,
    next: usize,
    num_new: usize,
}

impl Samples {
    pub(super) fn new(bucket: usize, slowness: f32) -> Self {
        let (runs, num_new) = ([(0, 0.0); LEN], 0);
        Self {
            bucket,
            num_rows: 0,
            p50: 0.0,
            p90: 0.0,
            last: 0,
            told: 0.0,
            slowness,
            moved: 1.0,
            runs,
            len: 0,
            next: 0,
            num_new,
        }
    }

    /// Runs that are remembered.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes in a run; true when the quantiles are new.
    pub(super) fn record(&mut self, num_rows: usize, micros: f32, batch: u32) -> bool {
        // Nothing takes no time; what is compared with it would have become slower by any factor.
        let micros = micros.max(LEAST_MICROS);
        if batch.wrapping_sub(self.last) > LONG || micros < FASTER * self.p50 {
            self.keep_latest(KEPT);
        }
        if self.len == 1 && self.latest(0).1 > COLD * micros {
            self.keep_latest(0);
        }
        self.last = batch;
        self.moved = 1.0;
        self.runs[self.next] = (num_rows as u32, micros);
        self.next = (self.next + 1) % LEN;
        self.len = (self.len + 1).min(LEN);
        self.num_new += 1;
        let is_due = self.num_new >= (self.len / 2).max(1);
        if is_due {
            self.refresh();
        }
        is_due
    }

    /// How slow the model is now, where that is news to other sizes.
    pub(super) fn news(&mut self) -> Option<f32> {
        let factor = self.p50 / self.told;
        let has_moved = self.told > 0.0 && !(1.0 / MOVED..MOVED).contains(&factor);
        if has_moved || self.len >= KEPT && self.told == 0.0 {
            self.told = self.p50;
        }
        has_moved.then(|| {
            self.slowness *= factor;
            self.slowness
        })
    }

    /// The model has become so slow since these runs. What several sizes tell of the same change counts once.
    pub(super) fn follow(&mut self, slowness: f32) {
        let factor = (slowness / self.slowness).clamp(1.0 / (MOST_MOVED * self.moved), MOST_MOVED / self.moved);
        self.slowness *= factor;
        self.moved *= factor;
        self.runs.iter_mut().for_each(|(_, micros)| *micros *= factor);
        self.p50 *= factor;
        self.p90 *= factor;
        self.told *= factor;
    }

    /// The run before so many others.
    fn latest(&self, age: usize) -> (u32, f32) {
        self.runs[(self.next + 2 * LEN - 1 - age) % LEN]
    }

    fn keep_latest(&mut self, len: usize) {
        let kept: [(u32, f32); KEPT] = std::array::from_fn(|age| self.latest(age));
        self.len = self.len.min(len);
        self.next = self.len;
        self.num_new = LEN;
        (0..self.len).for_each(|age| self.runs[self.len - 1 - age] = kept[age]);
    }

    fn refresh(&mut self) {
        self.num_new = 0;
        let mut sorted = [0.0; LEN];
        let sorted = &mut sorted[..self.len];
        let runs = &self.runs[..self.len];
        sorted.iter_mut().zip(runs).for_each(|(slot, (_, micros))| *slot = *micros);
        sorted.sort_unstable_by(f32::total_cmp);
        self.num_rows = runs.iter().map(|(rows, _)| *rows as usize).max().unwrap_or(0);
        self.p50 = (sorted[(self.len - 1) / 2] + sorted[self.len / 2]) / 2.0;
        self.p90 = sorted[self.len * 9 / 10];
    }
}

/// Sizes of about this one share a number; the larger, the higher. A power of two is the largest of its number, and so
/// are its half and three quarters.
pub(super) fn bucket(num_rows: usize) -> usize {
    if num_rows <= EXACT {
        return num_rows;
    }
    let octave = (num_rows - 1).ilog2() as usize;
    let shift = octave - PER_OCTAVE.ilog2() as usize;
    EXACT + 1 + (shift - 1) * PER_OCTAVE + ((num_rows - 1) >> shift) - PER_OCTAVE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_sizes_ends_where_a_power_of_two_does() {
        assert_eq!((31..=36).map(bucket).collect::<Vec<_>>(), [31, 32, 33, 33, 34, 34]);
        for size in [48, 64, 96, 128, 1024] {
            assert_eq!([bucket(size - 1), bucket(size) + 1], [bucket(size), bucket(size + 1)], "{size}");
        }
    }

    #[test]
    fn the_first_run_is_forgotten_where_it_was_a_cold_one() {
        let mut samples = Samples::new(1, 1.0);
        for (micros, batch) in [900.0, 10.0, 12.0].into_iter().zip(1..) {
            samples.record(1, micros, batch);
        }
        assert_eq!((samples.len(), samples.p50), (2, 11.0));
    }

    #[test]
    fn of_a_size_that_comes_up_again_only_the_latest_runs_count() {
        let mut samples = Samples::new(1, 1.0);
        for batch in 0..20 {
            samples.record(1, 100.0, batch);
        }
        for batch in 1000..1004 {
            samples.record(1, 10.0, batch);
        }
        assert_eq!((samples.len(), samples.p50), (5, 10.0));
    }
}
