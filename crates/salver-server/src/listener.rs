//! Ports: opening them, and a thread each that spreads connections over the loops.
//!
//! A thread that blocks in `accept` is woken for new connections alone and so costs nothing per request.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use salver_core::{Code, Status};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::sync::mpsc::UnboundedSender;

use crate::counters::count;
use crate::event_loop::{Accepted, Port};
use crate::plane::{OpenConnection, Shared};

/// Time between two lines about failures to accept.
const NOTICE_INTERVAL: Duration = Duration::from_secs(10);
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// An open port.
pub(crate) struct Listener {
    address: SocketAddr,
    /// Weak, so that the port closes the moment that the last connection in line was taken.
    socket: Weak<TcpListener>,
    is_closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Opens `host:port` and begins to accept.
    ///
    /// # Errors
    /// UNAVAILABLE where the port cannot be had, with the reason; INVALID_ARGUMENT for an unknown host.
    pub(crate) fn open(
        host: &str,
        number: u16,
        port: Port,
        shared: Arc<Shared>,
        loops: Vec<UnboundedSender<Accepted>>,
    ) -> Result<Listener, Status> {
        let refused =
            |error: io::Error| Status::new(Code::Unavailable, format!("Cannot listen on {host}:{number}: {error}"));
        let wanted = (host, number)
            .to_socket_addrs()
            .ok()
            .and_then(|mut addresses| addresses.next())
            .ok_or_else(|| Status::invalid_argument(format!("{host} is not an address to listen on")))?;
        let socket = Arc::new(bind(wanted).map_err(refused)?);
        let address = socket.local_addr().map_err(refused)?;
        let is_closing = Arc::new(AtomicBool::new(false));
        let to_socket = Arc::downgrade(&socket);
        let acceptor = Acceptor { socket, port, shared, loops, is_closing: is_closing.clone() };
        let thread = std::thread::Builder::new()
            .name("salver-accept".to_owned())
            .spawn(move || acceptor.run())
            .map_err(refused)?;
        Ok(Listener { address, socket: to_socket, is_closing, thread: Some(thread) })
    }

    /// The port number, also where 0 was asked for.
    pub(crate) fn port_number(&self) -> u16 {
        self.address.port()
    }

    /// Accepts what is waiting already, then closes the port.
    pub(crate) fn close(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.is_closing.store(true, Ordering::SeqCst);
        // What ends a blocking accept and loses nobody: one more connection, after all that were waiting.
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        let woken = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        if woken.is_err()
            && let Some(socket) = self.socket.upgrade()
        {
            // No file descriptor left, or the address has gone: better to lose who is waiting than to hang.
            let _ended = SockRef::from(&*socket).shutdown(Shutdown::Both);
        }
        let _ended = thread.join();
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

struct Acceptor {
    socket: Arc<TcpListener>,
    port: Port,
    shared: Arc<Shared>,
    loops: Vec<UnboundedSender<Accepted>>,
    is_closing: Arc<AtomicBool>,
}

/// Failures to accept, told now and then: they come by the hundred a second.
#[derive(Default)]
struct Failures {
    count: u64,
    told: Option<Instant>,
}

impl Failures {
    fn note(&mut self, error: &io::Error) -> Option<String> {
        self.count += 1;
        if self.told.is_some_and(|told| told.elapsed() < NOTICE_INTERVAL) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(format!("Connections cannot be accepted ({} failures so far): {error}", self.count))
    }
}

static NEXT_LOOP: AtomicUsize = AtomicUsize::new(0);

impl Acceptor {
    fn run(self) {
        self.shared.ready_thread();
        let mut failures = Failures::default();
        loop {
            match self.socket.accept() {
                Ok((stream, _)) if self.is_closing.load(Ordering::SeqCst) => {
                    self.hand_over(stream);
                    return self.drain_backlog();
                }
                Ok((stream, _)) => self.hand_over(stream),
                Err(_) if self.is_closing.load(Ordering::SeqCst) => return,
                // Out of file descriptors, or a connection that died in the backlog: the others must still be served.
                Err(error) => {
                    if let Some(message) = failures.note(&error) {
                        self.shared.control.notice(message);
                    }
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        }
    }

    fn drain_backlog(&self) {
        let _blocking = self.socket.set_nonblocking(true);
        while let Ok((stream, _)) = self.socket.accept() {
            self.hand_over(stream);
        }
    }

    fn hand_over(&self, stream: TcpStream) {
        count(&self.shared.counters.connections);
        let index = NEXT_LOOP.fetch_add(1, Ordering::Relaxed) % self.loops.len();
        let _ended = self.loops[index].send((stream, self.port, OpenConnection::new(&self.shared)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_failures_is_told_once_in_an_interval() {
        let mut failures = Failures::default();
        let error = io::Error::other("too many open files");
        let told: Vec<_> = (0..100).filter_map(|_| failures.note(&error)).collect();
        assert_eq!(told, ["Connections cannot be accepted (1 failures so far): too many open files"]);
        failures.told = Instant::now().checked_sub(NOTICE_INTERVAL);
        assert!(failures.note(&error).unwrap().contains("(101 failures so far)"));
    }
}
