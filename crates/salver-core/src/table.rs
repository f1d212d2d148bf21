//! The serving table: which versions of which models answer requests.
//!
//! Python publishes a whole new table on every change; readers take a snapshot without a lock. A request pins the one
//! target that it uses, never the table, so that a slow request to one model delays no other model's unload.
//!
//! Retiring is race-free: a reader pins first and looks at `is_retired` afterwards; whoever retires sets the mark
//! first and counts pins afterwards. Either the reader sees the mark and resolves again against the newer table, or
//! the retiring thread sees the pin and waits for it.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::batching::{Line, Owner, Policy};
use crate::executor::Executor;
use crate::requests::{SignatureStats, VersionStats};
use crate::run_stats::RunStats;
use crate::signature::{Signature, resolved_name};
use crate::status::{Code, Status};

/// Who runs the batches of a target.
#[derive(Clone)]
pub enum Runner {
    /// A native runtime, on native runner threads.
    Native(Arc<dyn Executor>),
    /// Somebody who pulls batches; the object is theirs and opaque here.
    Foreign(Arc<dyn Any + Send + Sync>),
}

/// A signature, where its requests queue, and what is counted of them.
struct Entry {
    signature: Arc<Signature>,
    line: Arc<Line>,
    stats: Arc<SignatureStats>,
}

/// One servable version that requests can be sent to.
pub struct Target {
    name: Arc<str>,
    version: i64,
    signatures: HashMap<Arc<str>, Entry>,
    /// Of calls by what is no signature of its own.
    other_line: Arc<Line>,
    stats: VersionStats,
    runner: Runner,
    owner: Arc<Owner>,
    run_stats: RunStats,
    pins: AtomicUsize,
    is_retired: AtomicBool,
    released_lock: Mutex<()>,
    released: Condvar,
}

impl Target {
    /// A target whose requests are batched by `policy`.
    pub fn new(
        name: Arc<str>,
        version: i64,
        signatures: impl IntoIterator<Item = Signature>,
        runner: Runner,
        policy: Policy,
    ) -> Self {
        let owner = Owner::new(policy);
        let signatures: Vec<_> = signatures.into_iter().map(Arc::new).collect();
        let stats = VersionStats::new(name.clone(), version, signatures.iter().map(|own| own.name.clone()));
        let entry = |signature: Arc<Signature>| {
            let (line, stats) = (Line::new(&owner, signature.name.clone()), stats.signature(&signature.name).clone());
            (signature.name.clone(), Entry { signature, line, stats })
        };
        Self {
            name,
            version,
            signatures: signatures.into_iter().map(entry).collect(),
            stats: stats.clone(),
            other_line: Line::new(&owner, "".into()),
            runner,
            owner,
            run_stats: RunStats::default(),
            pins: AtomicUsize::new(0),
            is_retired: AtomicBool::new(false),
            released_lock: Mutex::new(()),
            released: Condvar::new(),
        }
    }

    /// Model name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version number.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Who runs its batches.
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Who gets the runners' time for its requests; has the batching policy.
    pub fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    /// Whether requests may share a batch.
    pub fn joins_requests(&self) -> bool {
        self.owner.peek(Policy::joins_requests)
    }

    /// Whether requests have to stand in the queue of all runners: to wait for company even while one is free, or for
    /// those before them, where only so many may run at the same time.
    pub fn must_queue(&self) -> bool {
        self.owner.peek(|policy| policy.waits_for_company() || policy.max_in_flight_batches.is_some())
    }

    /// The queue of `signature`, and what is counted of its requests.
    pub fn queue(&self, signature: &Arc<Signature>) -> (&Arc<Line>, &Arc<SignatureStats>) {
        match self.signatures.get(&signature.name) {
            Some(entry) if Arc::ptr_eq(&entry.signature, signature) => (&entry.line, &entry.stats),
            _ => (&self.other_line, self.stats.signature("")),
        }
    }

    /// What is counted of its requests.
    pub fn stats(&self) -> &VersionStats {
        &self.stats
    }

    /// The queues of all signatures, by name; that of other calls where it had any.
    pub fn lines(&self) -> Vec<&Arc<Line>> {
        let other = self.other_line.was_used().then_some(&self.other_line);
        let mut lines: Vec<_> = self.signatures.values().map(|entry| &entry.line).chain(other).collect();
        lines.sort_by(|a, b| a.name().cmp(b.name()));
        lines
    }

    /// How long its batches run.
    pub fn run_stats(&self) -> &RunStats {
        &self.run_stats
    }

    /// The signature called `name`; an empty name is `serving_default`.
    pub fn signature(&self, name: &str) -> Option<&Arc<Signature>> {
        self.signatures.get(resolved_name(name)).map(|entry| &entry.signature)
    }

    /// Requests that hold this target now.
    pub fn num_pins(&self) -> usize {
        self.pins.load(Ordering::SeqCst)
    }

    /// Marks the target as retired and waits for its last request; call it after a table without it was published.
    ///
    /// Returns whether no request holds it any more; false when `timeout` passed first.
    pub fn wait_until_released(&self, timeout: Option<Duration>) -> bool {
        self.is_retired.store(true, Ordering::SeqCst);
        self.owner.close();
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut guard = self.released_lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.num_pins() > 0 {
            // Bounded sleeps: a missed wake-up would cost a moment, never a hang.
            let slice = Duration::from_millis(500);
            let wait = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return false,
                Some(left) => left.min(slice),
                None => slice,
            };
            guard = self.released.wait_timeout(guard, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn unpin(&self) {
        if self.pins.fetch_sub(1, Ordering::SeqCst) == 1 && self.is_retired.load(Ordering::SeqCst) {
            drop(self.released_lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.released.notify_all();
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}, {})", self.name, self.version)
    }
}

/// A target that stays loaded while this value lives.
#[derive(Debug)]
pub struct Pinned(Arc<Target>);

impl Pinned {
    /// Pins a target that is pinned already, or that no table has yet: one that nobody retires meanwhile.
    pub fn new(target: &Arc<Target>) -> Pinned {
        target.pins.fetch_add(1, Ordering::SeqCst);
        Pinned(target.clone())
    }

    /// Pins `target` unless it is retired.
    fn try_new(target: &Arc<Target>) -> Option<Pinned> {
        let pinned = Self::new(target);
        (!target.is_retired.load(Ordering::SeqCst)).then_some(pinned)
    }

    /// The same target, pinned once more.
    pub fn again(&self) -> Pinned {
        Self::new(&self.0)
    }

    /// The target itself.
    pub fn target(&self) -> &Arc<Target> {
        &self.0
    }
}

impl std::ops::Deref for Pinned {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.0
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.0.unpin();
    }
}

/// Which version a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// The highest version that serves.
    Latest,
    /// Exactly this version.
    Version(i64),
    /// The version that this label names.
    Label(&'a str),
}

/// One model of the table.
#[derive(Debug, Default)]
pub struct ModelRow {
    /// Versions that serve, in any order.
    pub targets: Vec<Arc<Target>>,
    /// Label to version.
    pub labels: HashMap<String, i64>,
    /// Answer while no version serves; `None` means NOT_FOUND.
    pub unavailable: Option<Status>,
}

impl ModelRow {
    fn latest(&self) -> Option<&Arc<Target>> {
        self.targets.iter().max_by_key(|target| target.version)
    }

    fn version(&self, version: i64) -> Option<&Arc<Target>> {
        self.targets.iter().find(|target| target.version == version)
    }
}

/// An immutable set of models.
#[derive(Debug, Default)]
pub struct Snapshot {
    models: HashMap<String, ModelRow>,
}

impl Snapshot {
    /// A snapshot of these models.
    pub fn new(models: impl IntoIterator<Item = (String, ModelRow)>) -> Self {
        Self { models: models.into_iter().collect() }
    }

    /// Names of the models.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// All versions that serve, in no order.
    pub fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.models.values().flat_map(|row| &row.targets)
    }

    fn find(&self, name: &str, choice: Choice<'_>) -> Result<&Arc<Target>, Status> {
        let row = self.models.get(name);
        let version = match choice {
            Choice::Latest => None,
            Choice::Version(version) => Some(version),
            Choice::Label(label) => Some(label_version(name, label, row)?),
        };
        let found = row.and_then(|row| match version {
            None => row.latest(),
            Some(version) => row.version(version),
        });
        found.ok_or_else(|| row.and_then(|row| row.unavailable.clone()).unwrap_or_else(|| not_found(name, version)))
    }
}

fn label_version(name: &str, label: &str, row: Option<&ModelRow>) -> Result<i64, Status> {
    row.and_then(|row| row.labels.get(label).copied()).ok_or_else(|| {
        Status::invalid_argument(format!("Unrecognized servable version label: {label} (of model {name})"))
    })
}

fn not_found(name: &str, version: Option<i64>) -> Status {
    Status::not_found(match version {
        None => format!("Servable not found for request: Latest({name})"),
        Some(version) => format!("Servable not found for request: Specific({name}, {version})"),
    })
}

/// Bounds the search where somebody retires a target without publishing a table first.
const MAX_RESOLVE_TRIES: usize = 1000;

/// The current snapshot, swapped whole.
#[derive(Debug, Default)]
pub struct ServingTable {
    current: ArcSwap<Snapshot>,
}

impl ServingTable {
    /// Makes what each thread needs to use the table; the first `publish` or `resolve` of a thread does it otherwise.
    pub fn ready_thread(&self) {
        drop(self.current.load());
    }

    /// Makes `snapshot` the one that requests see from now on.
    pub fn publish(&self, snapshot: Snapshot) {
        self.current.store(Arc::new(snapshot));
    }

    /// The snapshot that requests see now. Who keeps it keeps targets from being freed, not from being unloaded.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Finds and pins the target of a request.
    ///
    /// # Errors
    /// NOT_FOUND with `Servable not found for request: ...`; INVALID_ARGUMENT for an empty name or an unknown label;
    /// the published reason of a model that serves nothing yet.
    pub fn resolve(&self, name: &str, choice: Choice<'_>) -> Result<Pinned, Status> {
        if name.is_empty() {
            return Err(Status::invalid_argument("ModelSpec has no name specified."));
        }
        for _ in 0..MAX_RESOLVE_TRIES {
            let snapshot = self.current.load();
            if let Some(pinned) = Pinned::try_new(snapshot.find(name, choice)?) {
                return Ok(pinned);
            }
            // Retired between the two steps: a table without it has just been published.
            std::thread::yield_now();
        }
        Err(Status::new(Code::Unavailable, format!("Model {name} is being unloaded.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(version: i64) -> Arc<Target> {
        Arc::new(Target::new("m".into(), version, [], Runner::Foreign(Arc::new(())), Policy::unbatched()))
    }

    fn table(targets: &[&Arc<Target>]) -> ServingTable {
        let table = ServingTable::default();
        let row = ModelRow {
            targets: targets.iter().map(|t| (*t).clone()).collect(),
            labels: HashMap::from([("stable".to_owned(), 1)]),
            unavailable: None,
        };
        table.publish(Snapshot::new([("m".to_owned(), row)]));
        table
    }

    #[test]
    fn a_version_with_a_limit_of_batches_in_flight_has_one_queue() {
        let target = target(1);
        let at_once = Policy { is_adaptive: false, ..Policy::default() };
        let timed = Policy { batch_timeout: Duration::from_millis(1), ..at_once.clone() };
        let limited = Policy { max_in_flight_batches: Some(1), ..Policy::default() };
        for (policy, must_queue) in [(Policy::default(), false), (at_once, false), (timed, true), (limited, true)] {
            target.owner().set_policy(policy.clone());
            assert_eq!(target.must_queue(), must_queue, "{policy:?}");
        }
    }

    #[test]
    fn latest_is_the_highest_version_and_zero_is_a_version() {
        let table = table(&[&target(0), &target(7), &target(3)]);
        assert_eq!(table.resolve("m", Choice::Latest).unwrap().version(), 7);
        assert_eq!(table.resolve("m", Choice::Version(0)).unwrap().version(), 0);
    }

    #[test]
    fn unknown_names_versions_and_labels_name_what_was_asked() {
        let table = table(&[&target(1)]);
        let error = |name, choice| table.resolve(name, choice).unwrap_err().to_string();
        assert_eq!(error("x", Choice::Latest), "NOT_FOUND: Servable not found for request: Latest(x)");
        assert_eq!(error("m", Choice::Version(2)), "NOT_FOUND: Servable not found for request: Specific(m, 2)");
        assert!(error("m", Choice::Label("blue")).starts_with("INVALID_ARGUMENT: Unrecognized servable version label"));
        assert_eq!(table.resolve("m", Choice::Label("stable")).unwrap().version(), 1);
    }

    #[test]
    fn released_only_after_the_last_pin() {
        let (one, two) = (target(1), target(2));
        let table = table(&[&one, &two]);
        let pin = table.resolve("m", Choice::Version(1)).unwrap();
        table.publish(Snapshot::default());
        assert!(two.wait_until_released(Some(Duration::ZERO)));
        assert!(!one.wait_until_released(Some(Duration::from_millis(1))));
        drop(pin);
        assert!(one.wait_until_released(None));
    }
}
