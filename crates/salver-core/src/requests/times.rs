//! When a request passed from one phase to the next.

use std::time::{Duration, Instant};

/// Where a request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// From the last byte of its body to the queue.
    Decode,
    /// Until its batch begins to run.
    Queue,
    /// Until its batch is over.
    Run,
    /// Until the answer can be written.
    Encode,
}

impl Phase {
    /// All of them, in the order in which they are passed.
    pub const ALL: [Self; 4] = [Self::Decode, Self::Queue, Self::Run, Self::Encode];

    /// Its name in metrics, logs and traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Queue => "queue",
            Self::Run => "run",
            Self::Encode => "encode",
        }
    }
}

/// The moments of one request. Each that is there is not before the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Its first byte was read.
    pub started: Instant,
    /// Its body was there.
    pub received: Option<Instant>,
    /// It was queued.
    pub queued: Option<Instant>,
    /// Its batch began to run.
    pub run_begun: Option<Instant>,
    /// Its batch was over.
    pub run_ended: Option<Instant>,
    /// It was answered, or given up.
    pub ended: Instant,
}

impl Times {
    /// Those of a request that ended as soon as it began.
    pub fn at_once(now: Instant) -> Self {
        Self { started: now, received: None, queued: None, run_begun: None, run_ended: None, ended: now }
    }

    /// From its first byte to its end.
    pub fn duration(&self) -> Duration {
        self.ended.saturating_duration_since(self.started)
    }

    /// When each phase that it reached began, and how long it took.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, Instant, Duration)> {
        let begins = [self.received, self.queued, self.run_begun, self.run_ended];
        let ended = self.ended;
        Phase::ALL.into_iter().enumerate().filter_map(move |(index, phase)| {
            let begin = begins[index]?;
            let end = begins.get(index + 1).copied().flatten().unwrap_or(ended);
            Some((phase, begin, end.saturating_duration_since(begin)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(moments: [Option<u64>; 4], ended: u64) -> (Times, Vec<(&'static str, u64)>) {
        let started = Instant::now();
        let at = |millis: u64| started + Duration::from_millis(millis);
        let [received, queued, run_begun, run_ended] = moments.map(|millis| millis.map(at));
        let times = Times { started, received, queued, run_begun, run_ended, ended: at(ended) };
        let phases = times.phases().map(|(phase, _, took)| (phase.name(), took.as_millis() as u64)).collect();
        (times, phases)
    }

    #[test]
    fn the_phases_of_a_request_add_up_to_its_duration_less_the_upload() {
        let (times, phases) = times([Some(1), Some(3), Some(7), Some(15)], 31);
        assert_eq!(phases, [("decode", 2), ("queue", 4), ("run", 8), ("encode", 16)]);
        assert_eq!(times.duration(), Duration::from_millis(31));
    }

    #[test]
    fn a_request_that_ends_early_was_in_its_last_phase_up_to_the_end() {
        assert_eq!(times([None; 4], 5).1, []);
        assert_eq!(times([Some(1), None, None, None], 5).1, [("decode", 4)]);
        assert_eq!(times([Some(1), Some(2), None, None], 5).1, [("decode", 1), ("queue", 3)]);
    }
}
