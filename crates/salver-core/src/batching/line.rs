//! Who queues: a model version, and each of its signatures.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;

use super::learnt::{CurvePoint, Learnt};
use super::policy::Policy;
use super::stats::LineStats;

static NEXT_OWNER_ID: AtomicU64 = AtomicU64::new(1);

/// One model version: whoever gets a share of the runners' time.
pub struct Owner {
    id: u64,
    policy: ArcSwap<Policy>,
    is_closing: AtomicBool,
    /// The virtual time up to which its turns are paid for, in nanoseconds.
    pub(super) paid_until: AtomicU64,
}

impl Owner {
    /// An owner that nobody else is.
    pub fn new(policy: Policy) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT_OWNER_ID.fetch_add(1, Ordering::Relaxed),
            policy: ArcSwap::from_pointee(policy),
            is_closing: AtomicBool::new(false),
            paid_until: AtomicU64::new(0),
        })
    }

    /// Number that no other owner of this process has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// Whether `policy` is the one in force.
    pub(super) fn has_policy(&self, policy: &Arc<Policy>) -> bool {
        Arc::ptr_eq(&self.policy.load(), policy)
    }

    /// A short look at the policy in force.
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Policy) -> T) -> T {
        look(&self.policy.load())
    }

    /// Swaps the policy; what is queued leaves by the old one, without further wait.
    pub fn set_policy(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
    }

    /// Has everything that is queued leave without further wait.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    /// Whether nothing should wait for company any more.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

/// One signature of an owner: what was learnt of its batches, and what became of them.
pub struct Line {
    owner: Arc<Owner>,
    name: Arc<str>,
    learnt: Mutex<Learnt>,
    stats: OnceLock<Box<LineStats>>,
}

impl Line {
    /// A line of which nothing is known yet.
    pub fn new(owner: &Arc<Owner>, name: Arc<str>) -> Arc<Self> {
        Arc::new(Self { owner: owner.clone(), name, learnt: Mutex::default(), stats: OnceLock::new() })
    }

    /// Whose line it is.
    pub fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    /// Name of the signature.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What became of its batches; nothing is kept of a line that had none.
    pub fn stats(&self) -> &LineStats {
        self.stats.get_or_init(Box::default)
    }

    /// Whether it ever had work.
    pub fn was_used(&self) -> bool {
        self.stats.get().is_some()
    }

    /// How long its batches run, as learnt, ascending by rows; empty before the first.
    pub fn curve(&self) -> Vec<CurvePoint> {
        self.learnt().points()
    }

    /// What was learnt of its runs. Locked for moments; never lock the scheduler meanwhile.
    pub(super) fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({}, {})", self.owner.id, self.name)
    }
}
