//! The data plane as its owner sees it: ports, table, queues, drain.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use salver_core::Status;
use salver_core::batching::{self, Line, Load, Scheduler};
use salver_core::status::Code;
use salver_core::table::{Runner, ServingTable, Snapshot, Target};
use salver_core::task::{Answers, Batch, Outcome, PredictTask};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::control::{ControlCall, ControlQueue, shutting_down};
use crate::counters::{Counters, count};
use crate::event_loop::{self, Port, ToLoop};
use crate::failures::Failures;
use crate::health::{Health, HealthBoard};
use crate::inference::Api;
use crate::journal::{Journal, JournalEntries};
use crate::listener::{Listener, Receivers};
use crate::metrics::{Family, LineFamilies, Metrics};
use crate::options::Options;
use crate::predict::{self, Prediction};
use crate::request_log::{LogEntries, LogRule, RequestLog};
use crate::running::{self, RunningRequest};
use crate::tls::{TlsConfig, TlsSlots};
use crate::{replay, runner};

/// Between "not ready" and closing idle connections: what is on its way to us still gets an answer.
const LINGER: Duration = Duration::from_millis(300);
/// After the queues are stopped: time for refusals to reach their clients.
const LAST_WORDS: Duration = Duration::from_millis(50);
/// At the very end: time for the runs that are under way. TensorFlow has no way to break one off.
const JOIN_LIMIT: Duration = Duration::from_secs(2);
const JOIN_PAUSE: Duration = Duration::from_millis(2);
/// Time between two lines about TLS handshakes that failed.
const HANDSHAKE_NOTICE_INTERVAL: Duration = Duration::from_secs(60);

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Normal operation.
    Serving,
    /// gRPC clients are told to go; HTTP/1 responses close their connection.
    Draining,
    /// Idle connections are closed, but for those of operators.
    Closing,
    /// Theirs, too.
    Ended,
}

/// Counts open connections.
#[derive(Default)]
pub(crate) struct ConnectionCount {
    open: Mutex<usize>,
    closed: Condvar,
}

/// Counts its connection until it is dropped.
///
/// Made by the thread that accepts: one that is still on its way to its loop must hold up a drain as well.
pub(crate) struct OpenConnection(Arc<Shared>, Port);

impl OpenConnection {
    pub(crate) fn new(shared: &Arc<Shared>, port: Port) -> Self {
        *shared.connections_of(port).open.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(shared.clone(), port)
    }
}

impl ConnectionCount {
    fn num_open(&self) -> u64 {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) as u64
    }

    fn wait_for_none(&self, timeout: Duration) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.closed.wait_timeout_while(open, timeout, |open| *open > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let connections = self.0.connections_of(self.1);
        *connections.open.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        connections.closed.notify_all();
    }
}

/// What loops, runners and the owner share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) table: ServingTable,
    pub(crate) native: Scheduler<PredictTask>,
    pub(crate) foreign: Scheduler<PredictTask>,
    pub(crate) control: ControlQueue,
    pub(crate) health: HealthBoard,
    pub(crate) counters: Arc<Counters>,
    pub(crate) metrics: Metrics,
    pub(crate) request_log: RequestLog,
    pub(crate) journal: Journal,
    pub(crate) phase: watch::Sender<Phase>,
    /// Those of clients; a drain waits for them.
    pub(crate) connections: ConnectionCount,
    pub(crate) admin_connections: ConnectionCount,
    pub(crate) tls: TlsSlots,
    pub(crate) failed_handshakes: Mutex<Failures>,
}

impl Shared {
    /// Makes this thread's thread-locals before they are needed.
    ///
    /// glibc makes those that have a destructor under the lock that `dlopen` holds, and to open TensorFlow takes a second:
    /// no request should be the first to use them.
    pub(crate) fn ready_thread(&self) {
        self.table.ready_thread();
        drop(tokio::runtime::Handle::try_current());
    }

    fn connections_of(&self, port: Port) -> &ConnectionCount {
        match port {
            Port::Grpc | Port::Rest => &self.connections,
            Port::Admin => &self.admin_connections,
        }
    }

    /// Waits until idle connections of `port` are to be closed.
    pub(crate) async fn closing(&self, port: Port) {
        // What `wait_for` gives is a read lock on the phase; kept over a wait it would block whoever sets the next one.
        drop(self.phase.subscribe().wait_for(|phase| *phase >= port.closes_in()).await);
    }
}

#[derive(Default)]
struct Threads {
    loops: Vec<UnboundedSender<ToLoop>>,
    listeners: Vec<(Port, Listener)>,
    joins: Vec<JoinHandle<()>>,
    may_not_listen: bool,
}

/// A running data plane. All methods may be called from any thread.
pub struct Plane {
    shared: Arc<Shared>,
    threads: Mutex<Threads>,
}

impl Plane {
    /// Starts loops and runners; no port is open yet.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED where threads cannot be started.
    pub fn start(options: Options) -> Result<Plane, Status> {
        let queues = batching::Options { num_runners: options.num_runners.max(1), may_wait: true };
        let shared = Arc::new(Shared {
            table: ServingTable::default(),
            native: Scheduler::new(queues),
            foreign: Scheduler::new(queues),
            control: ControlQueue::default(),
            health: HealthBoard::default(),
            counters: Arc::default(),
            metrics: Metrics::default(),
            request_log: RequestLog::default(),
            journal: Journal::new(options.journal),
            phase: watch::Sender::new(Phase::Serving),
            connections: ConnectionCount::default(),
            admin_connections: ConnectionCount::default(),
            tls: TlsSlots::default(),
            failed_handshakes: Mutex::new(Failures::new("TLS handshakes fail", HANDSHAKE_NOTICE_INTERVAL)),
            options,
        });
        let plane = Plane { shared, threads: Mutex::default() };
        match plane.start_threads() {
            Ok(()) => Ok(plane),
            Err(error) => Err(Status::new(Code::ResourceExhausted, format!("Cannot start threads: {error}"))),
        }
    }

    fn start_threads(&self) -> std::io::Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for index in 0..self.shared.options.num_io_threads.max(1) {
            let (sender, join) = event_loop::spawn(index, self.shared.clone())?;
            threads.loops.push(sender);
            threads.joins.push(join);
        }
        for index in 0..=self.shared.options.num_runners.max(1) {
            let shared = self.shared.clone();
            let name = format!("salver-run-{index}");
            let run = move || {
                shared.ready_thread();
                runner::run_native(&shared.native, &shared.counters);
            };
            threads.joins.push(std::thread::Builder::new().name(name).spawn(run)?);
        }
        Ok(())
    }

    fn listen(&self, port: Port, open: impl FnOnce(Receivers) -> Result<Listener, Status>) -> Result<u16, Status> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.may_not_listen {
            return Err(Status::new(Code::FailedPrecondition, "The data plane is stopping."));
        }
        let listener = open(Receivers { port, shared: self.shared.clone(), loops: threads.loops.clone() })?;
        let number = listener.port_number();
        threads.listeners.push((port, listener));
        Ok(number)
    }

    /// Opens the gRPC port; 0 takes any. Returns its number.
    ///
    /// # Errors
    /// UNAVAILABLE where it cannot be had.
    pub fn listen_grpc(&self, host: &str, number: u16) -> Result<u16, Status> {
        self.listen(Port::Grpc, |receivers| Listener::open_tcp(host, number, receivers))
    }

    /// Opens a Unix socket for gRPC; the file that a dead server left is replaced, and the own one removed at the end.
    ///
    /// # Errors
    /// UNAVAILABLE where it cannot be had.
    pub fn listen_grpc_unix(&self, path: &Path) -> Result<(), Status> {
        self.listen(Port::Grpc, |receivers| Listener::open_unix(path, receivers)).map(drop)
    }

    /// Opens the REST port; 0 takes any. Returns its number.
    ///
    /// # Errors
    /// UNAVAILABLE where it cannot be had.
    pub fn listen_rest(&self, host: &str, number: u16) -> Result<u16, Status> {
        self.listen(Port::Rest, |receivers| Listener::open_tcp(host, number, receivers))
    }

    /// Opens the admin port; 0 takes any. Returns its number. It answers until [`Plane::stop`].
    ///
    /// # Errors
    /// UNAVAILABLE where it cannot be had.
    pub fn listen_admin(&self, host: &str, number: u16) -> Result<u16, Status> {
        self.listen(Port::Admin, |receivers| Listener::open_tcp(host, number, receivers))
    }

    /// Has new connections of `port` use TLS with these credentials; open connections go on. Says when they expire.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for anything wrong with them, naming its source; nothing changes then.
    pub fn set_tls(&self, port: Port, config: &TlsConfig) -> Result<SystemTime, Status> {
        self.shared.tls.set(port, config)
    }

    /// Swaps the serving table.
    ///
    /// A thread's first call waits for a `dlopen` that is under way elsewhere: call it without the GIL.
    pub fn publish(&self, snapshot: Snapshot) {
        self.shared.metrics.know(snapshot.names());
        self.shared.metrics.follow(snapshot.targets().map(|target| target.stats().clone()));
        self.shared.table.publish(snapshot);
    }

    /// Swaps the health that probes see.
    pub fn publish_health(&self, services: impl IntoIterator<Item = (String, i32)>, is_ready: bool) {
        self.shared.health.publish(Health { services: services.into_iter().collect(), is_ready });
    }

    /// Waits for a batch of a foreign servable; `None` after `timeout` or when stopped.
    pub fn next_batch(&self, timeout: Duration) -> Option<Batch> {
        let deadline = Instant::now() + timeout;
        self.shared.ready_thread();
        loop {
            let turn = self.shared.foreign.next(deadline.saturating_duration_since(Instant::now()))?;
            let mut answers = Answers::default();
            if let Some(batch) = runner::open_turn(turn, &mut answers, &self.shared.counters) {
                count(&self.shared.counters.foreign_batches);
                return Some(batch);
            }
        }
    }

    /// Waits for a call that is not inference; `None` after `timeout` or when stopped.
    pub fn next_call(&self, timeout: Duration) -> Option<ControlCall> {
        self.shared.ready_thread();
        self.shared.control.next(timeout)
    }

    /// Swaps the rules by which requests are logged.
    pub fn set_log_rules(&self, rules: impl IntoIterator<Item = LogRule>) {
        self.shared.request_log.set_rules(rules);
    }

    /// Waits for requests to be logged: none after `timeout`, `None` once stopped and all were given.
    pub fn next_log_entries(&self, timeout: Duration) -> Option<LogEntries> {
        self.shared.ready_thread();
        self.shared.request_log.next(timeout)
    }

    /// Waits for requests that are told of: none after `timeout`, `None` once stopped and all were given.
    pub fn next_journal_entries(&self, timeout: Duration) -> Option<JournalEntries> {
        self.shared.ready_thread();
        self.shared.journal.next(timeout)
    }

    /// Runs a prediction of this process and waits for its answer, on the calling thread.
    ///
    /// # Errors
    /// As over the wire.
    pub fn predict(&self, prediction: Prediction) -> Outcome {
        predict::run_blocking(&self.shared, Api::Predict, prediction)
    }

    /// Runs a recorded request on a target that no table need have, on the calling thread.
    ///
    /// # Errors
    /// As over the wire.
    pub fn replay(
        &self,
        target: &Arc<Target>,
        api: Api,
        message: Bytes,
        timeout: Option<Duration>,
    ) -> Result<(), Status> {
        replay::replay(&self.shared, target, api, message, timeout.map(|timeout| Instant::now() + timeout))
    }

    /// The table, for callers that prepare a [`Prediction`].
    pub fn table(&self) -> &ServingTable {
        &self.shared.table
    }

    /// All metrics of now: those that clients of the reference know, and the counters as `salver_NAME_total`.
    pub fn metrics(&self) -> Vec<Family> {
        let shared = &self.shared;
        let counters = shared.counters.snapshot().into_iter();
        let own = counters.map(|(name, value)| Family::counter(format!("salver_{name}_total"), &[]).with(&[], value));
        let is_draining = *shared.phase.borrow() != Phase::Serving;
        let mut families = shared.metrics.snapshot();
        families.extend(shared.metrics.request_families());
        families.extend(shared.counters.batching.snapshot());
        families.extend(self.line_families());
        families.extend(own);
        families.push(Family::gauge("salver_queued_rows", self.num_queued_rows()));
        families.push(Family::gauge("salver_open_connections", shared.connections.num_open()));
        families.push(Family::gauge("salver_draining", u64::from(is_draining)));
        families
    }

    fn line_families(&self) -> Vec<Family> {
        let mut families = LineFamilies::default();
        for target in self.shared.table.snapshot().targets() {
            families.add(target, |line| self.load(target, line));
        }
        families.into_vec()
    }

    fn load(&self, target: &Target, line: &Line) -> Load {
        match target.runner() {
            Runner::Native(_) => self.shared.native.load(line),
            Runner::Foreign(_) => self.shared.foreign.load(line),
        }
    }

    /// The queues of all signatures of `target`, and what each has on its hands.
    pub fn lines<'a>(&self, target: &'a Target) -> Vec<(&'a Arc<Line>, Load)> {
        target.lines().into_iter().map(|line| (line, self.load(target, line))).collect()
    }

    fn num_queued_rows(&self) -> u64 {
        (self.shared.native.num_queued_rows() + self.shared.foreign.num_queued_rows()) as u64
    }

    /// Tells clients to go; accepted requests go on.
    pub fn begin_drain(&self) {
        self.shared.phase.send_if_modified(|phase| {
            let is_first = *phase == Phase::Serving;
            if is_first {
                *phase = Phase::Draining;
            }
            is_first
        });
        self.shared.native.close();
        self.shared.foreign.close();
    }

    /// Waits until every connection of a client has ended; false when `timeout` passed first.
    pub fn wait_drained(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        self.begin_drain();
        self.shared.connections.wait_for_none(LINGER.min(timeout));
        self.close_client_ports();
        self.shared.phase.send_replace(Phase::Closing);
        self.shared.connections.wait_for_none(deadline.saturating_duration_since(Instant::now()))
    }

    /// Closes the ports that clients use, for good.
    fn close_client_ports(&self) {
        self.close_ports(|port| port != Port::Admin);
    }

    /// How many requests are queued, run, or wait to be answered, and the `most` oldest of them, oldest first. Those that
    /// this process itself makes have no socket and are not among them. Waits for the loops, a second at most.
    pub fn running_requests(&self, most: usize) -> (usize, Vec<RunningRequest>) {
        let loops = self.threads.lock().unwrap_or_else(PoisonError::into_inner).loops.clone();
        running::ask(&loops, most)
    }

    /// Closes ports; none opens any more: it would keep its loops from ending.
    fn close_ports(&self, is_meant: impl Fn(Port) -> bool) {
        let meant: Vec<_> = {
            let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
            threads.may_not_listen = true;
            threads.listeners.extract_if(.., |(port, _)| is_meant(*port)).collect()
        };
        for (_, mut listener) in meant {
            listener.close();
        }
    }

    /// Closes the admin port and its connections.
    fn close_admin_port(&self) {
        self.close_ports(|port| port == Port::Admin);
        self.shared.phase.send_replace(Phase::Ended);
        self.shared.admin_connections.wait_for_none(LAST_WORDS);
    }

    /// Closes everything; what is still in flight is answered UNAVAILABLE. May be called again.
    ///
    /// Returns false where a model's run does not end: the thread it is in is left behind.
    pub fn stop(&self) -> bool {
        self.begin_drain();
        self.close_client_ports();
        self.shared.control.stop();
        let mut answers = Answers::default();
        for task in self.shared.native.stop().into_iter().chain(self.shared.foreign.stop()) {
            task.finish(Err(shutting_down()), &mut answers);
        }
        drop(answers);
        self.shared.phase.send_replace(Phase::Closing);
        self.shared.connections.wait_for_none(LAST_WORDS);
        self.close_admin_port();
        let (loops, joins) = {
            let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut threads.loops), std::mem::take(&mut threads.joins))
        };
        drop(loops);
        let have_ended = join_all(joins, JOIN_LIMIT);
        // Last: nothing is answered any more.
        self.shared.request_log.stop();
        self.shared.journal.stop();
        have_ended
    }
}

/// Joins threads that are about to end; false where one has not ended after `limit`.
fn join_all(joins: Vec<JoinHandle<()>>, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    let have_ended = || joins.iter().all(JoinHandle::is_finished);
    while !have_ended() && Instant::now() < deadline {
        std::thread::park_timeout(JOIN_PAUSE);
    }
    let (ended, left): (Vec<_>, Vec<_>) = joins.into_iter().partition(JoinHandle::is_finished);
    for join in ended {
        let _ended = join.join();
    }
    left.is_empty()
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.stop();
    }
}
