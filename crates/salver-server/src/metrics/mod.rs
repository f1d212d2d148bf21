//! What operators are told of requests, counted without a lock.
//!
//! Requests are counted under the model name that the client sent, whether or not there is such a model. So that nobody
//! can fill the memory by asking for names that do not exist, only so many of them are kept apart; the others are
//! counted together, under [`OTHER_NAMES`]. Models that serve have their own counts always; those of models that serve no
//! longer stay for a while, so that their last requests count like the first.

mod batching;
mod family;
mod lines;
mod model;
mod padding;
mod requests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use salver_core::requests::{Times, TraceContext, VersionStats};
use salver_core::table::Runner;
use salver_core::{Code, Histogram};

use crate::inference::Api;

pub(crate) use batching::Batching;
pub use family::{Family, Kind, Series};
pub(crate) use lines::LineFamilies;
use model::{ModelFamilies, ModelMetrics};
pub(crate) use padding::PaddingSizes;
use requests::{RequestFamilies, Versions};
pub use salver_core::requests::Protocol as Entrypoint;

/// Names that never were in the serving table and are still counted each for itself.
const MAX_UNKNOWN_NAMES: usize = 1000;
/// Longer ones are not.
const MAX_UNKNOWN_NAME_BYTES: usize = 256;
/// Models that serve no longer and are still counted each for itself, the latest.
const MAX_GONE_MODELS: usize = 1000;
/// The model name under which all further unknown names are counted.
pub const OTHER_NAMES: &str = "(other)";

/// Names that have counts from the start.
const ALWAYS: [&str; 2] = ["", OTHER_NAMES];

type Models = HashMap<Arc<str>, Arc<ModelMetrics>>;

/// Counts since the start, by model.
#[derive(Debug)]
pub struct Metrics {
    /// Replaced whole when a name is added; a request takes no lock.
    models: ArcSwap<Models>,
    /// Those of the names that do not serve. The lock also lets one thread at a time replace `models`.
    outside: Mutex<Outside>,
    /// All further names.
    others: Arc<ModelMetrics>,
    versions: Mutex<Versions>,
}

/// Names that have counts and are not in the serving table.
#[derive(Debug, Default)]
struct Outside {
    /// Those that never were in it.
    unknown: HashSet<Arc<str>>,
    /// Those that were, in the order in which they left.
    gone: VecDeque<Arc<str>>,
}

impl Outside {
    /// Notes which of the `known` names serve no longer, and returns those that are gone for longest and too many.
    /// `num_known` of those that serve are known.
    fn note_gone(&mut self, known: &Models, serving: &[&str], num_known: usize) -> Vec<Arc<str>> {
        // Mostly so: a server that starts has its table published thousands of times.
        if known.len() <= ALWAYS.len() + self.unknown.len() + num_known {
            self.gone.clear();
            return Vec::new();
        }
        let serving: HashSet<_> = serving.iter().copied().collect();
        self.gone.retain(|name| !serving.contains(&**name));
        let noted: HashSet<_> = self.gone.iter().cloned().collect();
        let stays = |name: &Arc<str>| serving.contains(&**name) || ALWAYS.contains(&&**name);
        let is_noted = |name: &Arc<str>| self.unknown.contains(name) || noted.contains(name);
        let left: Vec<_> = known.keys().filter(|name| !stays(name) && !is_noted(name)).cloned().collect();
        self.gone.extend(left);
        let num_over = self.gone.len().saturating_sub(MAX_GONE_MODELS);
        self.gone.drain(..num_over).collect()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let others = Arc::<ModelMetrics>::default();
        let models = Models::from([(OTHER_NAMES.into(), others.clone()), ("".into(), Arc::default())]);
        Self { models: ArcSwap::from_pointee(models), outside: Mutex::default(), others, versions: Mutex::default() }
    }
}

impl Metrics {
    /// Counts a request that ended. `api` is `None` for HTTP requests of the API that are no inference; `micros`, its
    /// duration, is asked for where it succeeded.
    pub fn count_request(
        &self,
        model: &str,
        api: Option<Api>,
        entrypoint: Entrypoint,
        code: Code,
        micros: impl FnOnce() -> u64,
    ) {
        self.with_model(model, |metrics| metrics.count(api, entrypoint, code, micros));
    }

    /// Counts the examples of a MultiInference that succeeded; other APIs have no such count in the reference either.
    pub fn count_examples(&self, model: &str, count: u64) {
        self.with_model(model, |metrics| metrics.count_examples(count));
    }

    /// What takes in the runs of a model for requests of `api`.
    pub(crate) fn runtime_latency(&self, model: &str, api: Api, runner: &Runner) -> Option<Arc<Histogram>> {
        self.with_model(model, |metrics| metrics.runtime_latency(api, runner))
    }

    /// Counts a request that reached no version.
    pub(crate) fn count_astray(
        &self,
        model: &str,
        entrypoint: Entrypoint,
        code: Code,
        times: &Times,
        trace: Option<&TraceContext>,
    ) {
        self.with_model(model, |metrics| metrics.astray.record(entrypoint, code, times, trace));
    }

    /// Tells of the requests to these versions from now on.
    pub(crate) fn follow(&self, versions: impl Iterator<Item = VersionStats>) {
        self.lock_versions().follow(versions.collect());
    }

    /// Makes room for the models that serve from now on, which are all that do.
    pub(crate) fn know<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let mut outside = self.lock();
        let known = self.models.load_full();
        let serving: Vec<_> = names.collect();
        let mut new = Vec::new();
        for name in &serving {
            outside.unknown.remove(*name);
            if !known.contains_key(*name) {
                new.push(*name);
            }
        }
        let forgotten = outside.note_gone(&known, &serving, serving.len() - new.len());
        if !new.is_empty() || !forgotten.is_empty() {
            let mut models = Models::clone(&known);
            forgotten.iter().for_each(|name| drop(models.remove(name)));
            models.extend(new.into_iter().map(|name| (Arc::from(name), Arc::default())));
            self.models.store(Arc::new(models));
        }
    }

    /// All counts of requests.
    pub fn snapshot(&self) -> Vec<Family> {
        let mut families = ModelFamilies::default();
        for (name, metrics) in self.models.load().iter() {
            metrics.add_to(name, &mut families);
        }
        families.into_vec()
    }

    /// What is told of requests by version.
    pub(crate) fn request_families(&self) -> Vec<Family> {
        let mut families = RequestFamilies::default();
        self.lock_versions().iter().for_each(|version| families.add(version));
        for (name, metrics) in self.models.load().iter() {
            families.add_astray(name, &metrics.astray);
        }
        families.into_vec()
    }

    fn lock_versions(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Outside> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_model<T>(&self, name: &str, work: impl FnOnce(&ModelMetrics) -> T) -> T {
        match self.models.load().get(name) {
            Some(metrics) => work(metrics),
            None => work(&self.add_unknown(name)),
        }
    }

    fn add_unknown(&self, name: &str) -> Arc<ModelMetrics> {
        let mut outside = self.lock();
        let models = self.models.load();
        if let Some(added_meanwhile) = models.get(name) {
            return added_meanwhile.clone();
        }
        if outside.unknown.len() >= MAX_UNKNOWN_NAMES || name.len() > MAX_UNKNOWN_NAME_BYTES {
            return self.others.clone();
        }
        let (name, metrics) = (Arc::<str>::from(name), Arc::<ModelMetrics>::default());
        let mut models = Models::clone(&models);
        outside.unknown.insert(name.clone());
        models.insert(name, metrics.clone());
        self.models.store(Arc::new(models));
        metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(metrics: &Metrics, model: &str, code: Code) {
        metrics.count_request(model, Some(Api::Predict), Entrypoint::Grpc, code, || 20);
    }

    fn requests(metrics: &Metrics, model: &str) -> u64 {
        let family = metrics.snapshot().swap_remove(0);
        family.series.iter().filter(|series| series.labels[0] == model).map(|series| series.value).sum()
    }

    #[test]
    fn requests_are_counted_by_name_and_outcome() {
        let metrics = Metrics::default();
        for code in [Code::Ok, Code::Ok, Code::NotFound] {
            count(&metrics, "m", code);
        }
        metrics.count_request("", None, Entrypoint::Rest, Code::InvalidArgument, || unreachable!("it failed"));
        let [count, latency, runtime, ..] = &metrics.snapshot()[..] else { panic!("families are missing") };
        let mut counts: Vec<_> = count.series.iter().map(|s| (s.labels.join(" "), s.value)).collect();
        counts.sort();
        assert_eq!(counts, [(" INVALID_ARGUMENT".into(), 1), ("m NOT_FOUND".into(), 1), ("m OK".into(), 2)]);
        assert_eq!(latency.series.len(), 1);
        assert_eq!(latency.series[0].labels, ["m", "Predict", "GRPC"]);
        assert_eq!((latency.series[0].value, latency.series[0].bucket_counts[2]), (40, 2));
        assert!(runtime.series.is_empty());
    }

    #[test]
    fn rest_has_its_own_words_and_none_for_what_is_no_inference() {
        let metrics = Metrics::default();
        for api in [Some(Api::Predict), None] {
            metrics.count_request("m", api, Entrypoint::Rest, Code::Ok, || 1);
        }
        let mut labels: Vec<_> = metrics.snapshot()[1].series.iter().map(|series| series.labels.join(" ")).collect();
        labels.sort();
        assert_eq!(labels, ["m  REST", "m predict REST"]);
    }

    #[test]
    fn examples_are_counted_by_request_and_in_all() {
        let metrics = Metrics::default();
        for count in [2, 3] {
            metrics.count_examples("m", count);
        }
        let [.., counts, total] = &metrics.snapshot()[..] else { panic!("families are missing") };
        assert_eq!((counts.series[0].value, &counts.series[0].bucket_counts[..4]), (5, &[0, 0, 2, 0][..]));
        assert_eq!((total.series[0].labels.join(" "), total.series[0].value), ("m".to_owned(), 5));
    }

    #[test]
    fn names_that_do_not_exist_take_a_bounded_room() {
        let metrics = Metrics::default();
        for index in 0..2 * MAX_UNKNOWN_NAMES {
            count(&metrics, &index.to_string(), Code::NotFound);
        }
        count(&metrics, &"x".repeat(1 << 20), Code::NotFound);
        assert_eq!(metrics.models.load().len(), MAX_UNKNOWN_NAMES + 2);
        assert_eq!(requests(&metrics, "0"), 1);
        assert_eq!(requests(&metrics, OTHER_NAMES), MAX_UNKNOWN_NAMES as u64 + 1);
    }

    #[test]
    fn models_that_serve_are_counted_whatever_was_asked_before() {
        let metrics = Metrics::default();
        for index in 0..MAX_UNKNOWN_NAMES {
            count(&metrics, &index.to_string(), Code::NotFound);
        }
        metrics.know(["0", "served"].into_iter());
        count(&metrics, "served", Code::Ok);
        count(&metrics, "0", Code::Ok);
        assert_eq!((requests(&metrics, "served"), requests(&metrics, "0")), (1, 2));
        count(&metrics, "one more", Code::NotFound);
        assert_eq!(requests(&metrics, "one more"), 1, "a name that serves left its room to another");
        metrics.know(std::iter::empty());
        assert_eq!(requests(&metrics, "served"), 1, "counts outlive the model");
    }

    #[test]
    fn models_that_are_gone_take_a_bounded_room() {
        let metrics = Metrics::default();
        count(&metrics, "unknown", Code::NotFound);
        let names: Vec<_> = (0..MAX_GONE_MODELS + 10).map(|index| index.to_string()).collect();
        for name in &names {
            metrics.know(["stays", name].into_iter());
            count(&metrics, name, Code::Ok);
            count(&metrics, "stays", Code::Ok);
        }
        // Back and gone again: it is the last that left.
        metrics.know(["stays", "20"].into_iter());
        metrics.know(["stays"].into_iter());
        assert_eq!(metrics.models.load().len(), MAX_GONE_MODELS + 4);
        assert_eq!(["9", "10", "20", "1009"].map(|name| requests(&metrics, name)), [0, 1, 1, 1]);
        assert_eq!((requests(&metrics, "stays"), requests(&metrics, "unknown")), (names.len() as u64, 1));
        metrics.know(["stays", "another"].into_iter());
        metrics.know(["stays"].into_iter());
        assert_eq!(["10", "20"].map(|name| requests(&metrics, name)), [0, 1]);
        count(&metrics, "9", Code::NotFound);
        assert_eq!(requests(&metrics, "9"), 1, "a name that was forgotten begins anew");
    }

    #[test]
    fn a_name_is_added_once_by_many_threads() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|index| count(&metrics, &(index % 10).to_string(), Code::Ok)));
            }
        });
        assert!((0..10).all(|index| requests(&metrics, &index.to_string()) == 40));
    }
}
