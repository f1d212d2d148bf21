//! Threads that run batches of native models, without the GIL.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use salver_core::batching::{Scheduler, Turn};
use salver_core::task::{Answers, Batch, PredictTask};

use crate::counters::{Counters, count};

/// How long answers may wait for others, so that a run of short batches wakes the event loop once.
const MAX_ANSWER_DELAY: Duration = Duration::from_micros(200);
/// A waiting runner looks up this often; it is woken for work and for the end.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// Answers the dead and returns the living as a batch.
pub(crate) fn open_turn(turn: Turn<PredictTask>, answers: &mut Answers, counters: &Counters) -> Option<Batch> {
    turn.refused.iter().for_each(|(_, refusal)| counters.refuse(refusal));
    let batch = Batch::open(turn, answers)?;
    counters.batched_requests.fetch_add(batch.tasks().len() as u64, Ordering::Relaxed);
    counters.batching.run(&batch);
    Some(batch)
}

/// Runs one turn of native work.
pub(crate) fn run_turn(turn: Turn<PredictTask>, answers: &mut Answers, counters: &Counters) {
    if let Some(batch) = open_turn(turn, answers, counters) {
        count(&counters.native_batches);
        // A panic drops the batch, which answers INTERNAL; the thread goes on.
        let _panicked = catch_unwind(AssertUnwindSafe(|| batch.run_native(answers)));
    }
}

/// Whether answers that are ready may wait for those of this turn.
fn is_soon_over(turn: &Turn<PredictTask>) -> bool {
    let mean = turn.batch.first().map(|task| task.pinned.run_stats().mean());
    mean.is_none_or(|mean| !mean.is_zero() && mean <= MAX_ANSWER_DELAY)
}

/// Runs turns until the scheduler stops.
pub(crate) fn run_native(scheduler: &Scheduler<PredictTask>, counters: &Arc<Counters>) {
    let mut answers = Answers::default();
    let mut oldest: Option<Instant> = None;
    loop {
        let turn = scheduler.try_next().or_else(|| {
            answers.flush();
            oldest = None;
            scheduler.next(IDLE_WAIT)
        });
        let Some(turn) = turn else {
            if scheduler.is_stopped() {
                return;
            }
            continue;
        };
        if !is_soon_over(&turn) {
            answers.flush();
        }
        run_turn(turn, &mut answers, counters);
        let now = Instant::now();
        if now.duration_since(*oldest.get_or_insert(now)) >= MAX_ANSWER_DELAY {
            answers.flush();
            oldest = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use salver_core::batching::{Options, Policy};
    use salver_core::table::{Choice, ModelRow, Runner, ServingTable, Snapshot, Target};
    use salver_core::task::{Mailbox, Outcome, ReplyTo};
    use salver_core::{Call, Executor, Signature, Status, Tensor};

    use super::*;

    /// Sends the slot of every answer.
    struct Slots(Mutex<mpsc::Sender<u64>>);

    impl Mailbox for Slots {
        fn deliver(&self, answers: &mut Vec<(u64, Outcome)>) {
            let sender = self.0.lock().unwrap();
            answers.drain(..).for_each(|(slot, _)| sender.send(slot).unwrap());
        }
    }

    /// Runs until it is told to end.
    struct Waits(Mutex<mpsc::Receiver<()>>);

    impl Executor for Waits {
        fn run(&self, _call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
            let _ended = self.0.lock().unwrap().recv();
            Ok(Vec::new())
        }
    }

    fn task(slot: u64, mailbox: &Arc<Slots>) -> (PredictTask, mpsc::Sender<()>) {
        let signature = Signature {
            name: "s".into(),
            method: "".into(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            defaults: Vec::new(),
        };
        let (end, is_ended) = mpsc::channel();
        let runner = Runner::Native(Arc::new(Waits(Mutex::new(is_ended))));
        let target = Arc::new(Target::new("m".into(), 1, [signature], runner, Policy::unbatched()));
        let table = ServingTable::default();
        table.publish(Snapshot::new([("m".to_owned(), ModelRow { targets: vec![target], ..ModelRow::default() })]));
        let pinned = table.resolve("m", Choice::Latest).unwrap();
        let signature = pinned.signature("s").unwrap().clone();
        let reply = ReplyTo { mailbox: mailbox.clone(), slot };
        (PredictTask::new(pinned, signature, Vec::new(), Vec::new(), reply), end)
    }

    #[test]
    fn an_answer_does_not_wait_for_a_long_run_of_another_model() {
        let (sender, answered) = mpsc::channel();
        let mailbox = Arc::new(Slots(Mutex::new(sender)));
        let ((short, end_short), (long, end_long)) = (task(1, &mailbox), task(2, &mailbox));
        let scheduler = Scheduler::new(Options { num_runners: 1, may_wait: true });
        scheduler.submit([short, long]);
        end_short.send(()).unwrap();
        let early = std::thread::scope(|scope| {
            scope.spawn(|| run_native(&scheduler, &Arc::default()));
            let early = answered.recv_timeout(Duration::from_secs(10));
            end_long.send(()).unwrap();
            let _late = answered.recv_timeout(Duration::from_secs(10));
            scheduler.stop();
            early
        });
        assert_eq!(early, Ok(1));
    }
}
