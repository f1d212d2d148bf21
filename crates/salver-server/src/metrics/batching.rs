//! What is told of requests that wait to be joined into batches.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use salver_core::Histogram;
use salver_core::batching::Work;
use salver_core::histogram::{QUEUING_LIMITS, ROW_LIMITS};
use salver_core::task::{Batch, PredictTask};

use crate::metrics::{Family, PaddingSizes};

/// Counts of all models that batch, together. Models that do not batch cost nothing here.
#[derive(Debug)]
pub(crate) struct Batching {
    queuing_latency: Histogram,
    wrapped_run_count: AtomicU64,
    input_batch_size: Histogram,
    processed_batch_size: Histogram,
    padding_size: PaddingSizes,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            queuing_latency: Histogram::new(&QUEUING_LIMITS),
            wrapped_run_count: AtomicU64::new(0),
            input_batch_size: Histogram::new(&ROW_LIMITS),
            processed_batch_size: Histogram::new(&ROW_LIMITS),
            padding_size: PaddingSizes::default(),
        }
    }
}

impl Batching {
    /// Notes a request on its way to the queue: one sample for each input tensor.
    pub(crate) fn enter(&self, task: &PredictTask) {
        if task.pinned.joins_requests() {
            task.inputs
                .iter()
                .filter_map(|input| input.num_rows())
                .for_each(|rows| self.input_batch_size.record(rows as u64));
        }
    }

    /// Notes a batch that runs now.
    pub(crate) fn run(&self, batch: &Batch) {
        if !batch.target().joins_requests() {
            return;
        }
        let now = Instant::now();
        for task in batch.tasks() {
            self.queuing_latency.record(micros(now.saturating_duration_since(task.queued_at())));
        }
        self.wrapped_run_count.fetch_add(1, Ordering::Relaxed);
        self.processed_batch_size.record(batch.num_executed_rows() as u64);
        self.padding_size.record(batch);
    }

    /// The two sizes are there once there was a batch, as in the reference.
    pub(crate) fn snapshot(&self) -> Vec<Family> {
        let name = |name: &str| format!("/tensorflow/serving/batching_session/{name}");
        let num_runs = self.wrapped_run_count.load(Ordering::Relaxed);
        let queuing = Family::histogram(name("queuing_latency"), &["thread_pool_name"], &QUEUING_LIMITS);
        let runs = Family::counter(name("wrapped_run_count"), &[]);
        if num_runs == 0 {
            return vec![queuing, runs];
        }
        let size = |which, samples| Family::histogram(name(which), &[], &ROW_LIMITS).with_samples(&[], samples);
        vec![
            queuing.with_samples(&[""], &self.queuing_latency),
            runs.with(&[], num_runs),
            size("input_batch_size", &self.input_batch_size),
            size("processed_batch_size", &self.processed_batch_size),
            self.padding_size.family(name("padding_size")),
        ]
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
