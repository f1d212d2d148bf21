//! A prediction on its way from a caller through the scheduler to a runner and back.
//!
//! Every task is answered exactly once: by its batch, by whoever refuses it, or with INTERNAL when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::batching::{Line, Policy, Refusal, Ticket, Turn, Work};
use crate::executor::{BatchInput, Call};
use crate::histogram::Histogram;
use crate::signature::Signature;
use crate::status::{Code, Status};
use crate::table::{Pinned, Runner};
use crate::tensor::Tensor;

/// The answer to a task: one tensor per asked output, in that order.
pub type Outcome = Result<Vec<Tensor>, Status>;

/// Where answers are collected; one per event loop or blocking caller.
pub trait Mailbox: Send + Sync {
    /// Takes all of `answers`: (slot, outcome). Called from any thread, once for a list, so that it wakes its owner once.
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>);
}

/// A mailbox and the slot in it that waits for an answer.
pub struct ReplyTo {
    /// Whose answer it is.
    pub mailbox: Arc<dyn Mailbox>,
    /// Meaningful to the mailbox alone.
    pub slot: u64,
}

/// Takes the parts of an answer that is streamed, in order.
pub trait PartSink: Send + Sync {
    /// Hands over one part: one tensor per asked output. Waits while the caller is behind; false when it has gone.
    fn send(&self, outputs: Vec<Tensor>) -> bool;
}

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
    /// Set when the caller has gone.
    pub is_abandoned: Arc<AtomicBool>,
    /// Where parts of the answer go ahead of its end, if the caller takes any. Such a task runs alone; it ends with no
    /// outputs where all were sent as parts.
    pub parts: Option<Arc<dyn PartSink>>,
    /// Takes in the microseconds of the run that answers it.
    pub run_latency: Option<Arc<Histogram>>,
    line: Arc<Line>,
    queued_at: Instant,
    num_rows: usize,
    can_batch: bool,
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
        // A scalar, no input at all or differing first dimensions: legal, but nothing to join along.
        let can_batch = first.is_some_and(|rows| rows > 0) && inputs.iter().all(|input| input.num_rows() == first);
        let num_rows = if can_batch { first.unwrap_or(1) } else { 1 };
        Self {
            line: pinned.line(&signature).clone(),
            queued_at: Instant::now(),
            pinned,
            signature,
            inputs,
            outputs,
            deadline: None,
            is_abandoned: Arc::default(),
            parts: None,
            run_latency: None,
            num_rows,
            can_batch,
            reply: Some(reply),
        }
    }

    /// Memory of all inputs.
    pub fn memory_bytes(&self) -> usize {
        self.inputs.iter().map(Tensor::memory_bytes).sum()
    }

    /// Answers the task.
    pub fn finish(mut self, outcome: Outcome, answers: &mut Answers) {
        if let Some(reply) = self.reply.take() {
            answers.push(reply, outcome);
        }
    }

    /// Answers a task that is not going to run.
    pub fn refuse(self, refusal: &Refusal, answers: &mut Answers) {
        let status = self.refusal_status(refusal);
        self.finish(Err(status), answers);
    }

    fn refusal_status(&self, refusal: &Refusal) -> Status {
        let (name, version) = (self.pinned.name(), self.pinned.version());
        match *refusal {
            Refusal::Abandoned => Status::new(Code::Cancelled, "The caller has gone."),
            Refusal::Expired => Status::new(
                Code::DeadlineExceeded,
                format!("Deadline passed before model {name} version {version} could run the request."),
            ),
            Refusal::Stopped => Status::new(Code::Unavailable, "The server is shutting down."),
            _ => Status::new(Code::ResourceExhausted, format!("The queue of model {name} is full.")),
        }
    }
}

impl Drop for PredictTask {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            let outcome = Err(Status::internal("The request was dropped without an answer."));
            reply.mailbox.deliver(&mut vec![(reply.slot, outcome)]);
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

    fn joins(&self, other: &Self, _policy: &Policy) -> bool {
        Arc::ptr_eq(&self.signature, &other.signature)
            && self.outputs == other.outputs
            && self
                .inputs
                .iter()
                .zip(&other.inputs)
                .all(|(a, b)| a.dtype() == b.dtype() && a.shape()[1..] == b.shape()[1..])
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
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

/// Answers that are delivered together: one wake-up per mailbox, not one per answer.
#[derive(Default)]
pub struct Answers {
    by_mailbox: SmallVec<[Bundle; 2]>,
}

/// A mailbox and what is to be put into it.
type Bundle = (Arc<dyn Mailbox>, Vec<(u64, Outcome)>);

impl Answers {
    fn push(&mut self, reply: ReplyTo, outcome: Outcome) {
        let same = |(mailbox, _): &&mut Bundle| Arc::ptr_eq(mailbox, &reply.mailbox);
        match self.by_mailbox.iter_mut().find(same) {
            Some((_, list)) => list.push((reply.slot, outcome)),
            None => self.by_mailbox.push((reply.mailbox, vec![(reply.slot, outcome)])),
        }
    }

    /// Hands every answer over.
    pub fn flush(&mut self) {
        for (mailbox, list) in &mut self.by_mailbox {
            if !list.is_empty() {
                mailbox.deliver(list);
                list.clear();
            }
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Tasks that run as one; never empty.
pub struct Batch {
    tasks: Vec<PredictTask>,
    padded_rows: usize,
    ticket: Option<Ticket>,
    opened: Instant,
}

impl Batch {
    /// The batch of a turn, to be run now; `None` where nothing is to run. What was refused is answered.
    pub fn open(turn: Turn<PredictTask>, answers: &mut Answers) -> Option<Self> {
        for (task, refusal) in turn.refused {
            task.refuse(&refusal, answers);
        }
        let Turn { batch: tasks, padded_rows, ticket, .. } = turn;
        // An answer in parts takes as long as its reader, and no runner meanwhile.
        let ticket = ticket.filter(|_| tasks.iter().all(|task| task.parts.is_none()));
        (!tasks.is_empty()).then(|| Self { tasks, padded_rows, ticket, opened: Instant::now() })
    }

    fn first(&self) -> &PredictTask {
        &self.tasks[0]
    }

    /// The target of all members.
    pub fn target(&self) -> &Pinned {
        &self.first().pinned
    }

    /// The signature of all members.
    pub fn signature(&self) -> &Arc<Signature> {
        &self.first().signature
    }

    /// The outputs that all members ask for.
    pub fn outputs(&self) -> &[usize] {
        &self.first().outputs
    }

    /// Rows of all members.
    pub fn num_rows(&self) -> usize {
        self.tasks.iter().map(|task| task.num_rows).sum()
    }

    /// When the last member stops waiting; `None` where one waits for ever.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.tasks.iter().map(|task| task.deadline).reduce(|a, b| Some(a?.max(b?))).flatten()
    }

    /// When the first member stops waiting.
    pub fn first_deadline(&self) -> Option<Instant> {
        self.tasks.iter().filter_map(|task| task.deadline).min()
    }

    /// Where parts of the answer go; a batch of several has no such place.
    pub fn parts(&self) -> Option<&Arc<dyn PartSink>> {
        self.first().parts.as_ref()
    }

    /// Whether nobody waits for any member.
    pub fn is_dead(&self) -> bool {
        let now = Instant::now();
        self.tasks.iter().all(|task| task.is_dead(now))
    }

    /// The members' inputs, to be joined by who runs them.
    pub fn inputs(&self) -> Vec<BatchInput> {
        (0..self.signature().inputs.len())
            .map(|index| BatchInput { parts: self.tasks.iter().map(|task| task.inputs[index].clone()).collect() })
            .collect()
    }

    /// Ends the batch: every member gets its own rows, or the error.
    pub fn finish(self, outcome: Outcome, answers: &mut Answers) {
        match outcome {
            Ok(outputs) => self.finish_with(outputs, answers),
            Err(status) => {
                for task in self.tasks {
                    task.finish(Err(status.clone()), answers);
                }
            }
        }
    }

    /// Tells the scheduler that the batch is over, before the answers go out: those who get them come back.
    fn release(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.ran();
        }
    }

    fn finish_with(mut self, outputs: Vec<Tensor>, answers: &mut Answers) {
        if self.tasks.len() > 1
            && let Err(status) = self.check_splittable(&outputs)
        {
            return self.finish(Err(status), answers);
        }
        self.release();
        self.note_run(self.opened.elapsed());
        if self.tasks.len() == 1 {
            return self.tasks.remove(0).finish(Ok(outputs), answers);
        }
        let mut start = 0;
        for task in self.tasks {
            let count = task.num_rows;
            let own = outputs.iter().map(|output| output.rows(start, count)).collect();
            start += count;
            task.finish(own, answers);
        }
    }

    /// Tells of a run that succeeded: each member was as long in it as the whole batch.
    fn note_run(&self, elapsed: Duration) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        for latency in self.tasks.iter().filter_map(|task| task.run_latency.as_ref()) {
            latency.record(micros);
        }
    }

    /// Whether each member's rows can be found in `outputs`.
    fn check_splittable(&self, outputs: &[Tensor]) -> Outcome {
        let num_rows = self.num_rows();
        for (output, &index) in outputs.iter().zip(self.outputs()) {
            if output.num_rows() != Some(num_rows) {
                let name = &self.signature().outputs[index].name;
                let message = format!(
                    "Output {name} of a batch has shape {:?}, expected {num_rows} in the first dimension.",
                    output.shape()
                );
                return Err(Status::new(Code::FailedPrecondition, message));
            }
        }
        Ok(Vec::new())
    }

    /// Runs the batch on its native runtime and answers every member.
    ///
    /// Where a batch of several fails, each member runs again alone: a bad request fails by itself, and a model whose
    /// outputs cannot be split by rows still answers.
    pub fn run_native(self, answers: &mut Answers) {
        // Not cloned: the last reference closes the model, which is not for this thread to do.
        let Runner::Native(executor) = self.target().runner() else {
            return self.finish(Err(Status::internal("A foreign servable reached a native runner.")), answers);
        };
        let (inputs, deadline) = (self.inputs(), self.last_deadline());
        let call = Call { signature: self.signature(), inputs: &inputs, outputs: self.outputs(), deadline };
        let outcome = executor.run(&call).and_then(|outputs| self.check_count(outputs));
        self.target().run_stats().record(self.opened.elapsed());
        if self.tasks.len() == 1 {
            return self.finish(outcome, answers);
        }
        match outcome {
            Ok(outputs) if self.check_splittable(&outputs).is_ok() => self.finish(Ok(outputs), answers),
            _ => self.run_each_alone(answers),
        }
    }

    fn run_each_alone(self, answers: &mut Answers) {
        // Many runs where one was expected: no longer a matter for an event loop.
        self.target().run_stats().bar();
        for task in self.tasks {
            let opened = Instant::now();
            if task.is_dead(opened) {
                let refusal = if task.is_abandoned() { Refusal::Abandoned } else { Refusal::Expired };
                task.refuse(&refusal, answers);
            } else {
                let padded_rows = task.num_rows;
                Batch { tasks: vec![task], padded_rows, ticket: None, opened }.run_native(answers);
            }
        }
    }

    fn check_count(&self, outputs: Vec<Tensor>) -> Outcome {
        let (got, want) = (outputs.len(), self.outputs().len());
        if got == want {
            return Ok(outputs);
        }
        Err(Status::new(Code::Unknown, format!("Expected {want} output tensors, got {got}.")))
    }
}
