//! Rows that stand in a queue and note when they were answered.

use std::sync::Arc;
use std::time::Instant;

use salver_core::batching::{Line, Policy, Work};

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) line: Arc<Line>,
    /// When its caller asked.
    pub(crate) asked_at: Instant,
    pub(crate) deadline: Option<Instant>,
    queued_at: Instant,
}

impl Job {
    pub(crate) fn new(line: &Arc<Line>, asked_at: Instant, deadline: Option<Instant>) -> Self {
        Self { line: line.clone(), asked_at, deadline, queued_at: asked_at }
    }
}

impl Work for Job {
    fn line(&self) -> &Arc<Line> {
        &self.line
    }
    fn num_rows(&self) -> usize {
        1
    }
    fn joins(&self, _other: &Self, _policy: &Policy) -> bool {
        true
    }
    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
    fn set_queued_at(&mut self, now: Instant) {
        self.queued_at = now;
    }
    fn queued_at(&self) -> Instant {
        self.queued_at
    }
    fn split(self, _sizes: &[usize]) -> Vec<Self> {
        vec![self]
    }
}
