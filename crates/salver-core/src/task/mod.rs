//! A prediction on its way from a caller through the scheduler to a runner and back.
//!
//! Every task is answered exactly once: by its batch, by whoever refuses it, or with INTERNAL when it is dropped.

mod answers;
mod batch;
mod company;
mod gathering;
mod refusal;

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Instant;

use crate::batching::{Criticality, Line, Policy, Refusal, Work};
use crate::histogram::Histogram;
use crate::requests::Progress;
use crate::signature::Signature;
use crate::status::Status;
use crate::table::Pinned;
use crate::tensor::Tensor;
use gathering::Gathering;

pub use answers::{Answers, Mailbox, Outcome, PartSink, ReplyTo};
pub use batch::Batch;

/// Indexes into `Signature::outputs`.
pub type OutputList = Vec<usize>;

/// One accepted prediction.
pub struct PredictTask {
    /// The target, kept loaded until the answer is out.
    pub pinned: Pinned,
    /// What to run.
    pub signature: Arc<Signature>,
    /// One per `signature.inputs`.
    pub inputs: Vec<Tensor>,
    /// What to compute and answer, in this order.
    pub outputs: OutputList,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// How much it matters when not all can run.
    pub criticality: Criticality,
    /// How far it has come, and whether its caller has gone.
    pub progress: Arc<Progress>,
    /// Where parts of the answer go ahead of its end, if the caller takes any. Such a task runs alone; it ends with no
    /// outputs where all were sent as parts.
    pub parts: Option<Arc<dyn PartSink>>,
    /// Takes in the microseconds of the run that answers it.
    pub run_latency: Option<Arc<Histogram>>,
    line: Arc<Line>,
    queued_at: Instant,
    num_rows: usize,
    can_batch: bool,
    /// Its length bucket, once asked for: it stands in one queue, which has one policy.
    bucket: OnceCell<usize>,
    reply: Option<ReplyTo>,
}

impl PredictTask {
    /// A task that answers to `reply`.
    pub fn new(
        pinned: Pinned,
        signature: Arc<Signature>,
        inputs: Vec<Tensor>,
        outputs: OutputList,
        reply: ReplyTo,
    ) -> Self {
        let first = inputs.first().and_then(Tensor::num_rows);
        // A scalar, no input at all or differing first dimensions: legal, but nothing to join along. Nor are there rows to
        // count where no input has an element: a few bytes may ask for any number of them.
        let has_elements = inputs.iter().any(|input| input.num_elements() > 0);
        let can_batch = has_elements && first.is_some() && inputs.iter().all(|input| input.num_rows() == first);
        let num_rows = if can_batch { first.unwrap_or(1) } else { 1 };
        let (line, stats) = pinned.queue(&signature);
        let progress = Progress::new(stats.clone());
        Self {
            line: line.clone(),
            queued_at: progress.queued(),
            pinned,
            signature,
            inputs,
            outputs,
            deadline: None,
            criticality: Criticality::default(),
            progress: Arc::new(progress),
            parts: None,
            run_latency: None,
            num_rows,
            can_batch,
            bucket: OnceCell::new(),
            reply: Some(reply),
        }
    }

    /// Memory of all inputs.
    pub fn memory_bytes(&self) -> usize {
        self.inputs.iter().map(Tensor::memory_bytes).sum()
    }

    /// The inputs of each part; they share the memory of the whole.
    fn inputs_in_parts(&self, sizes: &[usize]) -> Result<Vec<Vec<Tensor>>, Status> {
        let mut start = 0;
        let part = |&count: &usize| {
            let rows = self.inputs.iter().map(|input| input.rows(start, count)).collect();
            start += count;
            rows
        };
        sizes.iter().map(part).collect()
    }

    /// A task like this one for some of its rows. That it ran is noted by one of the parts alone.
    fn part(&self, inputs: Vec<Tensor>, reply: ReplyTo) -> Self {
        let mut part = Self::new(self.pinned.again(), self.signature.clone(), inputs, self.outputs.clone(), reply);
        part.deadline = self.deadline;
        part.criticality = self.criticality;
        part.progress = self.progress.clone();
        part.queued_at = self.queued_at;
        part
    }

    /// The number of its length bucket.
    fn bucket(&self, policy: &Policy) -> usize {
        *self.bucket.get_or_init(|| company::bucket(&self.signature, &self.inputs, policy))
    }

    /// Answers the task.
    pub fn finish(mut self, outcome: Outcome, answers: &mut Answers) {
        if let Some(reply) = self.reply.take() {
            answers.push(reply, outcome);
        }
    }

    /// Answers a task that is not going to run.
    pub fn refuse(self, refusal: &Refusal, answers: &mut Answers) {
        let status = refusal::status(self.pinned.target(), refusal);
        self.finish(Err(status), answers);
    }
}

impl Drop for PredictTask {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            reply.deliver(Err(Status::internal("The request was dropped without an answer.")));
        }
    }
}

impl Work for PredictTask {
    fn line(&self) -> &Arc<Line> {
        &self.line
    }

    fn num_rows(&self) -> usize {
        self.num_rows
    }

    fn num_bytes(&self) -> usize {
        self.memory_bytes()
    }

    fn can_join(&self) -> bool {
        self.can_batch && self.parts.is_none()
    }

    fn joins(&self, other: &Self, policy: &Policy) -> bool {
        Arc::ptr_eq(&self.signature, &other.signature)
            && self.outputs == other.outputs
            && company::are_joined(self, other, policy)
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn criticality(&self) -> Criticality {
        self.criticality
    }

    fn is_abandoned(&self) -> bool {
        self.progress.is_abandoned()
    }

    fn set_queued_at(&mut self, now: Instant) {
        self.queued_at = now;
        self.bucket = OnceCell::new();
    }

    fn queued_at(&self) -> Instant {
        self.queued_at
    }

    fn split(mut self, sizes: &[usize]) -> Vec<Self> {
        let Some(reply) = self.reply.take() else { return Vec::new() };
        let inputs = match self.inputs_in_parts(sizes) {
            Ok(inputs) => inputs,
            Err(status) => {
                reply.deliver(Err(status));
                return Vec::new();
            }
        };
        let (signature, progress) = (self.signature.clone(), self.progress.clone());
        progress.split(sizes.len());
        let gathering: Arc<dyn Mailbox> =
            Arc::new(Gathering::new(reply, signature, self.outputs.clone(), sizes, progress));
        let reply_to = |slot| ReplyTo { mailbox: gathering.clone(), slot };
        let mut parts: Vec<Self> = (0..).zip(inputs).map(|(slot, inputs)| self.part(inputs, reply_to(slot))).collect();
        if let Some(last) = parts.last_mut() {
            last.run_latency = self.run_latency.take();
        }
        parts
    }
}
