//! Run time as a function of rows.
//!
//! Of each size that ran the latest runs are remembered; their medians, made to ascend, are the curve. Between two sizes
//! it is linear, below the first it is flat, above the last it goes on in proportion to the rows. When the runs of one
//! size become slower or faster for good, sizes that have not run since are taken to have changed as much.

use super::samples::{Samples, bucket};

/// Sizes with this part of the most rows in a second are as good; with the second one those that are much smaller.
const NEARLY: (f64, f64) = (0.98, 0.96);
/// Much smaller.
const MUCH_SMALLER: f64 = 0.67;
/// A row more that takes this part of the time of the others does not pay.
const NO_CHEAPER: f64 = 0.94;
/// Microseconds that a batch costs beside its run: to be handed over, and its answers to be handed back.
const HAND_OVER: f64 = 50.0;
/// Larger sizes are taken for this one.
const MAX_ROWS: usize = u32::MAX as usize;

/// A point of the curve.
#[derive(Clone, Copy, Debug)]
struct Knot {
    num_rows: usize,
    p50: f64,
    p90: f64,
    /// The smallest size that gives about as many rows in a second as the best up to this one.
    best_rows: usize,
}

/// A size that ran, and how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Rows that ran, padding included.
    pub num_rows: usize,
    /// Microseconds that half of its runs stay below.
    pub p50_micros: f64,
    /// Microseconds that nine of ten of its runs stay below.
    pub p90_micros: f64,
    /// Runs that this was learnt from: the latest ones.
    pub num_runs: usize,
}

/// Run time, in microseconds, as a function of rows.
#[derive(Debug)]
pub(super) struct Curve {
    sizes: Vec<Samples>,
    knots: Vec<Knot>,
    /// How slow the model is, against how slow it was at first.
    slowness: f32,
}

impl Curve {
    /// A curve without points, of a model that is so slow against at first.
    pub(super) fn new(slowness: f32) -> Self {
        Self { sizes: Vec::new(), knots: Vec::new(), slowness }
    }

    /// How slow the model is, against how slow it was at first.
    pub(super) fn slowness(&self) -> f32 {
        self.slowness
    }

    /// Takes in a run; how slow the model is now against at first, where that changed.
    pub(super) fn record(&mut self, num_rows: usize, micros: f32, batch: u32) -> Option<f32> {
        // Rows without elements take no memory: there may be any number of them.
        let num_rows = num_rows.clamp(1, MAX_ROWS);
        let bucket = bucket(num_rows);
        let at = self.sizes.binary_search_by_key(&bucket, |size| size.bucket).unwrap_or_else(|at| {
            self.sizes.insert(at, Samples::new(bucket, self.slowness));
            at
        });
        let size = &mut self.sizes[at];
        if !size.record(num_rows, micros, batch) {
            return None;
        }
        let news = size.news();
        let oldest = batch.wrapping_sub(2 * size.len() as u32);
        match news {
            Some(slowness) => self.follow(slowness, oldest, batch),
            None => self.refresh(),
        }
        news
    }

    /// Takes the model to have become so slow for sizes that have not run since batch `since`; `now` is the latest batch.
    pub(super) fn follow(&mut self, slowness: f32, since: u32, now: u32) {
        let age = now.wrapping_sub(since);
        self.slowness = slowness;
        self.sizes.iter_mut().filter(|size| now.wrapping_sub(size.last) > age).for_each(|size| size.follow(slowness));
        self.refresh();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.knots.is_empty()
    }

    /// Whether runs of about this size are well known.
    pub(super) fn knows(&self, num_rows: usize) -> bool {
        let at = self.sizes.binary_search_by_key(&bucket(num_rows), |size| size.bucket);
        at.is_ok_and(|at| self.sizes[at].len() > 2)
    }

    /// The smallest and the largest size that ran.
    pub(super) fn range(&self) -> Option<(usize, usize)> {
        Some((self.knots.first()?.num_rows, self.knots.last()?.num_rows))
    }

    /// Its points.
    pub(super) fn points(&self) -> Vec<CurvePoint> {
        let point = |(knot, size): (&Knot, &Samples)| CurvePoint {
            num_rows: knot.num_rows,
            p50_micros: knot.p50,
            p90_micros: knot.p90,
            num_runs: size.len(),
        };
        self.knots.iter().zip(&self.sizes).map(point).collect()
    }

    /// Microseconds that half of the runs of so many rows stay below.
    pub(super) fn p50(&self, num_rows: usize) -> Option<f64> {
        self.at(num_rows, |knot| knot.p50)
    }

    /// Microseconds that nine of ten runs of so many rows stay below.
    pub(super) fn p90(&self, num_rows: usize) -> Option<f64> {
        self.at(num_rows, |knot| knot.p90)
    }

    fn at(&self, num_rows: usize, time: impl Fn(&Knot) -> f64) -> Option<f64> {
        let after = self.knots.partition_point(|knot| knot.num_rows < num_rows);
        let below = after.checked_sub(1).map(|at| &self.knots[at]);
        match (below, self.knots.get(after)) {
            (Some(low), Some(high)) => {
                let share = (num_rows - low.num_rows) as f64 / (high.num_rows - low.num_rows) as f64;
                Some(time(low) + (time(high) - time(low)) * share)
            }
            (None, Some(high)) => Some(time(high)),
            (Some(low), None) => Some(time(low) * num_rows as f64 / low.num_rows as f64),
            (None, None) => None,
        }
    }

    /// The largest size of which nine in ten runs take at most so many microseconds.
    pub(super) fn largest_within(&self, micros: f64) -> Option<usize> {
        let after = self.knots.partition_point(|knot| knot.p90 <= micros);
        let rows = match (after.checked_sub(1).map(|at| &self.knots[at]), self.knots.get(after)) {
            (Some(low), Some(high)) => {
                let share = (micros - low.p90) / (high.p90 - low.p90);
                low.num_rows as f64 + share * (high.num_rows - low.num_rows) as f64
            }
            (Some(knot), None) | (None, Some(knot)) => knot.num_rows as f64 * micros / knot.p90,
            (None, None) => return None,
        };
        Some((rows as usize).max(1))
    }

    /// Rows of the batch that should run first where `num_rows` wait: all of them, unless fewer take less time for each.
    /// `padded` is the size that so many rows run as.
    pub(super) fn preferred(&self, num_rows: usize, padded: impl Fn(usize) -> usize) -> usize {
        let known = self.knots.partition_point(|knot| knot.num_rows <= num_rows);
        let Some(knot) = known.checked_sub(1).map(|at| self.knots[at]) else { return num_rows };
        let is_unknown = known == self.knots.len() && num_rows > knot.num_rows;
        if is_unknown && 2 * knot.best_rows > knot.num_rows {
            // It may well pay to go on.
            return num_rows.min(4 * knot.num_rows);
        }
        let micros = |rows: usize| self.p50(padded(rows)).unwrap_or(0.0);
        let (first, rest) = (knot.best_rows, num_rows.saturating_sub(knot.best_rows));
        let first_micros = micros(first);
        let of_each = (first_micros + HAND_OVER) / first as f64;
        if micros(num_rows) - first_micros >= NO_CHEAPER * of_each * rest as f64 {
            first.min(num_rows)
        } else {
            num_rows
        }
    }

    /// Makes the points anew: medians pooled with those of larger sizes as long as these are lower.
    fn refresh(&mut self) {
        self.knots.clear();
        let mut pools: Vec<(f64, f64, f64, usize)> = Vec::with_capacity(self.sizes.len());
        for size in &self.sizes {
            let mut pool = (size.len() as f64, f64::from(size.p50), f64::from(size.p90), 1);
            while let Some(last) = pools.pop_if(|last| last.1 > pool.1) {
                let weight = last.0 + pool.0;
                let mean = |a: f64, b: f64| (a * last.0 + b * pool.0) / weight;
                pool = (weight, mean(last.1, pool.1), mean(last.2, pool.2), last.3 + pool.3);
            }
            pools.push(pool);
        }
        let times = pools.into_iter().flat_map(|(_, p50, p90, len)| std::iter::repeat_n((p50, p90), len));
        let (mut fastest, mut smallest, mut floor) = (0, 0, 0.0_f64);
        for (at, (size, (p50, p90))) in self.sizes.iter().zip(times).enumerate() {
            floor = floor.max(p90).max(p50);
            let knot = Knot { num_rows: size.num_rows, p50: p50.max(f64::MIN_POSITIVE), p90: floor, best_rows: 0 };
            self.knots.push(knot);
            if knot.rate() > self.knots[fastest].rate() {
                fastest = at;
            }
            while !self.knots[smallest].is_as_good_as(&self.knots[fastest]) {
                smallest += 1;
            }
            self.knots[at].best_rows = self.knots[smallest].num_rows;
        }
    }
}

impl Knot {
    fn rate(&self) -> f64 {
        self.num_rows as f64 / (self.p50 + HAND_OVER)
    }

    fn is_as_good_as(&self, other: &Self) -> bool {
        let is_much_smaller = self.num_rows as f64 <= MUCH_SMALLER * other.num_rows as f64;
        self.rate() >= other.rate() * if is_much_smaller { NEARLY.1 } else { NEARLY.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batching::simulation::random::Random;

    fn curve(micros: impl Fn(usize) -> f32, sizes: impl IntoIterator<Item = usize>) -> Curve {
        let mut curve = Curve::new(1.0);
        for (batch, size) in sizes.into_iter().enumerate() {
            for _ in 0..4 {
                curve.record(size, micros(size), batch as u32);
            }
        }
        curve
    }

    fn preferred(curve: &Curve, num_rows: usize) -> usize {
        curve.preferred(num_rows, |rows| rows)
    }

    #[test]
    fn between_sizes_it_is_linear_and_beyond_the_last_in_proportion() {
        let curve = curve(|rows| 100.0 + rows as f32, [10, 20]);
        assert_eq!([5, 10, 15, 20, 40].map(|rows| curve.p50(rows).unwrap()), [110.0, 110.0, 115.0, 120.0, 240.0]);
    }

    #[test]
    fn all_that_waits_leaves_as_long_as_that_pays() {
        let curve = curve(|rows| 1000.0 + 100.0 * rows as f32, 1..=64);
        assert_eq!([1, 10, 64].map(|rows| preferred(&curve, rows)), [1, 10, 64]);
    }

    #[test]
    fn beyond_a_step_the_batch_is_one_step() {
        let curve = curve(|rows| 8000.0 * rows.div_ceil(16) as f32, 1..=64);
        assert_eq!([15, 16, 17, 31, 64].map(|rows| preferred(&curve, rows)), [15, 16, 16, 16, 16]);
    }

    #[test]
    fn beyond_the_knee_the_batch_ends_there() {
        let curve = curve(|rows| 10_000.0 * (rows as f32 / 32.0).max(1.0), (1..=32).chain([40, 48, 64, 128]));
        assert_eq!([31, 32, 40, 64, 128].map(|rows| preferred(&curve, rows)), [31, 32, 32, 32, 32]);
    }

    #[test]
    fn one_slow_outlier_of_a_small_size_does_not_lift_the_large_ones() {
        let mut curve = curve(|_| 10_000.0, 4..=8);
        curve.record(3, 100_000.0, 9);
        assert!(curve.p50(8).unwrap() < 15_000.0 && curve.p50(3) <= curve.p50(8));
    }

    #[test]
    fn sizes_that_did_not_run_follow_a_model_that_became_slower() {
        let mut curve = curve(|rows| 100.0 * rows as f32, [1, 2, 4, 8]);
        for batch in 100..130 {
            curve.record(8, 2400.0, batch);
        }
        assert_eq!([1, 4, 8].map(|rows| curve.p50(rows).unwrap().round()), [300.0, 1200.0, 2400.0]);
    }

    #[test]
    fn a_change_that_every_size_tells_of_counts_once_for_those_that_do_not_run() {
        let mut curve = curve(|rows| 100.0 * rows as f32, [1, 2, 4, 8, 16, 32]);
        for batch in 1000..1900 {
            let rows = 1 << (batch / 100 % 5 + 1);
            curve.record(rows, 500.0 * rows as f32, batch);
        }
        assert_eq!(curve.p50(1).unwrap().round(), 500.0);
    }

    /// Runs of microseconds, as they come: with now and then one that was interrupted, in loads that take turns.
    #[test]
    fn noise_of_short_runs_does_not_add_up_in_sizes_that_seldom_run() {
        for seed in 1..=5_u64 {
            let mut random = Random::new(seed);
            let mut random = || random.unit() as f32;
            let (mut curve, mut worst) = (Curve::new(1.0), 0.0_f64);
            for batch in 0..100_000_u32 {
                let most_rows = [6, 64, 16][batch as usize / 3000 % 3];
                let num_rows = 1 + (random() * random() * most_rows as f32) as usize;
                let interruption = if random() < 0.02 { 2000.0 * random() } else { 0.0 };
                let micros = (3.0 + 0.3 * num_rows as f32) * (1.0 + 3.0 * random() * random()) + interruption;
                curve.record(num_rows, micros, batch);
                worst = worst.max(curve.p50(64).unwrap());
            }
            assert!(worst < 10_000.0, "half of the runs of 64 rows are taken to need {worst} us; seed {seed}");
        }
    }

    #[test]
    fn the_largest_size_within_a_time() {
        let curve = curve(|rows| 1000.0 * rows as f32, [1, 2, 4, 8]);
        assert_eq!([500.0, 3500.0, 20_000.0].map(|micros| curve.largest_within(micros).unwrap()), [1, 3, 20]);
    }
}
