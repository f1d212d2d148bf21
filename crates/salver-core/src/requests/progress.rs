//! How far a request has come between the thread of its socket and whoever runs it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::trace::TraceContext;
use super::version::SignatureStats;

/// Not yet.
const NEVER: u64 = u64::MAX;

/// In what company a request ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Requests, or parts of requests, in its batch.
    pub num_requests: u32,
    /// Rows that ran, padding included.
    pub num_rows: u32,
}

/// What both sides know of one request. Shared by the parts of one that was split: it is batched when the first of them
/// is, and runs from the first to begin to the last to end.
#[derive(Debug)]
pub struct Progress {
    stats: Arc<SignatureStats>,
    trace: OnceLock<Arc<TraceContext>>,
    queued: Instant,
    is_abandoned: AtomicBool,
    /// Nanoseconds after `queued`, as those below.
    batched: AtomicU64,
    run_begun: AtomicU64,
    /// One more, so that 0 is no time.
    run_ended: AtomicU64,
    /// Into how many parts it was split; 1 unless it was.
    num_parts: AtomicU32,
    /// How many of several parts are over.
    num_ended: AtomicU32,
    num_requests: AtomicU32,
    num_rows: AtomicU32,
}

impl Progress {
    /// A request that is queued now.
    pub fn new(stats: Arc<SignatureStats>) -> Self {
        Self {
            stats,
            trace: OnceLock::new(),
            queued: Instant::now(),
            is_abandoned: AtomicBool::new(false),
            batched: AtomicU64::new(NEVER),
            run_begun: AtomicU64::new(NEVER),
            run_ended: AtomicU64::new(0),
            num_parts: AtomicU32::new(1),
            num_ended: AtomicU32::new(0),
            num_requests: AtomicU32::new(0),
            num_rows: AtomicU32::new(0),
        }
    }

    /// What is counted of requests like it.
    pub fn stats(&self) -> &Arc<SignatureStats> {
        &self.stats
    }

    /// Its spans, where it is traced.
    pub fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.trace.get()
    }

    /// Has it traced; the first trace that is given counts.
    pub fn follow(&self, trace: Arc<TraceContext>) {
        let _first = self.trace.set(trace);
    }

    /// Notes that nobody waits for the answer any more.
    pub fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }

    /// Notes that one of what it is split into, or all of it, is itself split into so many parts.
    pub fn split(&self, num_parts: usize) {
        let num_more = u32::try_from(num_parts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.num_parts.fetch_add(num_more, Ordering::Relaxed);
    }

    /// Notes that its batch was formed at `now`.
    pub fn batch(&self, now: Instant, company: Company) {
        self.batched.fetch_min(self.nanos(now), Ordering::Relaxed);
        self.num_requests.store(company.num_requests, Ordering::Relaxed);
        self.num_rows.store(company.num_rows, Ordering::Relaxed);
    }

    /// Notes that its batch began to run at `now`.
    pub fn begin_run(&self, now: Instant) {
        self.run_begun.fetch_min(self.nanos(now), Ordering::Relaxed);
    }

    /// Notes that its batch was over at `now`; once for each part.
    pub fn end_run(&self, now: Instant) {
        self.run_ended.fetch_max(self.nanos(now) + 1, Ordering::Relaxed);
        if self.num_parts.load(Ordering::Relaxed) > 1 {
            // What was noted of the part is seen by whoever sees it counted.
            self.num_ended.fetch_add(1, Ordering::Release);
        }
    }

    /// When it was queued.
    pub fn queued(&self) -> Instant {
        self.queued
    }

    /// When its batch was formed, if it was.
    pub fn batched(&self) -> Option<Instant> {
        self.first(&self.batched)
    }

    /// When it began to run, if it has.
    pub fn run_begun(&self) -> Option<Instant> {
        self.first(&self.run_begun)
    }

    fn first(&self, moment: &AtomicU64) -> Option<Instant> {
        let nanos = moment.load(Ordering::Relaxed);
        (nanos != NEVER).then(|| self.queued + Duration::from_nanos(nanos))
    }

    /// When it had run, all parts of it, if it has.
    pub fn run_ended(&self) -> Option<Instant> {
        let num_parts = self.num_parts.load(Ordering::Relaxed);
        if num_parts > 1 && self.num_ended.load(Ordering::Acquire) < num_parts {
            return None;
        }
        let nanos = self.run_ended.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.queued + Duration::from_nanos(nanos))
    }

    /// With whom it ran; the last batch counts where there were several.
    pub fn company(&self) -> Company {
        let load = |count: &AtomicU32| count.load(Ordering::Relaxed);
        Company { num_requests: load(&self.num_requests), num_rows: load(&self.num_rows) }
    }

    fn nanos(&self, now: Instant) -> u64 {
        // Centuries fit; what does not is no time of a request.
        now.saturating_duration_since(self.queued).as_nanos().min(u128::from(NEVER - 2)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::VersionStats;

    fn progress() -> Progress {
        let version = VersionStats::new("m".into(), 1, ["s".into()]);
        Progress::new(version.signature("s").clone())
    }

    #[test]
    fn parts_of_a_request_run_from_the_first_that_begins_to_the_last_that_ends() {
        let progress = progress();
        assert_eq!((progress.batched(), progress.run_begun(), progress.run_ended()), (None, None, None));
        let at = |millis| progress.queued() + Duration::from_millis(millis);
        progress.split(2);
        progress.split(2);
        for (batched, begun, ended) in [(4, 5, 20), (1, 3, 30), (2, 7, 10)] {
            assert_eq!(progress.run_ended(), None, "a part has yet to end");
            progress.batch(at(batched), Company { num_requests: 2, num_rows: begun as u32 });
            progress.begin_run(at(begun));
            progress.end_run(at(ended));
        }
        assert_eq!((progress.batched(), progress.run_begun()), (Some(at(1)), Some(at(3))));
        assert_eq!(progress.run_ended(), Some(at(30)));
        assert_eq!(progress.company(), Company { num_requests: 2, num_rows: 7 });
    }

    #[test]
    fn a_run_that_begins_at_once_has_begun() {
        let progress = progress();
        let now = progress.queued();
        progress.batch(now, Company::default());
        progress.begin_run(now);
        progress.end_run(now);
        assert_eq!((progress.batched(), progress.run_begun(), progress.run_ended()), (Some(now), Some(now), Some(now)));
    }
}
