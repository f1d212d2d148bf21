//! Tasks that run as one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch_input::BatchInput;
use crate::batching::{Refusal, Ticket, Turn, Work};
use crate::executor::Call;
use crate::requests::Company;
use crate::signature::Signature;
use crate::status::{Code, Status};
use crate::table::{Pinned, Runner};
use crate::task::answers::{Answers, Outcome, PartSink};
use crate::task::{PredictTask, company};
use crate::tensor::Tensor;

/// Tasks that run as one; never empty.
///
/// What runs may have more rows than the members: copies of the last member's first row, which are cut off every output.
pub struct Batch {
    tasks: Vec<PredictTask>,
    num_padding_rows: usize,
    ticket: Option<Ticket>,
    /// Of the batch that this was a member of: over when all its members are.
    whole: Option<Arc<Ticket>>,
    formed: Instant,
}

/// What members that run again, each alone, are filled up to.
#[derive(Clone, Copy)]
enum Filled {
    /// The size that the policy has for them.
    AsAllowed,
    /// Nothing: their outputs cannot be cut.
    Never,
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
        let can_be_filled = tasks.first()?.can_join();
        let mut batch = Self { tasks, num_padding_rows: 0, ticket, whole: None, formed: Instant::now() };
        if can_be_filled {
            batch.num_padding_rows = padded_rows.saturating_sub(batch.num_rows());
        }
        batch.note_formed();
        Some(batch)
    }

    /// Tells each member that it is in a batch.
    fn note_formed(&self) {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let company =
            Company { num_requests: count(self.tasks.len()), num_rows: count(self.num_rows() + self.num_padding_rows) };
        self.tasks.iter().for_each(|task| task.progress.batch(self.formed, company));
    }

    /// Tells each member that it runs: whoever runs the batch has its joined inputs.
    pub fn note_joined(&self) {
        let now = Instant::now();
        self.tasks.iter().for_each(|task| task.progress.begin_run(now));
    }

    /// Tells each member that the batch is over.
    fn note_end(&self, now: Instant, has_run: bool) {
        for PredictTask { progress, .. } in &self.tasks {
            if has_run && progress.run_begun().is_none() {
                // Answered by who did not ask for inputs: nothing was joined.
                progress.begin_run(self.formed);
            }
            progress.end_run(now);
        }
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

    /// The requests, or parts of requests, that run in it.
    pub fn tasks(&self) -> &[PredictTask] {
        &self.tasks
    }

    /// Rows of all members.
    fn num_rows(&self) -> usize {
        self.tasks.iter().map(Work::num_rows).sum()
    }

    /// Rows that it was filled up with.
    pub fn num_padding_rows(&self) -> usize {
        self.num_padding_rows
    }

    /// Rows that run: those of all members and padding. A request that cannot be joined counts as one, one without rows
    /// as none.
    pub fn num_executed_rows(&self) -> usize {
        if !self.can_join() && self.first().inputs.iter().any(|input| input.num_rows() == Some(0)) {
            return 0;
        }
        self.num_rows() + self.num_padding_rows
    }

    /// Whether its members could have shared it with others: their outputs have a row for each row of the inputs.
    pub fn can_join(&self) -> bool {
        self.first().can_join()
    }

    /// When the last member stops waiting; `None` where one waits for ever.
    pub fn last_deadline(&self) -> Option<Instant> {
        self.tasks.iter().map(|task| task.deadline).reduce(|a, b| Some(a?.max(b?))).flatten()
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

    /// What is to be run, to be joined by who runs it. Members of other lengths are extended to the longest here.
    pub fn inputs(&self) -> Vec<BatchInput> {
        let input = |index: usize| {
            let parts = self.tasks.iter().map(|task| task.inputs[index].clone()).collect();
            BatchInput::new(company::extended(parts)).padded(self.num_padding_rows)
        };
        (0..self.signature().inputs.len()).map(input).collect()
    }

    /// Ends the batch: every member gets its own rows, or the error.
    pub fn finish(self, outcome: Outcome, answers: &mut Answers) {
        self.finish_at(Instant::now(), outcome, answers);
    }

    fn finish_at(self, now: Instant, outcome: Outcome, answers: &mut Answers) {
        self.note_end(now, outcome.is_ok());
        match outcome.and_then(|outputs| self.check_splittable(&outputs).map(|()| outputs)) {
            Ok(outputs) => self.finish_with(outputs, now, answers),
            Err(status) => {
                for task in self.tasks {
                    task.finish(Err(status.clone()), answers);
                }
            }
        }
    }

    /// Tells the scheduler that the batch is over, before the answers go out: those who get them come back.
    fn release(&mut self, now: Instant) {
        if let Some(ticket) = self.ticket.take() {
            ticket.ran_at(now);
        }
        self.whole = None;
    }

    fn finish_with(mut self, outputs: Vec<Tensor>, now: Instant, answers: &mut Answers) {
        self.release(now);
        self.note_run(now.saturating_duration_since(self.formed));
        if self.is_undivided() {
            return self.tasks.remove(0).finish(Ok(outputs), answers);
        }
        let mut start = 0;
        for task in self.tasks {
            let count = task.num_rows();
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

    /// Whether the outputs are those of one member, whatever their shape.
    fn is_undivided(&self) -> bool {
        self.tasks.len() == 1 && self.num_padding_rows == 0
    }

    /// Whether each member's rows can be found in `outputs`.
    fn check_splittable(&self, outputs: &[Tensor]) -> Result<(), Status> {
        let num_rows = self.num_rows() + self.num_padding_rows;
        let lacks_rows = |output: &Tensor| output.num_rows() != Some(num_rows);
        let Some(at) = outputs.iter().position(lacks_rows).filter(|_| !self.is_undivided()) else { return Ok(()) };
        let (name, shape) = (&self.signature().outputs[self.outputs()[at]].name, outputs[at].shape());
        let message =
            format!("Output {name} of a batch has shape {shape:?}, expected {num_rows} in the first dimension.");
        Err(Status::new(Code::FailedPrecondition, message))
    }

    /// Runs the batch on its native runtime and answers every member.
    ///
    /// Where a batch of several fails, each member runs again alone: a bad request fails by itself. So do members of a
    /// model whose outputs cannot be cut into rows, without padding: they still get an answer.
    pub fn run_native(self, answers: &mut Answers) {
        let outcome = self.run();
        let now = Instant::now();
        self.target().run_stats().record(now.saturating_duration_since(self.formed));
        match outcome {
            Ok(outputs) if self.check_splittable(&outputs).is_err() => self.run_each_alone(Filled::Never, answers),
            Err(status) if self.may_be_of_one_member(status.code) => self.run_each_alone(Filled::AsAllowed, answers),
            outcome => self.finish_at(now, outcome, answers),
        }
    }

    fn run(&self) -> Outcome {
        // Not cloned: the last reference closes the model, which is not for this thread to do.
        let Runner::Native(executor) = self.target().runner() else {
            return Err(Status::internal("A foreign servable reached a native runner."));
        };
        let (inputs, deadline) = (self.inputs(), self.last_deadline());
        let on_joined = || self.note_joined();
        let call = Call {
            signature: self.signature(),
            inputs: &inputs,
            outputs: self.outputs(),
            deadline,
            on_joined: Some(&on_joined),
        };
        let outputs = executor.run(&call)?;
        let (got, want) = (outputs.len(), self.outputs().len());
        if got != want {
            return Err(Status::new(Code::Unknown, format!("Expected {want} output tensors, got {got}.")));
        }
        Ok(outputs)
    }

    /// Whether a failure of the batch with this code may be that of one member, which the others need not share. A time
    /// limit, a cancellation or a servable that cannot serve now is the same for all, and running again makes it worse.
    pub fn may_be_of_one_member(&self, code: Code) -> bool {
        self.tasks.len() > 1 && !matches!(code, Code::DeadlineExceeded | Code::Cancelled | Code::Unavailable)
    }

    fn run_each_alone(self, filled: Filled, answers: &mut Answers) {
        // Many runs where one was expected: no longer a matter for an event loop.
        self.target().run_stats().bar();
        self.into_members(filled, answers, |member, answers| member.run_native(answers));
    }

    /// A batch for each member that somebody still waits for; the others are answered.
    pub fn split_members(self, answers: &mut Answers) -> Vec<Batch> {
        let mut members = Vec::with_capacity(self.tasks.len());
        self.into_members(Filled::AsAllowed, answers, |member, _| members.push(member));
        members
    }

    fn into_members(mut self, filled: Filled, answers: &mut Answers, mut take: impl FnMut(Batch, &mut Answers)) {
        // Dropped without a word at the end of all: what a batch takes that failed says nothing about the next one.
        let whole = self.whole.take().or_else(|| self.ticket.take().map(Arc::new));
        let policy = self.target().owner().policy();
        for task in self.tasks {
            let formed = Instant::now();
            if task.is_dead(formed) {
                let refusal = Refusal::of_dead(&task);
                task.refuse(&refusal, answers);
                continue;
            }
            let num_rows = task.num_rows();
            let num_padding_rows = match filled {
                Filled::AsAllowed if task.can_join() => policy.padded_rows(num_rows).saturating_sub(num_rows),
                _ => 0,
            };
            let whole = whole.clone();
            let member = Batch { tasks: vec![task], num_padding_rows, ticket: None, whole, formed };
            member.note_formed();
            take(member, answers);
        }
    }
}
