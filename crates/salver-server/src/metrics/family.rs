//! Metrics at one moment, as plain values.

use salver_core::Histogram;
use salver_core::requests::{Durations, Exemplar};

/// What the values of a metric mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// What is now.
    Gauge,
    /// Samples by size.
    Histogram,
}

/// The values of one metric for one set of label values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Values, in the order of [`Family::label_names`].
    pub labels: Vec<String>,
    /// The count or the present value; of a histogram the sum of its samples.
    pub value: u64,
    /// Histogram: samples in each bucket, one more than [`Family::limits`].
    pub bucket_counts: Vec<u64>,
    /// Histogram: traced requests that stand for a bucket, by its index.
    pub exemplars: Vec<(usize, Exemplar)>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Internal name, with slashes where it is one of the reference.
    pub name: String,
    /// What its values mean.
    pub kind: Kind,
    /// Names of its labels.
    pub label_names: &'static [&'static str],
    /// Histogram: upper bounds of the buckets, in the unit of the metric.
    pub limits: &'static [f64],
    /// How many of the unit one in [`Series::value`] is.
    pub scale: f64,
    /// In no order.
    pub series: Vec<Series>,
}

impl Family {
    pub(crate) fn counter(name: impl Into<String>, label_names: &'static [&'static str]) -> Self {
        Self { name: name.into(), kind: Kind::Counter, label_names, limits: &[], scale: 1.0, series: Vec::new() }
    }

    pub(crate) fn gauges(name: impl Into<String>, label_names: &'static [&'static str]) -> Self {
        Self { kind: Kind::Gauge, ..Self::counter(name, label_names) }
    }

    /// A gauge without labels.
    pub(crate) fn gauge(name: impl Into<String>, value: u64) -> Self {
        Self::gauges(name, &[]).with(&[], value)
    }

    pub(crate) fn histogram(
        name: impl Into<String>,
        label_names: &'static [&'static str],
        limits: &'static [f64],
    ) -> Self {
        Self { kind: Kind::Histogram, limits, ..Self::counter(name, label_names) }
    }

    /// A histogram in seconds, whose samples are nanoseconds.
    pub(crate) fn seconds(
        name: impl Into<String>,
        label_names: &'static [&'static str],
        limits: &'static [f64],
    ) -> Self {
        Self { scale: 1e-9, ..Self::histogram(name, label_names, limits) }
    }

    /// Adds the count for these label values.
    pub(crate) fn push(&mut self, labels: &[&str], value: u64) {
        self.series.push(Series { labels: owned(labels), value, bucket_counts: Vec::new(), exemplars: Vec::new() });
    }

    /// Adds the samples for these label values.
    pub(crate) fn push_samples(&mut self, labels: &[&str], histogram: &Histogram) {
        let (bucket_counts, value) = histogram.snapshot();
        self.series.push(Series { labels: owned(labels), value, bucket_counts, exemplars: Vec::new() });
    }

    /// Adds the durations for these label values.
    pub(crate) fn push_durations(&mut self, labels: &[&str], durations: &Durations) {
        // Before the counts, which are to have every exemplar in them.
        let exemplars = durations.exemplars();
        let (bucket_counts, value) = durations.histogram().snapshot();
        self.series.push(Series { labels: owned(labels), value, bucket_counts, exemplars });
    }

    /// Itself, with the count for these label values.
    pub(crate) fn with(mut self, labels: &[&str], value: u64) -> Self {
        self.push(labels, value);
        self
    }

    /// Itself, with the samples for these label values.
    pub(crate) fn with_samples(mut self, labels: &[&str], histogram: &Histogram) -> Self {
        self.push_samples(labels, histogram);
        self
    }
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}
