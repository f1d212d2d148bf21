//! Locks whose holders cannot leave half a change behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whether or not a holder has panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
