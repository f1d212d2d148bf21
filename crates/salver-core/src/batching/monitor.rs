//! What a scheduler has of the system: a lock, wake-ups, the time. The feature `shuttle` puts a model in its place.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Holds the lock of a monitor.
pub(super) type Guard<'a, T> = MutexGuard<'a, T>;

/// A value behind a lock, and threads that wait for it to change.
#[derive(Debug)]
pub(super) struct Monitor<T> {
    value: Mutex<T>,
    has_changed: Condvar,
}

impl<T> Monitor<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), has_changed: Condvar::new() }
    }

    pub(super) fn lock(&self) -> Guard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the lock until someone notifies or `until` has come.
    pub(super) fn wait<'a>(&'a self, guard: Guard<'a, T>, until: Instant) -> Guard<'a, T> {
        let left = until.saturating_duration_since(now());
        self.has_changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn notify_one(&self) {
        self.has_changed.notify_one();
    }

    pub(super) fn notify_all(&self) {
        self.has_changed.notify_all();
    }
}

/// The time.
pub(super) fn now() -> Instant {
    Instant::now()
}
