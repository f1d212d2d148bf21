//! Threads that run batches of native models, without the GIL.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use salver_core::scheduler::{Scheduler, Turn};
use salver_core::task::{Answers, Batch, PredictTask};

use crate::counters::{Counters, count};

/// How long answers may wait for others, so that a run of short batches wakes the event loop once.
const MAX_ANSWER_DELAY: Duration = Duration::from_micros(200);
/// A waiting runner looks up this often; it is woken for work and for the end.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// Answers the dead and returns the living as a batch.
pub(crate) fn open_turn(turn: Turn<PredictTask>, answers: &mut Answers, counters: &Counters) -> Option<Batch> {
    for task in turn.dead {
        count(&counters.dead_requests);
        task.reject(answers);
    }
    counters.batched_requests.fetch_add(turn.batch.len() as u64, Ordering::Relaxed);
    Batch::new(turn.batch)
}

/// Runs one turn of native work.
pub(crate) fn run_turn(turn: Turn<PredictTask>, answers: &mut Answers, counters: &Counters) {
    if let Some(batch) = open_turn(turn, answers, counters) {
        count(&counters.native_batches);
        // A panic drops the batch, which answers INTERNAL; the thread goes on.
        let _panicked = catch_unwind(AssertUnwindSafe(|| batch.run_native(answers)));
    }
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
        run_turn(turn, &mut answers, counters);
        let now = Instant::now();
        if now.duration_since(*oldest.get_or_insert(now)) >= MAX_ANSWER_DELAY {
            answers.flush();
            oldest = None;
        }
    }
}
