//! The monitor of a scheduler under test: `shuttle` decides which thread runs when, and time passes only by [`pass`].
//!
//! A wait ends by a notification or by time alone, never of itself: a wake-up that is lost leaves its thread waiting, and
//! `shuttle` reports the threads that nothing can wake any more.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use shuttle::sync::{Mutex, MutexGuard};
use shuttle::thread::{self, Thread};

/// Holds the lock of a monitor.
pub(super) type Guard<'a, T> = MutexGuard<'a, T>;

/// A thread that waits, until then at most.
struct Waiter {
    id: u64,
    thread: Thread,
    until: Instant,
}

/// Those who wait at one monitor. No thread is switched to while it is borrowed: all run on one thread of the system.
#[derive(Default)]
struct Waiters(std::sync::Mutex<VecDeque<Waiter>>);

thread_local! {
    static START: Instant = Instant::now();
    static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
    static MONITORS: RefCell<Vec<Weak<Waiters>>> = const { RefCell::new(Vec::new()) };
}

/// A value behind a lock, and threads that wait for it to change.
pub(super) struct Monitor<T> {
    value: Mutex<T>,
    waiters: Arc<Waiters>,
}

impl<T> Monitor<T> {
    pub(super) fn new(value: T) -> Self {
        let waiters = Arc::<Waiters>::default();
        MONITORS.with_borrow_mut(|monitors| {
            monitors.retain(|other| other.strong_count() > 0);
            monitors.push(Arc::downgrade(&waiters));
        });
        Self { value: Mutex::new(value), waiters }
    }

    pub(super) fn lock(&self) -> Guard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the lock until someone notifies or `until` has come.
    pub(super) fn wait<'a>(&'a self, guard: Guard<'a, T>, until: Instant) -> Guard<'a, T> {
        let id = NEXT_ID.replace(NEXT_ID.get() + 1);
        drop(guard);
        // Nobody runs between the end of the lock and this: `shuttle` switches before such steps, never behind them.
        self.waiters.0.lock().unwrap().push_back(Waiter { id, thread: thread::current(), until });
        while self.waiters.is_waiting(id) {
            thread::park();
        }
        self.lock()
    }

    pub(super) fn notify_one(&self) {
        let first = self.waiters.0.lock().unwrap().pop_front();
        first.inspect(|waiter| waiter.thread.unpark());
    }

    pub(super) fn notify_all(&self) {
        let all = std::mem::take(&mut *self.waiters.0.lock().unwrap());
        all.iter().for_each(|waiter| waiter.thread.unpark());
    }
}

impl Waiters {
    /// Whether `id` was neither notified nor has its time come.
    fn is_waiting(&self, id: u64) -> bool {
        let mut waiters = self.0.lock().unwrap();
        waiters.retain(|waiter| waiter.id != id || waiter.until > now());
        waiters.iter().any(|waiter| waiter.id == id)
    }

    fn wake_those_due(&self) {
        let due: Vec<Thread> =
            self.0.lock().unwrap().iter().filter(|waiter| waiter.until <= now()).map(|w| w.thread.clone()).collect();
        due.iter().for_each(Thread::unpark);
    }
}

/// The modelled time.
pub(super) fn now() -> Instant {
    START.with(|start| *start) + PASSED.get()
}

/// Has time pass, for all schedulers of this test.
pub fn pass(time: Duration) {
    PASSED.set(PASSED.get() + time);
    let monitors: Vec<Arc<Waiters>> = MONITORS.with_borrow(|all| all.iter().filter_map(Weak::upgrade).collect());
    monitors.iter().for_each(|waiters| waiters.wake_those_due());
}
