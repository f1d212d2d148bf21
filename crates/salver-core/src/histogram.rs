//! Samples counted by size.

use std::sync::atomic::{AtomicU64, Ordering};

/// `scale`, `scale * growth`, ...: each limit made from the one before it, as the reference makes them.
const fn exponential<const N: usize>(scale: f64, growth: f64) -> [f64; N] {
    let mut limits = [scale; N];
    let mut index = 1;
    while index < N {
        limits[index] = limits[index - 1] * growth;
        index += 1;
    }
    limits
}

/// 2, 3, 5, 9, 17, ...: one above the powers of two.
const fn above_powers_of_two<const N: usize>() -> [f64; N] {
    let mut limits = exponential(1.0, 2.0);
    let mut index = 0;
    while index < N {
        limits[index] += 1.0;
        index += 1;
    }
    limits
}

/// Limits for the microseconds of a request or a run.
pub static LATENCY_LIMITS: [f64; 33] = exponential(10.0, 1.8);
/// Limits for the microseconds that work waits in a queue.
pub static QUEUING_LIMITS: [f64; 52] = exponential(100.0, 1.2);
/// Limits for the rows of a batch.
pub static ROW_LIMITS: [f64; 14] = exponential(1.0, 2.0);
/// Limits that put the sizes of batches into 1, 2, up to 4, up to 8, ... rows: a full batch falls into a bucket with those
/// that are nearly full.
pub static BATCH_LIMITS: [f64; 21] = above_powers_of_two();
/// Limits for the examples of a request.
pub static EXAMPLE_LIMITS: [f64; 15] = exponential(1.0, 2.0);

/// Counts of samples between limits, and their sum. A sample costs two atomic additions; there is no lock.
#[derive(Debug)]
pub struct Histogram {
    limits: &'static [f64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// An empty histogram with a bucket below each of `limits`, which ascend, and one for what is not below the last.
    pub fn new(limits: &'static [f64]) -> Self {
        let counts = (0..=limits.len()).map(|_| AtomicU64::new(0)).collect();
        Self { limits, counts, sum: AtomicU64::new(0) }
    }

    /// Takes in one sample; one that equals a limit falls into the bucket above it.
    pub fn record(&self, sample: u64) {
        self.counts[self.bucket_of(sample)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(sample, Ordering::Relaxed);
    }

    /// The bucket that a sample falls into.
    pub fn bucket_of(&self, sample: u64) -> usize {
        self.limits.partition_point(|limit| *limit <= sample as f64)
    }

    /// Whether it has no sample.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| count.load(Ordering::Relaxed) == 0)
    }

    /// The limits that it was made with.
    pub fn limits(&self) -> &'static [f64] {
        self.limits
    }

    /// Samples in each bucket, one more than limits, and the sum of all.
    pub fn snapshot(&self) -> (Vec<u64>, u64) {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        (counts, self.sum.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket_of(sample: u64) -> usize {
        static LIMITS: [f64; 3] = exponential(1.0, 2.0);
        let histogram = Histogram::new(&LIMITS);
        histogram.record(sample);
        let (counts, sum) = histogram.snapshot();
        assert_eq!((counts.len(), counts.iter().sum::<u64>(), sum), (4, 1, sample));
        counts.iter().position(|count| *count == 1).unwrap()
    }

    #[test]
    fn a_sample_on_a_limit_falls_into_the_bucket_above() {
        for (sample, bucket) in [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (u64::MAX, 3)] {
            assert_eq!(bucket_of(sample), bucket, "{sample}");
        }
    }

    #[test]
    fn limits_grow_from_one_to_the_next_in_double_precision() {
        assert_eq!(LATENCY_LIMITS[..4], [10.0, 18.0, 32.4, 32.4 * 1.8]);
        assert_eq!(format!("{:.5e}", LATENCY_LIMITS[32]), "1.47476e9");
        assert_eq!(format!("{:.5e}", QUEUING_LIMITS[51]), "1.09205e6");
        assert_eq!((ROW_LIMITS[13], EXAMPLE_LIMITS[14]), (8192.0, 16384.0));
        assert_eq!((&BATCH_LIMITS[..4], BATCH_LIMITS[20]), (&[2.0, 3.0, 5.0, 9.0][..], 1_048_577.0));
    }
}
