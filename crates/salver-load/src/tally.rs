//! What a thread counts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use salver_core::Code;

use crate::Latencies;

/// As much of what a failure says as is kept.
pub(crate) const MAX_MESSAGE_BYTES: usize = 2000;
/// The longest answer that is kept.
pub(crate) const MAX_KEPT_BYTES: usize = 64 << 20;

/// Failures of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// What the first of them said.
    pub message: String,
}

/// How one request ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Answered, with so many bytes of body.
    Answered(usize),
    /// Not answered as it should be.
    Failed(Failure),
}

/// Why a request failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// A gRPC code by name, an HTTP status, `TIMEOUT` or `CONNECTION`.
    pub(crate) kind: Cow<'static, str>,
    pub(crate) message: String,
}

impl Failure {
    /// The kind of a request that had no answer in time.
    pub(crate) const TIMEOUT: &'static str = "TIMEOUT";
    /// The kind of a request whose connection was lost.
    pub(crate) const CONNECTION: &'static str = "CONNECTION";

    /// With all that the error says of its causes: the outermost alone often says nothing.
    pub(crate) fn connection(error: &dyn Error) -> Self {
        let (mut message, mut cause) = (error.to_string(), error.source());
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = inner.source();
        }
        Self { kind: Self::CONNECTION.into(), message: cut(message) }
    }

    /// An answer that was to be kept, and of which there is no end.
    pub(crate) fn too_large() -> Self {
        let message = format!("the answer is longer than {} MiB", MAX_KEPT_BYTES >> 20);
        Self { kind: Code::ResourceExhausted.name().into(), message }
    }

    pub(crate) fn timeout(limit: Duration) -> Self {
        Self { kind: Self::TIMEOUT.into(), message: format!("no answer within {} s", limit.as_secs_f64()) }
    }
}

/// A message of a server, as much of it as is kept.
pub(crate) fn cut(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
    message
}

/// Requests that count, by how they ended.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Times of the requests that were answered.
    pub latencies: Latencies,
    /// Answers that came within the counted time, whenever their requests were due: what a rate is made of.
    pub num_within: u64,
    /// The same times since they were last taken.
    pub recent: Latencies,
    /// Answers by body.
    pub answered: Vec<u64>,
    /// Failures by kind: a gRPC code by name, an HTTP status, `TIMEOUT` or `CONNECTION`.
    pub failures: BTreeMap<Cow<'static, str>, Failures>,
    /// Bytes of bodies that were sent.
    pub sent_bytes: u64,
    /// Bytes of bodies that came back.
    pub received_bytes: u64,
    /// By how much the generator itself was late in handing out requests that were due.
    pub lags: Latencies,
    /// Requests that were due and for which there was no room.
    pub num_dropped: u64,
    /// Bytes of the first good answer, where it is kept.
    pub reply: Option<Vec<u8>>,
}

impl Tally {
    /// An empty one for so many bodies.
    pub(crate) fn new(num_bodies: usize) -> Self {
        Self { answered: vec![0; num_bodies], ..Self::default() }
    }

    /// Counts one request.
    pub(crate) fn record(&mut self, body: usize, sent_bytes: usize, took: Duration, outcome: Outcome) {
        self.sent_bytes += sent_bytes as u64;
        match outcome {
            Outcome::Answered(bytes) => {
                self.latencies.record(took);
                self.recent.record(took);
                self.answered[body] += 1;
                self.received_bytes += bytes as u64;
            }
            Outcome::Failed(failure) => {
                let kept = self.failures.entry(failure.kind).or_default();
                if kept.count == 0 {
                    kept.message = failure.message;
                }
                kept.count += 1;
            }
        }
    }

    /// Requests that were answered.
    pub fn num_answered(&self) -> u64 {
        self.latencies.count()
    }

    /// Requests that failed.
    pub fn num_failed(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    /// Takes in what another one counted.
    pub(crate) fn merge(&mut self, other: &Tally) {
        self.latencies.merge(&other.latencies);
        self.num_within += other.num_within;
        self.recent.merge(&other.recent);
        self.lags.merge(&other.lags);
        for (own, more) in self.answered.iter_mut().zip(&other.answered) {
            *own += more;
        }
        for (kind, failures) in &other.failures {
            let own = self.failures.entry(kind.clone()).or_default();
            if own.count == 0 {
                own.message.clone_from(&failures.message);
            }
            own.count += failures.count;
        }
        self.sent_bytes += other.sent_bytes;
        self.received_bytes += other.received_bytes;
        self.num_dropped += other.num_dropped;
        if self.reply.is_none() {
            self.reply.clone_from(&other.reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: &'static str, message: &str) -> Outcome {
        Outcome::Failed(Failure { kind: kind.into(), message: message.into() })
    }

    #[test]
    fn failures_keep_the_first_message_of_their_kind_and_no_time() {
        let mut tally = Tally::new(2);
        tally.record(1, 10, Duration::from_millis(5), Outcome::Answered(7));
        tally.record(0, 10, Duration::from_millis(5), failed("NOT_FOUND", "first"));
        tally.record(1, 10, Duration::from_millis(5), failed("NOT_FOUND", "second"));
        assert_eq!(tally.answered, [0, 1]);
        assert_eq!((tally.num_answered(), tally.num_failed()), (1, 2));
        assert_eq!((tally.sent_bytes, tally.received_bytes), (30, 7));
        assert_eq!(tally.failures["NOT_FOUND"], Failures { count: 2, message: "first".into() });
    }

    #[test]
    fn threads_add_up() {
        let mut all = Tally::new(1);
        for _ in 0..2 {
            let mut one = Tally::new(1);
            one.record(0, 1, Duration::from_millis(5), Outcome::Answered(1));
            one.record(0, 1, Duration::from_millis(5), failed("429", "full"));
            one.num_dropped = 3;
            one.num_within = 4;
            all.merge(&one);
        }
        assert_eq!((all.num_answered(), all.num_failed(), all.num_dropped, all.num_within), (2, 2, 6, 8));
        assert_eq!(all.failures["429"].message, "full");
    }
}
