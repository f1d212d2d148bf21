//! The threads of a run, an event loop each, from their first connection to their last answer.

use std::sync::mpsc::{self as std_mpsc, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use salver_core::{Code, Status};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::Options;
use crate::busy::Busy;
use crate::dial::Dialer;
use crate::ending::{End, Going, Leaving};
use crate::link::Link;
use crate::lock::locked;
use crate::window::Window;
use crate::worker::Crew;

/// Requests that the pacer may be ahead of an event loop.
const MAX_HANDED_OUT: usize = 4096;
/// After the time limit of the last request: what it takes to notice.
const GRACE: Duration = Duration::from_millis(500);
/// Connections that an event loop opens at the same time: no more than a server's queue of new ones holds.
const MAX_OPENING: usize = 32;
/// How often it is asked whether to go on opening connections.
const LOOK: Duration = Duration::from_millis(100);

/// Threads that have opened their connections and wait to start.
pub(crate) struct Opening {
    pub(crate) threads: Vec<JoinHandle<Option<Busy>>>,
    pub(crate) starters: Vec<oneshot::Sender<Arc<Crew>>>,
    pub(crate) due: Vec<mpsc::Sender<Instant>>,
}

impl Opening {
    /// Starts the threads and waits until all connections are open.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE where one cannot be opened; CANCELLED where it is given up.
    pub(crate) fn spawn(
        options: &Arc<Options>,
        dialer: &Arc<Dialer>,
        end: &Arc<End>,
        going: &Arc<Going>,
        is_given_up: impl FnMut() -> bool,
    ) -> Result<Self, Status> {
        let (opened, results) = std_mpsc::channel();
        let mut opening = Self { threads: Vec::new(), starters: Vec::new(), due: Vec::new() };
        for index in 0..options.num_threads {
            let (starter, start) = oneshot::channel();
            let (due_sender, due) = mpsc::channel(MAX_HANDED_OUT);
            let num_links = share(options.num_connections, options.num_threads, index);
            let loop_thread = LoopThread {
                options: options.clone(),
                dialer: dialer.clone(),
                num_links,
                opened: Some(opened.clone()),
                start,
                due,
                stopped: end.stopped.subscribe(),
                going: going.clone(),
            };
            let thread = thread::Builder::new().name(format!("salver-load-{index}"));
            opening.threads.push(thread.spawn(move || loop_thread.run()).map_err(|error| no_thread(&error))?);
            opening.starters.push(starter);
            opening.due.push(due_sender);
        }
        drop(opened);
        match wait_for(&results, options.num_threads, is_given_up) {
            Ok(()) => Ok(opening),
            Err(status) => {
                end.end(None);
                Err(status)
            }
        }
    }
}

/// Waits until so many have said that all is well, the first says that it is not, or it is given up.
fn wait_for(
    results: &std_mpsc::Receiver<Result<(), Status>>,
    num: usize,
    mut is_given_up: impl FnMut() -> bool,
) -> Result<(), Status> {
    let mut num_opened = 0;
    while num_opened < num {
        match results.recv_timeout(LOOK) {
            Ok(opened) => {
                opened?;
                num_opened += 1;
            }
            Err(RecvTimeoutError::Timeout) if is_given_up() => {
                return Err(Status::new(Code::Cancelled, "the load was given up before it began"));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Status::internal("an event loop of the load generator ended before it began"));
            }
        }
    }
    Ok(())
}

/// What to say where a thread cannot be started.
pub(crate) fn no_thread(error: &std::io::Error) -> Status {
    Status::new(Code::ResourceExhausted, format!("the load generator cannot start a thread: {error}"))
}

/// How many of `all` fall to one of so many.
fn share(all: usize, parts: usize, index: usize) -> usize {
    all / parts + usize::from(index < all % parts)
}

/// One event loop, before and while it runs.
struct LoopThread {
    options: Arc<Options>,
    dialer: Arc<Dialer>,
    num_links: usize,
    opened: Option<std_mpsc::Sender<Result<(), Status>>>,
    start: oneshot::Receiver<Arc<Crew>>,
    due: mpsc::Receiver<Instant>,
    stopped: watch::Receiver<bool>,
    going: Arc<Going>,
}

impl LoopThread {
    /// Opens connections, waits for the start, drives the workers; returns how busy the counted time was.
    fn run(mut self) -> Option<Busy> {
        let _counted = Leaving(self.going.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.drive()),
            Err(error) => {
                let message = format!("no event loop can be made: {error}");
                self.tell(Err(Status::internal(message)))
            }
        }
    }

    async fn drive(mut self) -> Option<Busy> {
        let mut stopped = self.stopped.clone();
        let links = tokio::select! {
            links = self.open() => links,
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return None,
        };
        let links = self.tell(links)?;
        let crew = self.start.await.ok()?;
        let (first, last) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
        tokio::spawn(look(crew.window, first.clone(), last.clone()));
        let limit = crew.window.end.map(|end| end + self.options.timeout + GRACE);
        tokio::select! {
            () = work(&crew, links, self.due) => {}
            _ = self.stopped.wait_for(|is_stopped| *is_stopped) => {}
            () = until(limit) => crew.give_up_waiting(),
        }
        let first = (*locked(&first))?;
        let last = locked(&last).or_else(Busy::of_this_thread)?;
        Some(last - first)
    }

    /// Says, once, whether the connections are open.
    fn tell<T>(&mut self, opened: Result<T, Status>) -> Option<T> {
        let (told, opened) = match opened {
            Ok(opened) => (Ok(()), Some(opened)),
            Err(status) => (Err(status), None),
        };
        // The sender goes with it: who listens sees when all have spoken, or can no longer do so.
        if let Some(sender) = self.opened.take() {
            drop(sender.send(told));
        }
        opened
    }

    async fn open(&self) -> Result<Vec<Arc<Link>>, Status> {
        let mut links = Vec::with_capacity(self.num_links);
        let mut opening = JoinSet::new();
        while links.len() < self.num_links {
            while opening.len() < MAX_OPENING && links.len() + opening.len() < self.num_links {
                let (dialer, options) = (self.dialer.clone(), self.options.clone());
                opening.spawn(async move { Link::open(dialer, &options).await });
            }
            let Some(opened) = opening.join_next().await else { break };
            links.push(Arc::new(opened.map_err(|error| Status::internal(error.to_string()))??));
        }
        Ok(links)
    }
}

/// Sends requests over all links until there are no more.
async fn work(crew: &Arc<Crew>, links: Vec<Arc<Link>>, due: mpsc::Receiver<Instant>) {
    let mut workers = JoinSet::new();
    for link in links {
        for _ in 0..crew.options.num_in_flight {
            let (crew, link) = (crew.clone(), link.clone());
            workers.spawn(async move { crew.work(&link).await });
        }
    }
    let crew = crew.clone();
    workers.spawn(async move { crew.take_in(due).await });
    while workers.join_next().await.is_some() {}
}

/// Notes how busy the thread is at both ends of the window.
async fn look(window: Window, first: Arc<Mutex<Option<Busy>>>, last: Arc<Mutex<Option<Busy>>>) {
    until(Some(window.start)).await;
    *locked(&first) = Busy::of_this_thread();
    until(window.end).await;
    *locked(&last) = Busy::of_this_thread();
}

/// Waits until a time, or for ever.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_dealt_out_evenly() {
        let dealt: Vec<usize> = (0..3).map(|index| share(8, 3, index)).collect();
        assert_eq!(dealt, [3, 3, 2]);
    }
}
