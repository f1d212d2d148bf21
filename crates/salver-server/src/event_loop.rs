//! One thread, one single-threaded runtime, some of the connections.
//!
//! Everything here is local to the thread. Requests that arrive in one poll cycle are handed to the scheduler together
//! at the end of it: the flush task is woken by the first of them and stands behind the connections in the run queue.
//! Those for models whose runs are short run right there; see `salver_core::run_stats` for why and when.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use salver_core::batching::{self, Scheduler};
use salver_core::table::Runner;
use salver_core::task::{Answers, PredictTask, ReplyTo};
use salver_core::wire::TensorForm;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{Notify, mpsc};

use crate::connection;
use crate::endpoint::RawStream;
use crate::mailbox::{LoopMailbox, Slots};
use crate::plane::{OpenConnection, Phase, Shared};
use crate::runner;

/// A loop that runs models for longer than this makes its connections wait.
const MAX_TIME_ON_LOOP: Duration = Duration::from_micros(200);
/// Larger inputs are no measure of short runs, nor they of them.
const MAX_BYTES_ON_LOOP: usize = 16 << 10;

/// What a port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// gRPC: HTTP/2 alone.
    Grpc,
    /// REST: HTTP/1.1 and HTTP/2.
    Rest,
    /// What operators ask for: HTTP/1.1 and HTTP/2, to the very end.
    Admin,
}

impl Port {
    /// When its idle connections are closed.
    pub(crate) fn closes_in(self) -> Phase {
        match self {
            Port::Grpc | Port::Rest => Phase::Closing,
            Port::Admin => Phase::Ended,
        }
    }
}

/// What a loop is told from outside.
pub(crate) enum ToLoop {
    /// To serve a connection that was accepted.
    Serve(RawStream, Port, OpenConnection),
    /// To let somebody look at it, who must be quick.
    Visit(Box<dyn FnOnce(&LoopContext) + Send>),
}

/// State that all tasks of one loop share.
pub(crate) struct LoopContext {
    pub(crate) shared: Arc<Shared>,
    pub(crate) slots: Slots,
    mailbox: Arc<LoopMailbox>,
    outbox: RefCell<Vec<PredictTask>>,
    has_outgoing: Notify,
    short_runs: Scheduler<PredictTask>,
}

impl LoopContext {
    /// Where the values of answers go.
    pub(crate) fn tensor_form(&self) -> TensorForm {
        if self.shared.options.tensor_content { TensorForm::TensorContent } else { TensorForm::TypedFields }
    }

    /// Where runners put the answer of `slot`.
    pub(crate) fn reply_to(&self, slot: u64) -> ReplyTo {
        ReplyTo { mailbox: self.mailbox.clone(), slot }
    }

    /// Queues a task; it reaches the scheduler at the end of this poll cycle.
    pub(crate) fn submit(&self, task: PredictTask) {
        let mut outbox = self.outbox.borrow_mut();
        outbox.push(task);
        if outbox.len() == 1 {
            self.has_outgoing.notify_one();
        }
    }

    async fn flush_outbox(&self) {
        loop {
            self.has_outgoing.notified().await;
            let tasks = std::mem::take(&mut *self.outbox.borrow_mut());
            let (short, others): (Vec<_>, Vec<_>) = tasks.into_iter().partition(runs_here);
            submit_all(&self.shared, others);
            if !short.is_empty() {
                submit(&self.shared, &self.short_runs, short);
                self.run_short_runs();
            }
        }
    }

    /// Runs what is short on this thread, for a bounded time; the rest goes to the runners.
    fn run_short_runs(&self) {
        let (mut answers, started) = (Answers::default(), Instant::now());
        while let Some(turn) = self.short_runs.try_next() {
            runner::run_turn(turn, &mut answers, &self.shared.counters);
            if started.elapsed() >= MAX_TIME_ON_LOOP {
                answers.flush();
                submit(&self.shared, &self.shared.native, self.short_runs.take_all());
            }
        }
    }

    async fn deliver_answers(&self) {
        let mut batch = Vec::new();
        loop {
            self.mailbox.take(&mut batch).await;
            for (slot, outcome) in batch.drain(..) {
                self.slots.answer(slot, outcome);
            }
        }
    }
}

/// Whether the loop itself may run this task.
fn runs_here(task: &PredictTask) -> bool {
    matches!(task.pinned.runner(), Runner::Native(_))
        && task.pinned.run_stats().is_short()
        && !task.pinned.must_queue()
        && task.memory_bytes() <= MAX_BYTES_ON_LOOP
}

/// Hands tasks to the scheduler of their kind; refused ones are answered.
pub(crate) fn submit_all(shared: &Shared, tasks: Vec<PredictTask>) {
    let (native, foreign): (Vec<_>, Vec<_>) =
        tasks.into_iter().partition(|task| matches!(task.pinned.runner(), Runner::Native(_)));
    submit(shared, &shared.native, native);
    submit(shared, &shared.foreign, foreign);
}

fn submit(shared: &Shared, scheduler: &Scheduler<PredictTask>, tasks: Vec<PredictTask>) {
    if tasks.is_empty() {
        return;
    }
    let mut answers = Answers::default();
    for (task, refusal) in scheduler.submit(tasks) {
        shared.counters.refuse(&refusal);
        task.refuse(&refusal, &mut answers);
    }
}

/// Starts a loop; it ends when its sender is dropped.
///
/// # Errors
/// The runtime or the thread could not be made.
pub(crate) fn spawn(
    index: usize,
    shared: Arc<Shared>,
) -> std::io::Result<(mpsc::UnboundedSender<ToLoop>, JoinHandle<()>)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let thread = std::thread::Builder::new().name(format!("salver-io-{index}")).spawn(move || {
        let runtime =
            Builder::new_current_thread().enable_all().max_blocking_threads(4).build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => runtime.block_on(run(shared, receiver)),
            Err(error) => shared.control.notice(format!("An event loop cannot start: {error}")),
        }
    })?;
    Ok((sender, thread))
}

async fn run(shared: Arc<Shared>, mut told: mpsc::UnboundedReceiver<ToLoop>) {
    shared.ready_thread();
    // It only makes the first request quicker.
    let _failed = connection::warm_up().await;
    let context = Rc::new(LoopContext {
        // The loop has other things to do than wait for company.
        short_runs: Scheduler::new(batching::Options { num_runners: 1, may_wait: false }),
        shared,
        slots: Slots::default(),
        mailbox: Arc::default(),
        outbox: RefCell::default(),
        has_outgoing: Notify::new(),
    });
    spawn_with(&context, |context| async move { context.flush_outbox().await });
    spawn_with(&context, |context| async move { context.deliver_answers().await });
    while let Some(told) = told.recv().await {
        match told {
            ToLoop::Serve(stream, port, open) => {
                spawn_with(&context, |context| connection::serve(context, stream, port, open));
            }
            ToLoop::Visit(visit) => visit(&context),
        }
    }
}

/// Runs a task of this loop.
pub(crate) fn spawn_with<F: Future<Output = ()> + 'static>(
    context: &Rc<LoopContext>,
    task: impl FnOnce(Rc<LoopContext>) -> F,
) {
    tokio::task::spawn_local(task(context.clone()));
}
