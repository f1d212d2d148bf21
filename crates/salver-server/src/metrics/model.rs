//! What is counted of the requests to one model.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use salver_core::histogram::{EXAMPLE_LIMITS, LATENCY_LIMITS};
use salver_core::requests::Outcomes;
use salver_core::table::Runner;
use salver_core::{Code, Histogram};

use crate::inference::Api;
use crate::metrics::{Entrypoint, Family};

/// The APIs whose requests are counted, as metrics name them: over gRPC and in `runtime_latency`, and over REST.
const APIS: &[(Api, &str, &str)] = &[
    (Api::Predict, "Predict", "predict"),
    (Api::PredictStreamed, "PredictStreamed", "predict_streamed"),
    (Api::Classify, "Classify", "classify"),
    (Api::Regress, "Regress", "regress"),
    (Api::SessionRun, "SessionRun", "session_run"),
];

const NUM_APIS: usize = APIS.len();

/// What ran a model: the label `runtime`. The reference has `TF1` for TensorFlow's graph executor, which is ours, too.
const RUNTIMES: [&str; 2] = ["TF1", "PYTHON"];

/// Place of an API in [`APIS`]; `None` for one that is not counted.
fn place(api: Api) -> Option<usize> {
    APIS.iter().position(|(known, ..)| *known == api)
}

/// The name of an entrypoint in the reference's metrics.
fn label(entrypoint: Entrypoint) -> &'static str {
    match entrypoint {
        Entrypoint::Grpc => "GRPC",
        Entrypoint::Rest => "REST",
    }
}

/// Made when it is first needed.
type Samples = OnceLock<Arc<Histogram>>;

fn latency(slot: &Samples) -> &Arc<Histogram> {
    slot.get_or_init(|| Arc::new(Histogram::new(&LATENCY_LIMITS)))
}

/// How the requests that name one model ended and how long they took.
#[derive(Debug, Default)]
pub(crate) struct ModelMetrics {
    /// By number of the code.
    request_count: [AtomicU64; Code::ALL.len()],
    grpc_latency: [Samples; NUM_APIS],
    rest_latency: [Samples; NUM_APIS],
    /// HTTP requests that are no inference.
    other_latency: Samples,
    runtime_latency: [[Samples; NUM_APIS]; RUNTIMES.len()],
    examples: Samples,
    /// Of requests that reached no version.
    pub(crate) astray: Outcomes,
}

impl ModelMetrics {
    /// Counts a request that ended; `None` is an HTTP request that is no inference.
    pub(crate) fn count(&self, api: Option<Api>, entrypoint: Entrypoint, code: Code, micros: impl FnOnce() -> u64) {
        let place = api.map(place);
        let Some(slot) = (match (place, entrypoint) {
            (None, _) => Some(&self.other_latency),
            (Some(place), Entrypoint::Grpc) => place.map(|place| &self.grpc_latency[place]),
            (Some(place), Entrypoint::Rest) => place.map(|place| &self.rest_latency[place]),
        }) else {
            return;
        };
        self.request_count[code as usize].fetch_add(1, Ordering::Relaxed);
        if code == Code::Ok {
            latency(slot).record(micros());
        }
    }

    /// Counts the examples of a request.
    pub(crate) fn count_examples(&self, count: u64) {
        self.examples.get_or_init(|| Arc::new(Histogram::new(&EXAMPLE_LIMITS))).record(count);
    }

    /// What takes in the runs for requests of `api`.
    pub(crate) fn runtime_latency(&self, api: Api, runner: &Runner) -> Option<Arc<Histogram>> {
        let runtime = match runner {
            Runner::Native(_) => 0,
            Runner::Foreign(_) => 1,
        };
        place(api).map(|place| latency(&self.runtime_latency[runtime][place]).clone())
    }

    /// Adds what there is of this model.
    pub(crate) fn add_to(&self, model: &str, families: &mut ModelFamilies) {
        for (code, count) in Code::ALL.iter().zip(&self.request_count) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                families.request_count.push(&[model, code.name()], count);
            }
        }
        if let Some(examples) = self.examples.get() {
            families.example_counts.push_samples(&[model], examples);
            families.example_count_total.push(&[model], examples.snapshot().1);
        }
        let add = |family: &mut Family, labels: [&str; 3], slot: &Samples| {
            if let Some(samples) = slot.get() {
                family.push_samples(&labels, samples);
            }
        };
        add(&mut families.request_latency, [model, "", label(Entrypoint::Rest)], &self.other_latency);
        for (place, (_, grpc, rest)) in APIS.iter().enumerate() {
            let latency = &mut families.request_latency;
            add(latency, [model, grpc, label(Entrypoint::Grpc)], &self.grpc_latency[place]);
            add(latency, [model, rest, label(Entrypoint::Rest)], &self.rest_latency[place]);
            for (runtime, slots) in RUNTIMES.iter().zip(&self.runtime_latency) {
                add(&mut families.runtime_latency, [model, grpc, runtime], &slots[place]);
            }
        }
    }
}

/// The metrics that have a series for each model.
pub(crate) struct ModelFamilies {
    request_count: Family,
    request_latency: Family,
    runtime_latency: Family,
    example_counts: Family,
    example_count_total: Family,
}

impl Default for ModelFamilies {
    fn default() -> Self {
        let latency = |name, label_names| Family::histogram(name, label_names, &LATENCY_LIMITS);
        Self {
            request_count: Family::counter("/tensorflow/serving/request_count", &["model_name", "status"]),
            request_latency: latency("/tensorflow/serving/request_latency", &["model_name", "API", "entrypoint"]),
            runtime_latency: latency("/tensorflow/serving/runtime_latency", &["model_name", "API", "runtime"]),
            example_counts: Family::histogram(
                "/tensorflow/serving/request_example_counts",
                &["model"],
                &EXAMPLE_LIMITS,
            ),
            example_count_total: Family::counter("/tensorflow/serving/request_example_count_total", &["model"]),
        }
    }
}

impl ModelFamilies {
    pub(crate) fn into_vec(self) -> Vec<Family> {
        vec![
            self.request_count,
            self.request_latency,
            self.runtime_latency,
            self.example_counts,
            self.example_count_total,
        ]
    }
}
