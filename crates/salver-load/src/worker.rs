//! What sends requests, one after the other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use tokio::sync::mpsc::Receiver;

use crate::Options;
use crate::ending::End;
use crate::line::Line;
use crate::link::{Channel, Link, Sent};
use crate::tally::{Failure, Outcome, Tally};
use crate::window::Window;

/// A lost connection costs this much, so that a server that hangs up at once is not called without end.
const PAUSE: Duration = Duration::from_millis(10);

/// What the workers of one event loop share.
pub(crate) struct Crew {
    pub(crate) options: Arc<Options>,
    /// Headers of every request.
    pub(crate) head: Request<()>,
    /// As they are sent.
    pub(crate) bodies: Vec<Bytes>,
    pub(crate) window: Window,
    /// What is due, in an open loop.
    pub(crate) line: Option<Line>,
    pub(crate) tally: Mutex<Tally>,
    /// Requests of a closed loop that are to be sent yet, over all threads.
    pub(crate) num_left: Arc<AtomicU64>,
    pub(crate) next_body: AtomicUsize,
    pub(crate) end: Arc<End>,
}

impl Crew {
    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends requests over a link until there are no more.
    pub(crate) async fn work(&self, link: &Link) {
        let mut connection = match link.channel().await {
            Ok(connection) => connection,
            Err(status) => return self.end.give_up(&status.message),
        };
        while let Some(due) = self.next().await {
            let index = self.next_body.fetch_add(1, Ordering::Relaxed) % self.bodies.len();
            let open = OpenRequest { crew: self, index, due };
            let sent = self.send(link, &mut connection, index, due).await;
            let Some(outcome) = sent else { return };
            let is_lost = matches!(&outcome, Outcome::Failed(failure) if failure.kind == Failure::CONNECTION);
            open.end(outcome);
            if is_lost {
                tokio::time::sleep(PAUSE).await;
                match link.after(connection.0).await {
                    Ok(renewed) => connection = renewed,
                    Err(status) => return self.end.give_up(&status.message),
                }
            }
        }
    }

    /// When the next request was due; `None` when there are no more.
    async fn next(&self) -> Option<Instant> {
        if let Some(line) = &self.line {
            return line.next().await;
        }
        let now = Instant::now();
        if self.window.is_over(now) {
            return None;
        }
        if self.window.contains(now) && self.options.num_requests.is_some() {
            let one_less = |left: u64| left.checked_sub(1);
            self.num_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).ok()?;
        }
        Some(now)
    }

    /// Sends one request, on another connection where this one turns out to be gone; `None` ends the worker.
    async fn send(&self, link: &Link, connection: &mut (u64, Channel), index: usize, due: Instant) -> Option<Outcome> {
        let limit = due + self.options.timeout;
        let keep = self.options.keep_reply && self.tally().reply.is_none();
        let mut is_second = false;
        loop {
            if Instant::now() >= limit {
                return Some(self.timed_out());
            }
            let call = connection.1.call(&self.head, &self.bodies[index], keep);
            let Ok(sent) = tokio::time::timeout_at(limit.into(), call).await else {
                return Some(self.timed_out());
            };
            match sent {
                Sent::Answered(bytes, reply) => {
                    if let Some(reply) = reply {
                        self.tally().reply = Some(reply);
                    }
                    return Some(Outcome::Answered(bytes));
                }
                Sent::Failed(failure) => return Some(Outcome::Failed(failure)),
                Sent::No(failure) | Sent::Refused(failure) if is_second => return Some(Outcome::Failed(failure)),
                Sent::Refused(_) => {}
                Sent::No(_) => match link.after(connection.0).await {
                    Ok(renewed) => *connection = renewed,
                    Err(status) => {
                        self.end.give_up(&status.message);
                        return None;
                    }
                },
            }
            is_second = true;
        }
    }

    fn timed_out(&self) -> Outcome {
        Outcome::Failed(Failure::timeout(self.options.timeout))
    }

    /// Counts what nobody has sent when a run is over, which was due like the rest.
    pub(crate) fn give_up_waiting(&self) {
        while let Some(due) = self.line.as_ref().and_then(Line::take) {
            drop(OpenRequest { crew: self, index: 0, due });
        }
    }

    fn record(&self, index: usize, due: Instant, outcome: Outcome) {
        let now = Instant::now();
        let is_within = self.window.contains(now) && matches!(outcome, Outcome::Answered(_));
        let is_counted = self.window.counts(due, now);
        if is_within || is_counted {
            let mut tally = self.tally();
            tally.num_within += u64::from(is_within);
            if is_counted {
                tally.record(index, self.bodies[index].len(), now - due, outcome);
            }
        }
    }

    /// Puts what the pacer says to be due into the line, until it says no more.
    pub(crate) async fn take_in(&self, mut due: Receiver<Instant>) {
        let Some(line) = &self.line else { return };
        while let Some(at) = due.recv().await {
            let has_room = line.push(at);
            if self.window.contains(at) {
                let mut tally = self.tally();
                tally.lags.record(Instant::now().saturating_duration_since(at));
                tally.num_dropped += u64::from(!has_room);
            }
        }
        line.close();
    }
}

/// A request that a worker has. One that is dropped had no answer in time, unless the run was broken off.
struct OpenRequest<'a> {
    crew: &'a Crew,
    index: usize,
    due: Instant,
}

impl OpenRequest<'_> {
    fn end(self, outcome: Outcome) {
        self.crew.record(self.index, self.due, outcome);
        std::mem::forget(self);
    }
}

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        if !self.crew.end.is_stopped() {
            self.crew.record(self.index, self.due, self.crew.timed_out());
        }
    }
}
