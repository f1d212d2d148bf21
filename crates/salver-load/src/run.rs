//! A run: its threads, its progress, its end and its report.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use salver_core::Status;

use crate::arrivals::Arrivals;
use crate::busy::Busy;
use crate::dial::Dialer;
use crate::ending::{End, Going};
use crate::line::Line;
use crate::lock::locked;
use crate::loop_thread::{Opening, no_thread};
use crate::pacer::Pacer;
use crate::tally::Tally;
use crate::window::Window;
use crate::worker::Crew;
use crate::{Latencies, Options, Protocol, grpc, rest};

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
        Self::start_unless(options, || false)
    }

    /// Does what `start` does, and asks `is_given_up` now and then until the connections are open.
    ///
    /// # Errors
    ///
    /// The same, and CANCELLED once it is given up.
    pub fn start_unless(options: Options, is_given_up: impl FnMut() -> bool) -> Result<Self, Status> {
        options.check()?;
        let options = Arc::new(options);
        let parts = Parts::new(&options)?;
        let end = Arc::new(End::new());
        let going = Arc::new(Going::new(options.num_threads));
        let opening = Opening::spawn(&options, &parts.dialer, &end, &going, is_given_up)?;
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
        let start_pacer = |rate| {
            let pacer = Pacer {
                arrivals: Arrivals::new(options.spacing, rate, options.seed),
                begin,
                window,
                num_requests: options.num_requests.unwrap_or(u64::MAX),
                threads: opening.due,
                num_dropped: num_dropped.clone(),
            };
            let end = end.clone();
            thread::Builder::new().name("salver-pacer".to_owned()).spawn(move || pacer.run(|| end.is_stopped()))
        };
        let pacer = options.rate.map(start_pacer).transpose().map_err(|error| {
            end.end(None);
            no_thread(&error)
        })?;
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
