//! How many requests ended how, and how long they and their phases took.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::exemplars::Exemplar;
use super::times::{Phase, Times};
use super::{Protocol, TraceContext};
use crate::histogram::Histogram;
use crate::status::Code;

const NUM_LIMITS: usize = 19;

/// Upper limits, inclusive, of the seconds of a request or a phase.
pub static DURATION_LIMITS_S: [f64; NUM_LIMITS] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5, 1.0, 2.5, 10.0, 60.0,
];
/// The same in nanoseconds, exclusive: one more, as nanoseconds are whole.
pub static DURATION_LIMITS_NS: [f64; NUM_LIMITS] = [
    10_001.0,
    25_001.0,
    50_001.0,
    100_001.0,
    250_001.0,
    500_001.0,
    1_000_001.0,
    2_500_001.0,
    5_000_001.0,
    10_000_001.0,
    25_000_001.0,
    50_000_001.0,
    100_000_001.0,
    250_000_001.0,
    500_000_001.0,
    1_000_000_001.0,
    2_500_000_001.0,
    10_000_000_001.0,
    60_000_000_001.0,
];

/// How long requests took that ended alike.
#[derive(Debug)]
pub struct Durations {
    histogram: Histogram,
    /// By bucket; there once one of them was traced.
    exemplars: OnceLock<Mutex<[Option<Exemplar>; NUM_LIMITS + 1]>>,
}

impl Default for Durations {
    fn default() -> Self {
        Self { histogram: Histogram::new(&DURATION_LIMITS_NS), exemplars: OnceLock::new() }
    }
}

impl Durations {
    /// Their nanoseconds.
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// The latest that was traced of each bucket that has one, by the bucket's index.
    pub fn exemplars(&self) -> Vec<(usize, Exemplar)> {
        let Some(exemplars) = self.exemplars.get() else { return Vec::new() };
        let exemplars = exemplars.lock().unwrap_or_else(PoisonError::into_inner);
        exemplars.iter().enumerate().filter_map(|(index, exemplar)| Some((index, (*exemplar)?))).collect()
    }

    fn record(&self, nanos: u64, trace: Option<&TraceContext>) {
        self.histogram.record(nanos);
        if let Some(trace) = trace {
            let exemplar = Exemplar { trace_id: trace.root.trace_id, nanos, at: std::time::SystemTime::now() };
            let exemplars = self.exemplars.get_or_init(Mutex::default);
            let bucket = self.histogram.bucket_of(nanos);
            exemplars.lock().unwrap_or_else(PoisonError::into_inner)[bucket] = Some(exemplar);
        }
    }
}

/// What is counted of requests of one protocol.
#[derive(Debug)]
struct OfProtocol {
    /// By number of the code; made when it is first needed.
    durations: [OnceLock<Box<Durations>>; Code::ALL.len()],
    phases: [Histogram; Phase::ALL.len()],
}

impl Default for OfProtocol {
    fn default() -> Self {
        Self {
            durations: [const { OnceLock::new() }; Code::ALL.len()],
            phases: Phase::ALL.map(|_| Histogram::new(&DURATION_LIMITS_NS)),
        }
    }
}

/// Counts of requests that have something in common. A request takes no lock; what was never needed takes no memory.
#[derive(Debug, Default)]
pub struct Outcomes {
    by_protocol: [OnceLock<Box<OfProtocol>>; Protocol::ALL.len()],
}

impl Outcomes {
    /// Counts a request that ended.
    pub fn record(&self, protocol: Protocol, code: Code, times: &Times, trace: Option<&TraceContext>) {
        let counts = self.by_protocol[protocol as usize].get_or_init(Box::default);
        counts.durations[code as usize].get_or_init(Box::default).record(nanos(times.duration()), trace);
        for (phase, _, took) in times.phases() {
            counts.phases[phase as usize].record(nanos(took));
        }
    }

    /// Whether there was any request.
    pub fn is_empty(&self) -> bool {
        self.by_protocol.iter().all(|counts| counts.get().is_none())
    }

    /// How long requests took, by how they came and ended.
    pub fn durations(&self) -> impl Iterator<Item = (Protocol, Code, &Durations)> {
        self.each_protocol().flat_map(|(protocol, counts)| {
            let durations = Code::ALL.into_iter().zip(&counts.durations);
            durations.filter_map(move |(code, durations)| Some((protocol, code, &**durations.get()?)))
        })
    }

    /// Nanoseconds of each phase that a request reached, by how requests came.
    pub fn phases(&self) -> impl Iterator<Item = (Protocol, Phase, &Histogram)> {
        self.each_protocol().flat_map(|(protocol, counts)| {
            let phases = Phase::ALL.into_iter().zip(&counts.phases).filter(|(_, took)| !took.is_empty());
            phases.map(move |(phase, took)| (protocol, phase, took))
        })
    }

    fn each_protocol(&self) -> impl Iterator<Item = (Protocol, &OfProtocol)> {
        Protocol::ALL
            .into_iter()
            .zip(&self.by_protocol)
            .filter_map(|(protocol, counts)| Some((protocol, &**counts.get()?)))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn times(millis: u64) -> Times {
        let started = Instant::now();
        let after = |part: u64| Some(started + Duration::from_millis(millis * part / 8));
        Times {
            started,
            received: after(1),
            queued: after(2),
            batched: after(3),
            run_begun: after(4),
            run_ended: after(5),
            ended: started + Duration::from_millis(millis),
        }
    }

    #[test]
    fn limits_are_the_same_in_both_units() {
        for (seconds, nanos) in DURATION_LIMITS_S.iter().zip(&DURATION_LIMITS_NS) {
            assert_eq!((seconds * 1e9).round() + 1.0, *nanos);
        }
    }

    #[test]
    fn requests_are_counted_by_how_they_came_and_ended() {
        let outcomes = Outcomes::default();
        assert!(outcomes.is_empty());
        outcomes.record(Protocol::Rest, Code::Ok, &times(8), None);
        outcomes.record(Protocol::Rest, Code::Ok, &times(16), None);
        outcomes.record(Protocol::Grpc, Code::NotFound, &times(8), None);
        let counted: Vec<_> = outcomes
            .durations()
            .map(|(protocol, code, durations)| (protocol.name(), code.name(), durations.histogram().snapshot().1))
            .collect();
        assert_eq!(counted, [("grpc", "NOT_FOUND", 8_000_000), ("rest", "OK", 24_000_000)]);
        let runs: Vec<_> = outcomes
            .phases()
            .filter(|(_, phase, _)| *phase == Phase::Run)
            .map(|(protocol, _, took)| (protocol.name(), took.snapshot().1))
            .collect();
        assert_eq!(runs, [("grpc", 1_000_000), ("rest", 3_000_000)]);
    }

    #[test]
    fn the_latest_request_that_was_traced_stands_for_those_of_its_size() {
        let outcomes = Outcomes::default();
        for millis in [8, 9, 800] {
            let trace = TraceContext::new(None, "", || millis);
            outcomes.record(Protocol::Grpc, Code::Ok, &times(millis), Some(&trace));
        }
        outcomes.record(Protocol::Grpc, Code::Ok, &times(10), None);
        let (_, _, durations) = outcomes.durations().next().unwrap();
        let exemplars: Vec<_> = durations
            .exemplars()
            .into_iter()
            .map(|(bucket, exemplar)| (DURATION_LIMITS_S[bucket], exemplar.nanos))
            .collect();
        assert_eq!(exemplars, [(0.01, 9_000_000), (1.0, 800_000_000)]);
    }
}
