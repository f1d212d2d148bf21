//! Where connections come in: a TCP port or a Unix socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A connection as it was accepted: blocking, without any setting.
#[derive(Debug)]
pub(crate) enum RawStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// An open listening socket.
#[derive(Debug)]
pub(crate) enum Endpoint {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// What clients connect to.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Unix(SocketFile),
}

/// A socket in the file system, known again by its inode.
#[derive(Clone, Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl Endpoint {
    /// Listens on a TCP address; with `reuse_port` other processes may share it.
    pub(crate) fn bind_tcp(address: SocketAddr, reuse_port: bool) -> io::Result<(Endpoint, Address)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(reuse_port)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        let bound = listener.local_addr()?;
        Ok((Endpoint::Tcp(listener), Address::Tcp(bound)))
    }

    /// Listens on a Unix socket; the file that a dead server left is replaced.
    pub(crate) fn bind_unix(path: &Path) -> io::Result<(Endpoint, Address)> {
        let bound = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_stale(path)?;
                UnixListener::bind(path)
            }
            bound => bound,
        };
        let listener = bound?;
        let file = SocketFile { path: path.to_owned(), inode: inode(path)? };
        Ok((Endpoint::Unix(listener), Address::Unix(file)))
    }

    /// Waits for a connection.
    pub(crate) fn accept(&self) -> io::Result<RawStream> {
        match self {
            Endpoint::Tcp(listener) => listener.accept().map(|(stream, _)| RawStream::Tcp(stream)),
            Endpoint::Unix(listener) => listener.accept().map(|(stream, _)| RawStream::Unix(stream)),
        }
    }

    /// Has `accept` return at once where nobody is waiting.
    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Endpoint::Tcp(listener) => listener.set_nonblocking(true),
            Endpoint::Unix(listener) => listener.set_nonblocking(true),
        }
    }

    /// Ends a blocking `accept`, and drops who is waiting.
    pub(crate) fn shut_down(&self) {
        let _ended = match self {
            Endpoint::Tcp(listener) => SockRef::from(listener).shutdown(Shutdown::Both),
            Endpoint::Unix(listener) => SockRef::from(listener).shutdown(Shutdown::Both),
        };
    }
}

impl Address {
    /// The port number; 0 for a Unix socket.
    pub(crate) fn port_number(&self) -> u16 {
        match self {
            Address::Tcp(address) => address.port(),
            Address::Unix(_) => 0,
        }
    }

    /// Connects, only to end a blocking `accept`.
    pub(crate) fn touch(&self) -> io::Result<()> {
        match self {
            Address::Tcp(address) => TcpStream::connect_timeout(&reachable(*address), Duration::from_secs(1)).map(drop),
            Address::Unix(file) if file.is_ours() => connect_at_once(&file.path),
            Address::Unix(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Removes the file of a Unix socket, unless somebody else has put another in its place.
    pub(crate) fn remove(&self) {
        if let Address::Unix(file) = self
            && file.is_ours()
        {
            let _gone = std::fs::remove_file(&file.path);
        }
    }
}

impl SocketFile {
    fn is_ours(&self) -> bool {
        inode(&self.path).is_ok_and(|inode| inode == self.inode)
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|data| (data.dev(), data.ino()))
}

/// Removes the socket file of a server that has ended; anything else stays.
fn remove_stale(path: &Path) -> io::Result<()> {
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    match connect_at_once(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens there")),
    }
}

/// Connects without waiting for room among those that wait to be accepted.
fn connect_at_once(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}
