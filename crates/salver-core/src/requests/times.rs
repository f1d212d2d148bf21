//! When a request passed from one phase to the next.

use std::time::{Duration, Instant};

/// Where a request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// From the last byte of its body to the queue.
    Decode,
    /// Until it is taken from its line, in the batch that is to run.
    Queue,
    /// Until the inputs of that batch are joined, and with whoever runs them.
    Batch,
    /// Until its batch is over.
    Run,
    /// Until the answer can be written.
    Encode,
}

impl Phase {
    /// All of them, in the order in which they are passed.
    pub const ALL: [Self; 5] = [Self::Decode, Self::Queue, Self::Batch, Self::Run, Self::Encode];

    /// Its name in metrics, logs and traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Queue => "queue",
            Self::Batch => "batch",
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
    /// Its batch was formed.
    pub batched: Option<Instant>,
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
        Self { started: now, received: None, queued: None, batched: None, run_begun: None, run_ended: None, ended: now }
    }

    /// From its first byte to its end.
    pub fn duration(&self) -> Duration {
        self.ended.saturating_duration_since(self.started)
    }

    /// When each phase that it reached began, and how long it took: up to the next that it reached.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, Instant, Duration)> {
        let begins = [self.received, self.queued, self.batched, self.run_begun, self.run_ended];
        let ended = self.ended;
        Phase::ALL.into_iter().enumerate().filter_map(move |(index, phase)| {
            let begin = begins[index]?;
            let end = begins[index + 1..].iter().flatten().next().copied().unwrap_or(ended);
            Some((phase, begin, end.saturating_duration_since(begin)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(moments: [Option<u64>; 5], ended: u64) -> (Times, Vec<(&'static str, u64)>) {
        let started = Instant::now();
        let at = |millis: u64| started + Duration::from_millis(millis);
        let [received, queued, batched, run_begun, run_ended] = moments.map(|millis| millis.map(at));
        let times = Times { started, received, queued, batched, run_begun, run_ended, ended: at(ended) };
        let phases = times.phases().map(|(phase, _, took)| (phase.name(), took.as_millis() as u64)).collect();
        (times, phases)
    }

    #[test]
    fn the_phases_of_a_request_add_up_to_its_duration_less_the_upload() {
        let (times, phases) = times([Some(1), Some(3), Some(7), Some(15), Some(31)], 63);
        assert_eq!(phases, [("decode", 2), ("queue", 4), ("batch", 8), ("run", 16), ("encode", 32)]);
        assert_eq!(times.duration(), Duration::from_millis(63));
    }

    #[test]
    fn a_request_that_ends_early_was_in_its_last_phase_up_to_the_end() {
        let phases = |moments| times(moments, 9).1;
        assert_eq!(phases([None; 5]), []);
        assert_eq!(phases([Some(1), None, None, None, None]), [("decode", 8)]);
        assert_eq!(phases([Some(1), Some(2), None, None, None]), [("decode", 1), ("queue", 7)]);
        assert_eq!(phases([Some(1), Some(2), Some(4), None, None]), [("decode", 1), ("queue", 2), ("batch", 5)]);
    }

    #[test]
    fn a_phase_that_was_never_reached_leaves_no_gap() {
        let (_, phases) = times([Some(1), Some(2), Some(4), None, Some(7)], 9);
        assert_eq!(phases, [("decode", 1), ("queue", 2), ("batch", 3), ("encode", 2)]);
    }
}
