//! Work that would hold up everybody else on an event loop, done beside it.

use salver_core::Status;
use tokio::task::JoinHandle;

/// Work that nobody waits for any more does not begin.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs `work` here, or on the loop's blocking pool where it is long.
///
/// # Errors
/// Those of `work`; INTERNAL where it panicked.
pub(crate) async fn off_loop<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    if !is_long {
        return work();
    }
    let mut job = AbortOnDrop(tokio::task::spawn_blocking(work));
    match (&mut job.0).await {
        Ok(done) => done,
        Err(_panicked) => Err(Status::internal("Converting the request failed.")),
    }
}
