//! The right to run one batch, which ends with the news of how it went.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::line::Line;
use super::monitor;

/// Who counts the batches in flight.
pub(super) trait Home: Send + Sync {
    /// Takes a batch out of the count.
    fn release(&self, line: &Arc<Line>, over: Over);
}

/// A batch that starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// When.
    pub(super) now: Instant,
    /// What its owner is charged for it beforehand.
    pub(super) charged: Duration,
    /// Its rows.
    pub(super) num_rows: usize,
    /// The same, padding included.
    pub(super) padded_rows: usize,
    /// What the line wants to be told at the end.
    pub(super) mark: f64,
    /// Whether it is work that no other batch of the line takes.
    pub(super) is_apart: bool,
}

/// A batch that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    /// When.
    pub(super) now: Instant,
    /// How long it ran.
    pub(super) elapsed: Duration,
    /// What its owner was charged for it beforehand.
    pub(super) charged: Duration,
    /// Rows that ran.
    pub(super) num_rows: usize,
    /// The same, padding included.
    pub(super) padded_rows: usize,
    /// What the line had told it at the start.
    pub(super) mark: f64,
    /// Whether it ran to its end.
    pub(super) has_run: bool,
    /// Whether its time says something about other batches of the line.
    pub(super) is_telling: bool,
}

/// Held while a batch runs; dropped without a word, it counts as a run that failed.
pub struct Ticket {
    home: Arc<dyn Home>,
    line: Arc<Line>,
    begun: Begun,
    is_released: bool,
}

impl Ticket {
    pub(super) fn new(home: Arc<dyn Home>, line: Arc<Line>, begun: Begun) -> Self {
        Self { home, line, begun, is_released: false }
    }

    /// Tells that the batch ran to its end, now.
    pub fn ran(self) {
        self.ran_at(monitor::now());
    }

    /// Tells that the batch ran to its end at `now`.
    pub fn ran_at(mut self, now: Instant) {
        self.release(now, true);
    }

    /// Tells that the batch failed at `now`: its time says nothing about the next one.
    pub fn failed_at(mut self, now: Instant) {
        self.release(now, false);
    }

    fn release(&mut self, now: Instant, has_run: bool) {
        if std::mem::replace(&mut self.is_released, true) {
            return;
        }
        let Begun { now: started, charged, num_rows, padded_rows, mark, is_apart } = self.begun;
        let elapsed = now.saturating_duration_since(started);
        let over =
            Over { now, elapsed, charged, num_rows, padded_rows, mark, has_run, is_telling: has_run && !is_apart };
        self.home.release(&self.line, over);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_released {
            self.release(monitor::now(), false);
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({}, {} rows)", self.line.name(), self.begun.num_rows)
    }
}
