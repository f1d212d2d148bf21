//! Which requests are under way: asked of the event loops, each of which knows its own, so that no request pays for it.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use salver_core::requests::{Company, Phase, Progress, Protocol};
use tokio::sync::mpsc::UnboundedSender;

use crate::event_loop::{LoopContext, ToLoop};

/// A loop that does not answer by then is busy with something else, or ends.
const LOOP_LIMIT: Duration = Duration::from_secs(1);

/// A request that is queued, batched, runs, or has run and is not answered yet.
#[derive(Clone, Debug)]
pub struct RunningRequest {
    /// Name of the model.
    pub model: String,
    /// Number of the version.
    pub version: i64,
    /// Name of the signature; empty for calls by what is no signature of its own.
    pub signature: String,
    /// How it came in.
    pub protocol: Protocol,
    /// Where it is.
    pub phase: Phase,
    /// Time since it was queued.
    pub age: Duration,
    /// In what company it runs; none while it is queued.
    pub company: Company,
    /// Its trace, where it is traced.
    pub trace_id: Option<u128>,
}

impl RunningRequest {
    /// What is to be told of a request that has come so far at `now`.
    pub(crate) fn new(progress: &Progress, protocol: Protocol, now: Instant) -> Self {
        let reached = [
            (Phase::Encode, progress.run_ended()),
            (Phase::Run, progress.run_begun()),
            (Phase::Batch, progress.batched()),
        ];
        let phase = reached.into_iter().find(|(_, begun)| begun.is_some()).map_or(Phase::Queue, |(phase, _)| phase);
        let stats = progress.stats();
        Self {
            model: stats.model().to_string(),
            version: stats.version(),
            signature: stats.signature().to_string(),
            protocol,
            phase,
            age: now.saturating_duration_since(progress.queued()),
            company: progress.company(),
            trace_id: progress.trace().map(|trace| trace.root.trace_id),
        }
    }
}

/// All that are under way on these loops: how many, and the `most` oldest of them, oldest first.
pub(crate) fn ask(loops: &[UnboundedSender<ToLoop>], most: usize) -> (usize, Vec<RunningRequest>) {
    let (sender, receiver) = mpsc::channel();
    for to_loop in loops {
        let sender = sender.clone();
        let visit = move |context: &LoopContext| {
            let _asker_gone = sender.send(context.slots.oldest(most));
        };
        let _ended = to_loop.send(ToLoop::Visit(Box::new(visit)));
    }
    drop(sender);
    let deadline = Instant::now() + LOOP_LIMIT;
    let (mut total, mut found) = (0, Vec::new());
    while let Ok((count, requests)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        total += count;
        found.extend(requests);
    }
    found.sort_by_key(|request| std::cmp::Reverse(request.age));
    found.truncate(most);
    (total, found)
}
