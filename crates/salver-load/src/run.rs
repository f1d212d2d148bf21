//! A run: its threads, its progress, its end and its report.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use salver_core::Status;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::arrivals::Arrivals;
use crate::busy::Busy;
use crate::dial::Dialer;
use crate::line::Line;
use crate::link::Link;
use crate::pacer::Pacer;
use crate::tally::Tally;
use crate::window::Window;
use crate::worker::Crew;
use crate::{Latencies, Options, Protocol, grpc, rest};

/// Requests that the pacer may be ahead of an event loop.
const MAX_HANDED_OUT: usize = 4096;
/// After the time limit of the last request: what it takes to notice.
const GRACE: Duration = Duration::from_millis(500);

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Whether all is over; the report is final then.
    pub is_over: bool,
    /// Whether requests are sent but not counted yet.
    pub is_warming_up: bool,
    /// Time for which requests have been counted.
    pub measured: Duration,
    /// Requests answered so far, of those that count; the next two alike.
    pub num_answered: u64,
    /// Requests that failed.
    pub num_failed: u64,
    /// Requests that were due and found no room.
    pub num_dropped: u64,
    /// Of those answered since the last look.
    pub recent_p50: Duration,
    /// The same.
    pub recent_p99: Duration,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was counted.
    pub tally: Tally,
    /// For how long.
    pub measured: Duration,
    /// How busy each event loop was meanwhile; empty where the system does not say.
    pub busy: Vec<Busy>,
    /// How busy the pacer was, warm-up included.
    pub pacer: Busy,
    /// Why it ended before its time, where it did not stop because it was told to.
    pub failure: Option<String>,
}

/// How a run ends before its time.
pub(crate) struct End {
    stopped: watch::Sender<bool>,
    early: Mutex<Option<Early>>,
}

struct Early {
    at: Instant,
    reason: Option<String>,
}

impl End {
    fn new() -> Self {
        Self { stopped: watch::Sender::new(false), early: Mutex::new(None) }
    }

    /// Ends the run because it cannot go on; the first reason is kept.
    pub(crate) fn give_up(&self, reason: &str) {
        self.end(Some(reason.to_owned()));
    }

    fn end(&self, reason: Option<String>) {
        locked(&self.early).get_or_insert(Early { at: Instant::now(), reason });
        self.stopped.send_replace(true);
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }
}

/// A run that has begun. Dropping it ends it.
pub struct Run {
    end: Arc<End>,
    window: Window,
    /// Whether time alone ends it.
    is_timed: bool,
    crews: Vec<Arc<Crew>>,
    threads: Mutex<Vec<JoinHandle<Option<Busy>>>>,
    pacer: Mutex<Option<JoinHandle<Option<Busy>>>>,
    num_dropped: Arc<AtomicU64>,
    going: Arc<Going>,
    busy: Mutex<(Vec<Busy>, Busy)>,
}

impl Run {
    /// Opens all connections and begins to send. Blocks until the connections are open.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for options that make no load, UNAVAILABLE where a connection cannot be opened.
    pub fn start(options: Options) -> Result<Self, Status> {
        options.check()?;
        let options = Arc::new(options);
        let parts = Parts::new(&options)?;
        let end = Arc::new(End::new());
        let going = Arc::new(Going::new(options.num_threads));
        let opening = Opening::spawn(&options, &parts.dialer, &end, &going)?;
        let begin = Instant::now();
        let window = Window::new(&options, begin);
        let num_left = Arc::new(AtomicU64::new(options.num_requests.unwrap_or(u64::MAX)));
        let crews: Vec<_> =
            (0..options.num_threads).map(|_| Arc::new(parts.crew(&options, window, &num_left, &end))).collect();
        for (crew, starter) in crews.iter().zip(opening.starters) {
            // A thread that has ended already has said why.
            drop(starter.send(crew.clone()));
        }
        let num_dropped = Arc::new(AtomicU64::new(0));
        let pacer = options.rate.map(|rate| {
            let pacer = Pacer {
                arrivals: Arrivals::new(options.spacing, rate, options.seed),
                begin,
                window,
                num_requests: options.num_requests.unwrap_or(u64::MAX),
                threads: opening.due,
                num_dropped: num_dropped.clone(),
            };
            let end = end.clone();
            thread::spawn(move || pacer.run(|| end.is_stopped()))
        });
        Ok(Self {
            end,
            window,
            is_timed: options.num_requests.is_none(),
            crews,
            threads: Mutex::new(opening.threads),
            pacer: Mutex::new(pacer),
            num_dropped,
            going,
            busy: Mutex::default(),
        })
    }

    /// How far it is, after `wait` or as soon as it is over.
    pub fn next_progress(&self, wait: Duration) -> Progress {
        let is_over = self.going.wait(wait);
        let now = Instant::now();
        let all = self.tally(|tally| tally.recent = Latencies::default());
        let recent = &all.recent;
        Progress {
            is_over,
            is_warming_up: now < self.window.start,
            measured: self.window.passed(self.ended(is_over).unwrap_or(now)),
            num_answered: all.num_answered(),
            num_failed: all.num_failed(),
            num_dropped: all.num_dropped,
            recent_p50: recent.quantile(0.5),
            recent_p99: recent.quantile(0.99),
        }
    }

    /// Ends the run at once; what is in flight is given up.
    pub fn stop(&self) {
        self.end.end(None);
    }

    /// Waits for the end and says what came of it.
    pub fn report(&self) -> Report {
        self.join();
        let (busy, pacer) = locked(&self.busy).clone();
        Report {
            tally: self.tally(|_| ()),
            measured: self.window.passed(self.ended(true).unwrap_or_else(Instant::now)),
            busy,
            pacer,
            failure: locked(&self.end.early).as_ref().and_then(|early| early.reason.clone()),
        }
    }

    fn join(&self) {
        let threads = std::mem::take(&mut *locked(&self.threads));
        let joined: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect();
        let pacer = locked(&self.pacer).take().and_then(|pacer| pacer.join().ok().flatten());
        let mut busy = locked(&self.busy);
        busy.0.extend(joined);
        busy.1 = pacer.unwrap_or(busy.1);
    }

    /// When it ended, early or not. An open loop may have nothing to do for the last of its time, which it measures
    /// all the same.
    fn ended(&self, is_over: bool) -> Option<Instant> {
        let early = locked(&self.end.early).as_ref().map(|early| early.at);
        let by_time = self.window.end.filter(|_| is_over && self.is_timed);
        early.or(by_time).or_else(|| self.going.ended())
    }

    /// What all threads have counted; each is handed to `then` as it is read.
    fn tally(&self, then: impl Fn(&mut Tally)) -> Tally {
        let mut all = Tally::new(self.crews.first().map_or(0, |crew| crew.bodies.len()));
        for crew in &self.crews {
            let mut tally = crew.tally();
            all.merge(&tally);
            then(&mut tally);
        }
        all.num_dropped += self.num_dropped.load(Ordering::Relaxed);
        all
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop();
        self.join();
    }
}

/// What all requests are made of.
struct Parts {
    dialer: Arc<Dialer>,
    head: Request<()>,
    bodies: Vec<Bytes>,
}

impl Parts {
    fn new(options: &Options) -> Result<Self, Status> {
        let dialer = Arc::new(Dialer::new(options)?);
        Ok(match options.protocol {
            Protocol::Grpc => {
                let bodies = options.bodies.iter().map(grpc::framed).collect::<Result<_, _>>()?;
                Self { dialer, head: grpc::head(options)?, bodies }
            }
            Protocol::Rest => Self { dialer, head: rest::head(options)?, bodies: options.bodies.clone() },
        })
    }

    fn crew(&self, options: &Arc<Options>, window: Window, num_left: &Arc<AtomicU64>, end: &Arc<End>) -> Crew {
        Crew {
            options: options.clone(),
            head: self.head.clone(),
            bodies: self.bodies.clone(),
            window,
            line: options.rate.map(|_| Line::new(options.max_queued.div_ceil(options.num_threads))),
            tally: Mutex::new(Tally::new(self.bodies.len())),
            num_left: num_left.clone(),
            next_body: AtomicUsize::new(0),
            end: end.clone(),
        }
    }
}

/// Threads that have opened their connections and wait to start.
struct Opening {
    threads: Vec<JoinHandle<Option<Busy>>>,
    starters: Vec<oneshot::Sender<Arc<Crew>>>,
    due: Vec<mpsc::Sender<Instant>>,
}

impl Opening {
    fn spawn(options: &Arc<Options>, dialer: &Arc<Dialer>, end: &Arc<End>, going: &Arc<Going>) -> Result<Self, Status> {
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
                opened: opened.clone(),
                start,
                due,
                stopped: end.stopped.subscribe(),
                going: going.clone(),
            };
            opening.threads.push(thread::spawn(move || loop_thread.run()));
            opening.starters.push(starter);
            opening.due.push(due_sender);
        }
        drop(opened);
        // The first failure ends the others: their starters go.
        results.iter().take(options.num_threads).collect::<Result<Vec<()>, Status>>()?;
        Ok(opening)
    }
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
    opened: std_mpsc::Sender<Result<(), Status>>,
    start: oneshot::Receiver<Arc<Crew>>,
    due: mpsc::Receiver<Instant>,
    stopped: watch::Receiver<bool>,
    going: Arc<Going>,
}

impl LoopThread {
    /// Opens connections, waits for the start, drives the workers; returns how busy the counted time was.
    fn run(self) -> Option<Busy> {
        let _counted = Leaving(self.going.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.drive()),
            Err(error) => {
                let message = format!("no event loop can be made: {error}");
                drop(self.opened.send(Err(Status::internal(message))));
                None
            }
        }
    }

    async fn drive(mut self) -> Option<Busy> {
        let opened = self.open().await;
        let links = match opened {
            Ok(links) => links,
            Err(status) => {
                drop(self.opened.send(Err(status)));
                return None;
            }
        };
        drop(self.opened.send(Ok(())));
        let crew = self.start.await.ok()?;
        let (first, last) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
        tokio::spawn(look(crew.window, first.clone(), last.clone()));
        let limit = crew.window.end.map(|end| end + self.options.timeout + GRACE);
        tokio::select! {
            () = work(&crew, links, self.due) => {}
            _ = self.stopped.wait_for(|is_stopped| *is_stopped) => {}
            () = until(limit) => {}
        }
        let first = (*locked(&first))?;
        let last = locked(&last).or_else(Busy::of_this_thread)?;
        Some(last - first)
    }

    async fn open(&self) -> Result<Vec<Arc<Link>>, Status> {
        let mut links = Vec::with_capacity(self.num_links);
        for _ in 0..self.num_links {
            links.push(Arc::new(Link::open(self.dialer.clone(), &self.options).await?));
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

/// How many threads have not ended.
struct Going {
    state: Mutex<(usize, Option<Instant>)>,
    change: Condvar,
}

impl Going {
    fn new(num_threads: usize) -> Self {
        Self { state: Mutex::new((num_threads, None)), change: Condvar::new() }
    }

    /// Whether all have ended, as soon as they have or after `limit`.
    fn wait(&self, limit: Duration) -> bool {
        let waited = self.change.wait_timeout_while(locked(&self.state), limit, |(left, _)| *left > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.0 == 0
    }

    fn ended(&self) -> Option<Instant> {
        locked(&self.state).1
    }
}

/// Counts a thread as ended, however it ends.
struct Leaving(Arc<Going>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        state.0 -= 1;
        if state.0 == 0 {
            state.1 = Some(Instant::now());
        }
        self.0.change.notify_all();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Spacing;

    /// A short closed loop, for tests to change.
    pub(crate) fn options(port: u16) -> Options {
        Options {
            host: "127.0.0.1".into(),
            port,
            protocol: Protocol::Grpc,
            method: "POST".into(),
            path: "/service/Method".into(),
            headers: Vec::new(),
            bodies: vec![Bytes::from_static(b"body")],
            num_connections: 1,
            num_in_flight: 1,
            num_threads: 1,
            rate: None,
            spacing: Spacing::Constant,
            seed: 0,
            max_queued: 100,
            warmup: Duration::ZERO,
            duration: None,
            num_requests: Some(1),
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(20),
            tls: None,
            keep_reply: false,
        }
    }

    #[test]
    fn connections_are_dealt_out_evenly() {
        let dealt: Vec<usize> = (0..3).map(|index| share(8, 3, index)).collect();
        assert_eq!(dealt, [3, 3, 2]);
    }

    #[test]
    fn options_that_make_no_load_are_refused() {
        let refused = |options: Options| Run::start(options).err().unwrap().message;
        let base = options(1);
        assert!(refused(Options { bodies: Vec::new(), ..base.clone() }).contains("body"));
        assert!(refused(Options { num_threads: 2, ..base.clone() }).contains("connections as threads"));
        assert!(refused(Options { rate: Some(0.0), ..base.clone() }).contains("rate"));
        assert!(refused(Options { num_requests: None, ..base.clone() }).contains("duration"));
        let rest = Options { protocol: Protocol::Rest, num_in_flight: 2, ..base };
        assert!(refused(rest).contains("REST"));
    }
}
