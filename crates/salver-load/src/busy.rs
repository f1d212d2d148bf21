//! How busy the generator's own threads are.

use std::ops::Sub;
use std::time::Duration;

/// Processor time of a thread, and the time it stood ready without getting a processor.
///
/// Their sum is what a thread that is always at work uses up of the clock. The second part counts as well: on a machine
/// that the server shares, a generator may be the limit without ever filling a core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// Time on a processor.
    pub cpu: Duration,
    /// Time in line for one.
    pub waiting: Duration,
}

impl Busy {
    /// That of the calling thread so far; `None` where the system does not say (Linux does).
    pub fn of_this_thread() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/thread-self/schedstat").ok()?)
    }

    /// Reads the two numbers of nanoseconds that such a file begins with.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace().map(|number| number.parse().ok().map(Duration::from_nanos));
        Some(Self { cpu: numbers.next()??, waiting: numbers.next()?? })
    }
}

impl Sub for Busy {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(before.cpu), waiting: self.waiting.saturating_sub(before.waiting) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let expected = Busy { cpu: Duration::from_nanos(44_361_939), waiting: Duration::from_nanos(88_431) };
        assert_eq!(Busy::parse("44361939 88431 24\n"), Some(expected));
        assert_eq!(["", "12", "x y"].map(Busy::parse), [None; 3]);
    }

    #[test]
    fn differences_are_never_negative() {
        let later = Busy { cpu: Duration::from_nanos(5), waiting: Duration::from_nanos(1) };
        let before = Busy { cpu: Duration::from_nanos(2), waiting: Duration::from_nanos(3) };
        assert_eq!(later - before, Busy { cpu: Duration::from_nanos(3), waiting: Duration::ZERO });
    }
}
