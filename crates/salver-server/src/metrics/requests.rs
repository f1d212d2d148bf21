//! What is told of requests by version, signature and phase.
//!
//! There is a series for each signature that had requests. Those of versions that are gone stay for a while: the last
//! requests of a version count like the first. A request that reached no version is counted under the model name that it
//! gave, with an empty version and signature.

use std::collections::{HashMap, VecDeque};

use salver_core::requests::{DURATION_LIMITS_S, Outcomes, VersionStats};

use crate::metrics::Family;

const DURATION_LABELS: &[&str] = &["model_name", "version", "signature", "protocol", "code"];
const PHASE_LABELS: &[&str] = &["model_name", "version", "signature", "protocol", "phase"];
const VERSION_LABELS: &[&str] = &["model_name", "version"];

/// Versions that are gone and still told of, the latest.
const MAX_GONE: usize = 100;

/// The versions that are told of.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    serving: Vec<VersionStats>,
    gone: VecDeque<VersionStats>,
}

impl Versions {
    /// Notes which versions serve from now on.
    pub(crate) fn follow(&mut self, serving: Vec<VersionStats>) {
        let by_id: HashMap<_, _> = serving.iter().map(|version| (id(version), version)).collect();
        // A version that is loaded again begins anew: two series of the same name would be none.
        self.gone.retain(|version| !by_id.contains_key(&id(version)));
        let leaves = |version: &VersionStats| !by_id.contains_key(&id(version)) && version.was_used();
        self.gone.extend(self.serving.drain(..).filter(leaves));
        let num_over = self.gone.len().saturating_sub(MAX_GONE);
        self.gone.drain(..num_over);
        self.serving = serving;
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &VersionStats> {
        self.serving.iter().chain(&self.gone)
    }
}

fn id(version: &VersionStats) -> (&str, i64) {
    (version.model(), version.number())
}

/// The metrics that have a series for each version or signature.
pub(crate) struct RequestFamilies {
    durations: Family,
    phases: Family,
    in_flight: Family,
}

impl Default for RequestFamilies {
    fn default() -> Self {
        let seconds = |name: &str, labels| Family::seconds(name, labels, &DURATION_LIMITS_S);
        Self {
            durations: seconds("salver_request_duration_seconds", DURATION_LABELS),
            phases: seconds("salver_request_phase_seconds", PHASE_LABELS),
            in_flight: Family::gauges("salver_requests_in_flight", VERSION_LABELS),
        }
    }
}

impl RequestFamilies {
    /// Adds what there is of a version.
    pub(crate) fn add(&mut self, version: &VersionStats) {
        if !version.was_used() {
            return;
        }
        let number = version.number().to_string();
        self.in_flight.push(&[version.model(), &number], version.num_in_flight() as u64);
        for stats in version.signatures() {
            self.add_outcomes([version.model(), &number, stats.signature()], &stats.outcomes);
        }
    }

    /// Adds what there is of requests that reached no version of a model.
    pub(crate) fn add_astray(&mut self, model: &str, outcomes: &Outcomes) {
        self.add_outcomes([model, "", ""], outcomes);
    }

    fn add_outcomes(&mut self, [model, version, signature]: [&str; 3], outcomes: &Outcomes) {
        for (protocol, code, durations) in outcomes.durations() {
            self.durations.push_durations(&[model, version, signature, protocol.name(), code.name()], durations);
        }
        for (protocol, phase, took) in outcomes.phases() {
            self.phases.push_samples(&[model, version, signature, protocol.name(), phase.name()], took);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Family> {
        vec![self.durations, self.phases, self.in_flight]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i64) -> VersionStats {
        VersionStats::new("m".into(), number, ["s".into()])
    }

    fn numbers(versions: &Versions) -> Vec<i64> {
        versions.iter().map(VersionStats::number).collect()
    }

    #[test]
    fn a_version_that_was_used_was_used_of_when_it_is_gone() {
        let (used, idle) = (version(1), version(2));
        let _request = used.signature("s").enter();
        let mut versions = Versions::default();
        versions.follow(vec![used.clone(), idle]);
        versions.follow(vec![version(3)]);
        assert_eq!(numbers(&versions), [3, 1]);
        let mut families = RequestFamilies::default();
        versions.iter().for_each(|version| families.add(version));
        let [.., in_flight] = &families.into_vec()[..] else { panic!("families are missing") };
        assert_eq!(
            (in_flight.series.len(), &in_flight.series[0].labels[..], in_flight.series[0].value),
            (1, &["m".into(), "1".into()][..], 1)
        );
    }

    #[test]
    fn a_version_that_is_loaded_again_was_used_of_once() {
        let mut versions = Versions::default();
        let first = version(1);
        let _request = first.signature("s").enter();
        for serving in [vec![first.clone()], vec![], vec![version(1)]] {
            versions.follow(serving);
            assert_eq!(numbers(&versions), [1]);
        }
        versions.follow(vec![first]);
        versions.follow(vec![version(1)]);
        assert_eq!(numbers(&versions), [1], "at once, too");
    }

    #[test]
    fn versions_that_are_gone_take_a_bounded_room() {
        let mut versions = Versions::default();
        for number in 0..2 * MAX_GONE as i64 {
            let version = version(number);
            drop(version.signature("s").enter());
            let times = salver_core::requests::Times::at_once(std::time::Instant::now());
            let outcomes = &version.signature("s").outcomes;
            outcomes.record(salver_core::requests::Protocol::Grpc, salver_core::Code::Ok, &times, None);
            versions.follow(vec![version]);
        }
        assert_eq!((numbers(&versions).len(), numbers(&versions)[1]), (MAX_GONE + 1, MAX_GONE as i64 - 1));
    }
}
