//! How long a thread waits for the interpreter lock.

use std::time::Instant;

use pyo3::prelude::*;

use crate::table::seconds;

/// Sleeps so long without the lock, then asks for it, and says how many seconds it took to have it.
#[pyfunction]
#[allow(clippy::disallowed_methods)] // What is measured is a moment that nothing else chose.
pub(crate) fn wait_for_lock(py: Python<'_>, pause_s: f64) -> PyResult<f64> {
    let pause = seconds(pause_s)?;
    let asked = py.detach(|| {
        std::thread::sleep(pause);
        Instant::now()
    });
    Ok(asked.elapsed().as_secs_f64())
}
