//! What is queued, what a runner gets, and why something did not run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::line::Line;
use super::policy::{Criticality, Policy};
use super::ticket::Ticket;

/// Something that a runner can do, alone or together with others of its kind.
pub trait Work: Send + Sized + 'static {
    /// The queue it stands in: what is known of such work, and whose it is.
    fn line(&self) -> &Arc<Line>;
    /// Size, in the unit of `Policy::max_batch_size`.
    fn num_rows(&self) -> usize;
    /// Memory that it holds while it waits.
    fn num_bytes(&self) -> usize {
        0
    }
    /// Whether it may share a batch at all.
    fn can_join(&self) -> bool {
        true
    }
    /// Whether `self` may run in one batch with `other`, of the same line.
    fn joins(&self, other: &Self, policy: &Policy) -> bool;
    /// When its caller stops waiting.
    fn deadline(&self) -> Option<Instant> {
        None
    }
    /// How much it matters.
    fn criticality(&self) -> Criticality {
        Criticality::default()
    }
    /// Whether its caller has gone.
    fn is_abandoned(&self) -> bool {
        false
    }
    /// Notes when it was queued.
    fn set_queued_at(&mut self, now: Instant);
    /// When it was queued.
    fn queued_at(&self) -> Instant;
    /// Parts of these sizes, in order, whose answers make up the answer to the whole. The sizes add up to its rows.
    fn split(self, sizes: &[usize]) -> Vec<Self>;

    /// Whether running it would be for nobody.
    fn is_dead(&self, now: Instant) -> bool {
        self.is_abandoned() || self.deadline().is_some_and(|deadline| deadline <= now)
    }
}

/// Why a batch left its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It had no room for more.
    Full,
    /// A runner was free and took what there was.
    IdleRunner,
    /// It had waited as long as it may.
    Timeout,
    /// A larger one would have missed the deadline of a member.
    Deadline,
    /// More waited, but a larger batch does not pay.
    PreferredSize,
    /// The queue is being emptied.
    Shutdown,
}

impl Reason {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 6] =
        [Self::Full, Self::IdleRunner, Self::Timeout, Self::Deadline, Self::PreferredSize, Self::Shutdown];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::IdleRunner => "idle_runner",
            Self::Timeout => "timeout",
            Self::Deadline => "deadline",
            Self::PreferredSize => "preferred_size",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Why work did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its caller has gone.
    Abandoned,
    /// Its deadline passed while it waited.
    Expired,
    /// It would not make its deadline.
    Late {
        /// When a request like it would have a chance again.
        retry_after: Duration,
    },
    /// It has more rows than a request may have.
    TooLarge {
        /// Rows it has.
        num_rows: usize,
        /// Rows it may have.
        max_rows: usize,
    },
    /// Too many batches wait.
    BatchesFull {
        /// Batches that wait.
        num_batches: usize,
        /// Batches that may wait.
        max_batches: usize,
    },
    /// It, or some part of it, finds no room.
    NoRoomForParts {
        /// Rows it has.
        num_rows: usize,
        /// Rows that find room.
        capacity: usize,
    },
    /// Too many rows or bytes of its owner wait.
    QueueFull {
        /// When there may be room again.
        retry_after: Option<Duration>,
    },
    /// Its place went to work that matters more.
    Displaced,
    /// The scheduler is stopped.
    Stopped,
}

impl Refusal {
    /// Of work that nobody waits for any more.
    pub fn of_dead(work: &impl Work) -> Self {
        if work.is_abandoned() { Self::Abandoned } else { Self::Expired }
    }

    /// Its name in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Expired => "expired",
            Self::Late { .. } => "late",
            Self::TooLarge { .. } => "too_large",
            Self::BatchesFull { .. } | Self::NoRoomForParts { .. } | Self::QueueFull { .. } => "queue_full",
            Self::Displaced => "displaced",
            Self::Stopped => "stopped",
        }
    }

    /// Whether there would be a place for it if less waited.
    pub(super) fn is_for_want_of_room(&self) -> bool {
        matches!(self, Self::BatchesFull { .. } | Self::NoRoomForParts { .. })
    }

    /// All names.
    pub const NAMES: [&'static str; 7] =
        ["abandoned", "expired", "late", "too_large", "queue_full", "displaced", "stopped"];
}

/// What a runner got.
#[derive(Debug)]
pub struct Turn<W> {
    /// Work to run as one batch; may be empty when all that was due is not to run.
    pub batch: Vec<W>,
    /// Work to be answered without running it.
    pub refused: Vec<(W, Refusal)>,
    /// Rows that the batch is to be filled up to; at least as many as it has.
    pub padded_rows: usize,
    /// Where the outcome of the run is told; none for an empty batch.
    pub ticket: Option<Ticket>,
}
