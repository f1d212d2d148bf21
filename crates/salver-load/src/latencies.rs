//! Times counted by size, each known to better than one percent whatever its size.
//!
//! Bucket limits are spaced evenly between a power of two and the next, `PARTS` to each. A bucket is then at most
//! 1/128 of its lower limit wide, and its middle is within 0.4 % of every time in it; times below `2 * PARTS`
//! nanoseconds have a bucket each. Recording takes a shift and an addition. Buckets are made as far as they are needed:
//! some 3,000 up to a second.

use std::time::Duration;

const PART_BITS: u32 = 7;
const PARTS: u64 = 1 << PART_BITS;

/// Times by size, with their number, sum and largest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    counts: Vec<u64>,
    count: u64,
    sum_ns: u128,
    max_ns: u64,
}

impl Latencies {
    /// Takes in one time; what is longer than 584 years counts as that.
    pub fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let index = index_of(nanos);
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += 1;
        self.count += 1;
        self.sum_ns += u128::from(nanos);
        self.max_ns = self.max_ns.max(nanos);
    }

    /// Takes in what another one counted.
    pub fn merge(&mut self, other: &Latencies) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own += more;
        }
        self.count += other.count;
        self.sum_ns += other.sum_ns;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// How many times were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.sum_ns).unwrap_or(u64::MAX))
    }

    /// The longest, exactly; zero where there is none.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }

    /// The time that this part of the times does not exceed, within a percent; zero where there is none.
    pub fn quantile(&self, part: f64) -> Duration {
        let wanted = ((part.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (middle, count) in self.buckets() {
            seen += count;
            if seen >= wanted {
                return middle;
            }
        }
        self.max()
    }

    /// The middle and the count of every bucket that is not empty, ascending; the last middle is at most the longest
    /// time.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(index, count)| (Duration::from_nanos(middle_of(index).min(self.max_ns)), *count))
    }
}

/// The bucket of a time. Below `2 * PARTS` it is the time itself; above, the first bits count within their octave.
fn index_of(nanos: u64) -> usize {
    let octave = (u64::BITS - nanos.leading_zeros()).saturating_sub(PART_BITS + 1);
    (u64::from(octave) * PARTS + (nanos >> octave)) as usize
}

/// The middle of a bucket.
fn middle_of(index: usize) -> u64 {
    let index = index as u64;
    let octave = (index / PARTS).saturating_sub(1);
    let lowest = (index - octave * PARTS) << octave;
    lowest + ((1_u64 << octave) >> 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nanos(time: Duration) -> f64 {
        time.as_nanos() as f64
    }

    #[test]
    fn the_ends_of_octaves_fall_into_neighbouring_buckets() {
        assert_eq!([0, 1, 127, 128, 255].map(index_of), [0, 1, 127, 128, 255]);
        assert_eq!([256, 257, 258, 511, 512, 515, 516].map(index_of), [256, 256, 257, 383, 384, 384, 385]);
        assert_eq!(index_of(u64::MAX), index_of(u64::MAX - 1));
        assert!(index_of(u64::MAX) < 8000);
    }

    #[test]
    fn nothing_recorded_is_zero() {
        let none = Latencies::default();
        assert_eq!((none.quantile(0.5), none.max(), none.count(), none.buckets().count()), Default::default());
    }

    #[test]
    fn the_longest_time_bounds_every_quantile() {
        let mut times = Latencies::default();
        times.record(Duration::from_nanos(1_000_000));
        assert_eq!(times.quantile(0.999), Duration::from_nanos(1_000_000).min(times.quantile(0.5)));
        assert!(times.quantile(1.0) <= times.max());
    }

    proptest! {
        #[test]
        fn a_bucket_is_within_one_percent_of_its_times(time in any::<u64>()) {
            let middle = middle_of(index_of(time));
            prop_assert!(middle.abs_diff(time) as f64 <= time as f64 * 0.01, "{} for {}", middle, time);
        }

        #[test]
        fn buckets_ascend_with_times(a in any::<u64>(), b in any::<u64>()) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(index_of(low) <= index_of(high));
        }

        #[test]
        fn quantiles_are_within_one_percent(mut times in proptest::collection::vec(1_u64..10_000_000_000, 1..300), part in 0.0..=1.0_f64) {
            let mut recorded = Latencies::default();
            times.iter().for_each(|time| recorded.record(Duration::from_nanos(*time)));
            times.sort_unstable();
            let rank = ((part * times.len() as f64).ceil() as usize).max(1);
            let exact = times[rank - 1] as f64;
            prop_assert!((nanos(recorded.quantile(part)) - exact).abs() <= exact * 0.01);
        }

        #[test]
        fn merging_is_recording_all(a in proptest::collection::vec(any::<u64>(), 0..50), b in proptest::collection::vec(any::<u64>(), 0..50)) {
            let record = |times: &[u64]| {
                let mut recorded = Latencies::default();
                times.iter().for_each(|time| recorded.record(Duration::from_nanos(*time)));
                recorded
            };
            let mut merged = record(&a);
            merged.merge(&record(&b));
            prop_assert_eq!(merged, record(&[a, b].concat()));
        }
    }
}
