//! Ports: opening them, and a thread each that spreads connections over the loops.
//!
//! A thread that blocks in `accept` is woken for new connections alone and so costs nothing per request.

use std::io;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use salver_core::{Code, Status};
use tokio::sync::mpsc::UnboundedSender;

use crate::counters::count;
use crate::endpoint::{Address, Endpoint, RawStream};
use crate::event_loop::{Port, ToLoop};
use crate::failures::Failures;
use crate::plane::{OpenConnection, Shared};

/// Time between two lines about failures to accept.
const NOTICE_INTERVAL: Duration = Duration::from_secs(10);
/// Attempts to wake a thread that accepts, and the time that it has after each to end.
const MAX_TOUCHES: usize = 20;
const TOUCH_PAUSE: Duration = Duration::from_millis(20);

/// An open port.
pub(crate) struct Listener {
    address: Address,
    /// Weak, so that the port closes the moment that the last connection in line was taken.
    endpoint: Weak<Endpoint>,
    is_closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What accepted connections are given to.
pub(crate) struct Receivers {
    pub(crate) port: Port,
    pub(crate) shared: Arc<Shared>,
    pub(crate) loops: Vec<UnboundedSender<ToLoop>>,
}

impl Listener {
    /// Opens `host:number` and begins to accept.
    ///
    /// # Errors
    /// UNAVAILABLE where the port cannot be had, with the reason; INVALID_ARGUMENT for an unknown host.
    pub(crate) fn open_tcp(host: &str, number: u16, receivers: Receivers) -> Result<Listener, Status> {
        let wanted = (host, number)
            .to_socket_addrs()
            .ok()
            .and_then(|mut addresses| addresses.next())
            .ok_or_else(|| Status::invalid_argument(format!("{host} is not an address to listen on")))?;
        let reuse_port = receivers.port == Port::Grpc && receivers.shared.options.grpc.reuse_port;
        let begun = Endpoint::bind_tcp(wanted, reuse_port).and_then(|bound| Self::begin(bound, receivers));
        begun.map_err(|error| unavailable(&format!("{host}:{number}"), &error))
    }

    /// Opens a Unix socket and begins to accept.
    ///
    /// # Errors
    /// UNAVAILABLE where it cannot be had, with the reason.
    pub(crate) fn open_unix(path: &Path, receivers: Receivers) -> Result<Listener, Status> {
        let begun = Endpoint::bind_unix(path).and_then(|bound| Self::begin(bound, receivers));
        begun.map_err(|error| unavailable(&format!("Unix socket {}", path.display()), &error))
    }

    fn begin((endpoint, address): (Endpoint, Address), receivers: Receivers) -> io::Result<Listener> {
        let endpoint = Arc::new(endpoint);
        let to_endpoint = Arc::downgrade(&endpoint);
        let is_closing = Arc::new(AtomicBool::new(false));
        let acceptor = Acceptor { endpoint, receivers, is_closing: is_closing.clone() };
        let builder = std::thread::Builder::new().name("salver-accept".to_owned());
        match builder.spawn(move || acceptor.run()) {
            Ok(thread) => Ok(Listener { address, endpoint: to_endpoint, is_closing, thread: Some(thread) }),
            Err(error) => {
                address.remove();
                Err(error)
            }
        }
    }

    /// The port number, also where 0 was asked for; 0 for a Unix socket.
    pub(crate) fn port_number(&self) -> u16 {
        self.address.port_number()
    }

    /// Accepts what is waiting already, then closes the port.
    pub(crate) fn close(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.is_closing.store(true, Ordering::SeqCst);
        if !self.wake(&thread)
            && let Some(endpoint) = self.endpoint.upgrade()
        {
            // No file descriptor left, or the address has gone: better to lose who is waiting than to hang.
            endpoint.shut_down();
        }
        let _ended = thread.join();
        self.address.remove();
    }

    /// Ends a blocking accept in the way that loses nobody: by one more connection, after all that were waiting.
    ///
    /// Where the port is shared, that connection may go to another process; false when all of them did.
    fn wake(&self, thread: &JoinHandle<()>) -> bool {
        for _ in 0..MAX_TOUCHES {
            if self.address.touch().is_err() {
                return false;
            }
            let deadline = Instant::now() + TOUCH_PAUSE;
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::park_timeout(TOUCH_PAUSE / 10);
            }
            if thread.is_finished() {
                return true;
            }
        }
        false
    }
}

fn unavailable(place: &str, error: &io::Error) -> Status {
    Status::new(Code::Unavailable, format!("Cannot listen on {place}: {error}"))
}

struct Acceptor {
    endpoint: Arc<Endpoint>,
    receivers: Receivers,
    is_closing: Arc<AtomicBool>,
}

static NEXT_LOOP: AtomicUsize = AtomicUsize::new(0);

impl Acceptor {
    fn run(self) {
        self.receivers.shared.ready_thread();
        let mut failures = Failures::new("Connections cannot be accepted", NOTICE_INTERVAL);
        loop {
            match self.endpoint.accept() {
                Ok(stream) if self.is_closing.load(Ordering::SeqCst) => {
                    self.hand_over(stream);
                    return self.drain_backlog();
                }
                Ok(stream) => self.hand_over(stream),
                Err(_) if self.is_closing.load(Ordering::SeqCst) => return,
                // Out of file descriptors, or a connection that died in the backlog: the others must still be served.
                Err(error) => {
                    if let Some(message) = failures.note(error) {
                        self.receivers.shared.control.notice(message);
                    }
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        }
    }

    fn drain_backlog(&self) {
        let _blocking = self.endpoint.set_nonblocking();
        while let Ok(stream) = self.endpoint.accept() {
            self.hand_over(stream);
        }
    }

    fn hand_over(&self, stream: RawStream) {
        let Receivers { port, shared, loops } = &self.receivers;
        if *port != Port::Admin {
            count(&shared.counters.connections);
        }
        let index = NEXT_LOOP.fetch_add(1, Ordering::Relaxed) % loops.len();
        let _ended = loops[index].send(ToLoop::Serve(stream, *port, OpenConnection::new(shared, *port)));
    }
}
