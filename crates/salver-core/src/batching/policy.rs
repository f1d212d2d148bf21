//! How the requests to one model version are joined into batches.

use std::time::Duration;

/// Every setting of one version's batching. An owner's policy is swapped whole; what is queued already keeps its own.
///
/// Two modes. *Static* is the reference's: requests fill batches of a fixed size in the order of arrival, and a batch
/// leaves when it is full or its first request has waited `batch_timeout`. *Adaptive* sets no numbers: a batch is made
/// when a runner is free, of a size that was learnt to pay, earliest deadline first.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether sizes are learnt; false takes the reference's rules.
    pub is_adaptive: bool,
    /// Rows of the largest batch; 1 keeps requests apart. Static: of the largest request, too.
    pub max_batch_size: usize,
    /// Static: whether a request may run in several batches.
    pub enable_large_batch_splitting: bool,
    /// Static, with splitting: rows of the largest batch; `None` takes `max_batch_size`.
    pub max_execution_batch_size: Option<usize>,
    /// Static: how long the first request of a batch may wait for company.
    pub batch_timeout: Duration,
    /// Static: batches that may wait, for each signature.
    pub max_enqueued_batches: usize,
    /// Sizes that batches are filled up to, ascending; empty leaves them as they are.
    pub allowed_batch_sizes: Vec<usize>,
    /// Static: what is done with a batch that has none of these sizes.
    pub batch_padding_policy: PaddingPolicy,
    /// Whether inputs are filled up to the largest of the batch in the dimensions after the first.
    pub pad_variable_length_inputs: bool,
    /// Which lengths may share a batch.
    pub length_buckets: Vec<LengthBuckets>,
    /// Adaptive: what 99 of 100 requests should take at most, waiting included.
    pub latency_slo: Option<Duration>,
    /// Share of the runners' time, relative to other models; above 0.
    pub weight: f64,
    /// Batches of this version that may run at the same time; `None` leaves it to the scheduler.
    pub max_in_flight_batches: Option<usize>,
    /// Rows that may wait.
    pub max_queued_rows: usize,
    /// Bytes of inputs that may wait.
    pub max_queued_bytes: usize,
    /// Static: a queue of its own for sheddable requests.
    pub low_priority: Option<LowPriority>,
}

/// What a static queue does with an open batch whose size is not an allowed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaddingPolicy {
    /// Fills it up to the next allowed size.
    #[default]
    PadUp,
    /// Cuts it down to the next smaller allowed size, where whole requests can be left behind.
    BatchDown,
    /// Whichever costs less time for each row, as measured.
    MinimizeCostPerRequest,
}

/// Requests whose length falls between the same two limits share a batch, others do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LengthBuckets {
    /// The signature that it holds for; empty is every one.
    pub signature: String,
    /// The input that is measured; empty takes the longest of all inputs that have this dimension.
    pub input: String,
    /// The dimension that is measured; 1 is the first after the rows.
    pub dimension: usize,
    /// Largest length of each bucket, ascending; longer ones share one more bucket.
    pub limits: Vec<usize>,
}

/// Limits of the queue for sheddable requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowPriority {
    /// Rows of a batch of such requests alone.
    pub max_batch_size: usize,
    /// Wait of the first request of such a batch.
    pub batch_timeout: Duration,
    /// Batches that may wait.
    pub max_enqueued_batches: usize,
    /// Sizes that such a batch is filled up to.
    pub allowed_batch_sizes: Vec<usize>,
    /// How they share batches with others.
    pub mixed_priority_batching_policy: MixedPriorityPolicy,
}

/// How sheddable requests share batches with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MixedPriorityPolicy {
    /// They fill a batch up to its largest size.
    #[default]
    PaddingWithMaxBatchSize,
    /// They fill a batch up to its next allowed size: room that would be padding.
    PaddingWithNextAllowedBatchSize,
    /// They never share one.
    Isolation,
    /// All stand in one queue, sheddable ones last.
    Merge,
}

/// How much a request matters when not all can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Criticality {
    /// Goes before all others.
    CriticalPlus,
    /// The usual one.
    #[default]
    Critical,
    /// May be refused for others.
    SheddablePlus,
    /// The first to be refused.
    Sheddable,
}

impl Criticality {
    /// Whether the low-priority queue takes it.
    pub fn is_sheddable(self) -> bool {
        self >= Self::SheddablePlus
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            is_adaptive: true,
            max_batch_size: 1000,
            enable_large_batch_splitting: false,
            max_execution_batch_size: None,
            batch_timeout: Duration::ZERO,
            max_enqueued_batches: 10,
            allowed_batch_sizes: Vec::new(),
            batch_padding_policy: PaddingPolicy::default(),
            pad_variable_length_inputs: false,
            length_buckets: Vec::new(),
            latency_slo: None,
            weight: 1.0,
            max_in_flight_batches: None,
            max_queued_rows: 100_000,
            max_queued_bytes: 1 << 30,
            low_priority: None,
        }
    }
}

impl Policy {
    /// Requests run one by one.
    pub fn unbatched() -> Self {
        Self { max_batch_size: 1, ..Self::default() }
    }

    /// Whether requests may share a batch.
    pub fn joins_requests(&self) -> bool {
        self.max_rows() > 1
    }

    /// Whether requests are to wait for company even while a runner is free.
    pub fn waits_for_company(&self) -> bool {
        let low = self.low_priority.as_ref().map_or(Duration::ZERO, |low| low.batch_timeout);
        !self.is_adaptive && !self.batch_timeout.max(low).is_zero()
    }

    /// Rows of the largest batch that runs, requests larger than it aside.
    pub fn max_rows(&self) -> usize {
        if self.enable_large_batch_splitting && !self.is_adaptive {
            self.max_execution_batch_size.unwrap_or(self.max_batch_size)
        } else {
            self.max_batch_size
        }
    }

    /// The size that a batch of `num_rows` is filled up to: the first allowed one that holds it, or its own.
    pub fn padded_rows(&self, num_rows: usize) -> usize {
        self.allowed_batch_sizes.iter().copied().find(|size| *size >= num_rows).unwrap_or(num_rows)
    }
}
