//! The one way of a decoded prediction through the scheduler, for both protocols and for callers in this process.

use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use salver_core::batching::Criticality;
use salver_core::status::Code;
use salver_core::table::Pinned;
use salver_core::task::{Mailbox, Outcome, PartSink, PredictTask, ReplyTo};
use salver_core::{Signature, Status, Tensor};
use smallvec::SmallVec;

use crate::event_loop::{LoopContext, submit_all};
use crate::inference::{AllOutputs, Api};
use crate::mailbox::Answer;
use crate::plane::Shared;
use crate::record::Record;

/// One tensor per asked output.
pub(crate) type Outputs = Vec<Tensor>;

/// A request that is resolved, decoded and checked.
pub struct Prediction {
    /// What to run it on.
    pub pinned: Pinned,
    /// What to run.
    pub signature: Arc<Signature>,
    /// One per `signature.inputs`.
    pub inputs: Vec<Tensor>,
    /// Indexes into `signature.outputs`.
    pub outputs: Vec<usize>,
    /// What its caller asks for.
    pub terms: Terms,
}

/// What a caller asks for besides the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// How much the request matters when not all can run.
    pub criticality: Criticality,
}

impl Prediction {
    fn into_task(self, shared: &Shared, api: Api, reply: ReplyTo) -> PredictTask {
        let run_latency = shared.metrics.runtime_latency(self.pinned.name(), api, self.pinned.runner());
        let mut task = PredictTask::new(self.pinned, self.signature, self.inputs, self.outputs, reply);
        task.deadline = self.terms.deadline;
        task.criticality = self.terms.criticality;
        task.run_latency = run_latency;
        shared.counters.batching.enter(&task);
        task
    }
}

/// Runs a prediction whose servable may hand over parts of the answer ahead of its end.
///
/// # Errors
/// That of the prediction.
pub(crate) async fn run_in_parts(
    context: &Rc<LoopContext>,
    api: Api,
    prediction: Prediction,
    parts: Arc<dyn PartSink>,
    record: &Record<'_>,
) -> Outcome {
    submit(context, api, prediction, Some(parts), record)?.await
}

/// Submits a prediction for a task of an event loop. Dropping the answer abandons the work; the caller does so at the
/// deadline.
fn submit<'a>(
    context: &'a Rc<LoopContext>,
    api: Api,
    prediction: Prediction,
    parts: Option<Arc<dyn PartSink>>,
    record: &Record<'_>,
) -> Result<Answer<'a>, Status> {
    if prediction.terms.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return Err(deadline_exceeded());
    }
    let slot = context.slots.reserve();
    let mut task = prediction.into_task(&context.shared, api, context.reply_to(slot));
    task.parts = parts;
    record.submit(&task);
    let answer = Answer::new(&context.slots, slot, task.progress.clone(), record.protocol());
    context.submit(task);
    Ok(answer)
}

/// Runs the predictions of one request at the same time; the first failure ends it.
///
/// # Errors
/// That of a prediction.
pub(crate) async fn run_all(
    context: &Rc<LoopContext>,
    api: Api,
    predictions: SmallVec<[Prediction; 1]>,
    record: &Record<'_>,
) -> Result<AllOutputs, Status> {
    let answers: SmallVec<[_; 1]> = predictions
        .into_iter()
        .map(|prediction| submit(context, api, prediction, None, record))
        .collect::<Result<_, _>>()?;
    let mut outputs = AllOutputs::new();
    for answer in answers {
        outputs.push(answer.await?);
    }
    Ok(outputs)
}

/// Gives `work` until `deadline`; what is left of it then is dropped.
///
/// # Errors
/// DEADLINE_EXCEEDED; those of `work`.
pub(crate) async fn within<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => work.await,
        Some(deadline) => {
            tokio::time::timeout_at(deadline.into(), work).await.unwrap_or_else(|_elapsed| Err(deadline_exceeded()))
        }
    }
}

fn deadline_exceeded() -> Status {
    Status::new(Code::DeadlineExceeded, "The deadline passed before the answer was ready.")
}

/// Mailbox of one caller that blocks.
#[derive(Default)]
struct Blocking {
    outcome: Mutex<Option<Outcome>>,
    has_outcome: Condvar,
}

impl Mailbox for Blocking {
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = answers.pop().map(|(_, outcome)| outcome);
        self.has_outcome.notify_one();
    }
}

/// Runs a prediction and blocks the calling thread until the answer or the deadline.
pub(crate) fn run_blocking(shared: &Shared, api: Api, prediction: Prediction) -> Outcome {
    let mailbox = Arc::new(Blocking::default());
    let deadline = prediction.terms.deadline;
    let task = prediction.into_task(shared, api, ReplyTo { mailbox: mailbox.clone(), slot: 0 });
    let progress = task.progress.clone();
    submit_all(shared, vec![task]);
    let mut outcome = mailbox.outcome.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(outcome) = outcome.take() {
            return outcome;
        }
        let left = deadline.map_or(Duration::from_secs(3600), |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            progress.abandon();
            return Err(deadline_exceeded());
        }
        outcome = mailbox.has_outcome.wait_timeout(outcome, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}
