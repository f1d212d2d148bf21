//! What is told of the batches of each signature.
//!
//! Only of models that batch and signatures that had work, and only as long as their version serves: a series leaves with
//! its version.

use salver_core::batching::{Line, Load};
use salver_core::histogram::{BATCH_LIMITS, LATENCY_LIMITS};
use salver_core::table::Target;

use crate::metrics::Family;

const LABELS: &[&str] = &["model_name", "version", "signature"];
const LABELS_AND_REASON: &[&str] = &["model_name", "version", "signature", "reason"];

/// The metrics that have a series for each signature.
pub(crate) struct LineFamilies {
    batches: Family,
    requests: Family,
    rows: Family,
    padding_rows: Family,
    refusals: Family,
    batch_rows: Family,
    wait: Family,
    run: Family,
    queued_rows: Family,
    in_flight: Family,
}

impl Default for LineFamilies {
    fn default() -> Self {
        let counter = |name: &str| Family::counter(format!("salver_batching_{name}_total"), LABELS);
        let by_reason = |name: &str| Family::counter(format!("salver_batching_{name}_total"), LABELS_AND_REASON);
        let gauge = |name: &str| Family::gauges(format!("salver_batching_{name}"), LABELS);
        let latency = |name: &str| Family::histogram(format!("salver_batching_{name}"), LABELS, &LATENCY_LIMITS);
        Self {
            batches: by_reason("batches"),
            requests: counter("requests"),
            rows: counter("rows"),
            padding_rows: counter("padding_rows"),
            refusals: by_reason("refusals"),
            batch_rows: Family::histogram("salver_batching_batch_rows", LABELS, &BATCH_LIMITS),
            wait: latency("wait_microseconds"),
            run: latency("run_microseconds"),
            queued_rows: gauge("queued_rows"),
            in_flight: gauge("in_flight_batches"),
        }
    }
}

impl LineFamilies {
    /// Adds what there is of the signatures of `target`; `load` says what one has on its hands.
    pub(crate) fn add(&mut self, target: &Target, load: impl Fn(&Line) -> Load) {
        if !target.joins_requests() {
            return;
        }
        let version = target.version().to_string();
        for line in target.lines().into_iter().filter(|line| line.was_used()) {
            self.add_line([target.name(), &version, line.name()], line, load(line));
        }
    }

    fn add_line(&mut self, labels: [&str; 3], line: &Line, load: Load) {
        let stats = line.stats();
        let [model, version, signature] = labels;
        for (reason, count) in stats.by_reason().filter(|(_, count)| *count > 0) {
            self.batches.push(&[model, version, signature, reason.name()], count);
        }
        for (refusal, count) in stats.by_refusal().filter(|(_, count)| *count > 0) {
            self.refusals.push(&[model, version, signature, refusal], count);
        }
        self.requests.push(&labels, stats.num_requests());
        self.rows.push(&labels, stats.num_rows());
        self.padding_rows.push(&labels, stats.num_padding_rows());
        self.batch_rows.push_samples(&labels, &stats.batch_rows);
        self.wait.push_samples(&labels, &stats.wait_micros);
        self.run.push_samples(&labels, &stats.run_micros);
        self.queued_rows.push(&labels, load.num_queued_rows as u64);
        self.in_flight.push(&labels, load.num_in_flight as u64);
    }

    pub(crate) fn into_vec(self) -> Vec<Family> {
        vec![
            self.batches,
            self.requests,
            self.rows,
            self.padding_rows,
            self.refusals,
            self.batch_rows,
            self.wait,
            self.run,
            self.queued_rows,
            self.in_flight,
        ]
    }
}
