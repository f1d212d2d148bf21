//! What is counted of the requests to one version.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::outcomes::Outcomes;

/// Counts of one signature of a version.
#[derive(Debug)]
pub struct SignatureStats {
    version: Arc<Common>,
    signature: Arc<str>,
    /// How its requests ended.
    pub outcomes: Outcomes,
}

#[derive(Debug)]
struct Common {
    model: Arc<str>,
    number: i64,
    num_in_flight: AtomicUsize,
}

impl SignatureStats {
    /// Name of the model.
    pub fn model(&self) -> &Arc<str> {
        &self.version.model
    }

    /// Number of the version.
    pub fn version(&self) -> i64 {
        self.version.number
    }

    /// Name of the signature; empty for calls by what is no signature of its own.
    pub fn signature(&self) -> &Arc<str> {
        &self.signature
    }

    /// Counts a request as under way until the value is dropped.
    pub fn enter(self: &Arc<Self>) -> InFlight {
        self.version.num_in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }
}

/// A request that is under way.
#[derive(Debug)]
pub struct InFlight(Arc<SignatureStats>);

impl InFlight {
    /// Where it is counted.
    pub fn stats(&self) -> &Arc<SignatureStats> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.version.num_in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts of one version. They may outlive it, and hold nothing of it.
#[derive(Clone, Debug)]
pub struct VersionStats {
    common: Arc<Common>,
    signatures: Arc<[Arc<SignatureStats>]>,
}

impl VersionStats {
    /// Counts of a version with these signatures, and of calls that are by none of them.
    pub fn new(model: Arc<str>, number: i64, signatures: impl IntoIterator<Item = Arc<str>>) -> Self {
        let common = Arc::new(Common { model, number, num_in_flight: AtomicUsize::new(0) });
        let of =
            |signature| Arc::new(SignatureStats { version: common.clone(), signature, outcomes: Outcomes::default() });
        let others: Arc<str> = "".into();
        Self { signatures: signatures.into_iter().chain([others]).map(of).collect(), common }
    }

    /// Those of one signature; of one that is not there, those of the others.
    pub fn signature(&self, name: &str) -> &Arc<SignatureStats> {
        let last = self.signatures.len() - 1;
        self.signatures.iter().find(|stats| *stats.signature == *name).unwrap_or(&self.signatures[last])
    }

    /// Those of all signatures.
    pub fn signatures(&self) -> &[Arc<SignatureStats>] {
        &self.signatures
    }

    /// Name of the model.
    pub fn model(&self) -> &Arc<str> {
        &self.common.model
    }

    /// Number of the version.
    pub fn number(&self) -> i64 {
        self.common.number
    }

    /// Requests that are queued, run, or wait to be answered.
    pub fn num_in_flight(&self) -> usize {
        self.common.num_in_flight.load(Ordering::Relaxed)
    }

    /// Whether it ever had a request.
    pub fn was_used(&self) -> bool {
        self.num_in_flight() > 0 || self.signatures.iter().any(|stats| !stats.outcomes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_flight_until_it_is_dropped_whatever_its_signature() {
        let version = VersionStats::new("m".into(), 3, ["a".into(), "b".into()]);
        let first = version.signature("a").enter();
        let second = version.signature("no such").enter();
        assert_eq!(version.num_in_flight(), 2);
        assert_eq!((&**first.stats().signature(), &**second.stats().signature()), ("a", ""));
        drop((first, second));
        assert_eq!((version.num_in_flight(), version.was_used()), (0, false));
    }
}
