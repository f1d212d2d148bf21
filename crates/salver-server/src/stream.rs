//! A connection's bytes, whatever carries them: TCP or a Unix socket, in the clear or by TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

use crate::authority::AuthorityFilter;
use crate::endpoint::RawStream;
#[cfg(target_os = "linux")]
use crate::patience;
use crate::peer::Peer;

/// Idle time after which the kernel asks whether the peer still lives; one that vanished is found within minutes.
const PROBE_AFTER: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_secs(15);

/// A socket on its event loop.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Puts an accepted connection on this loop.
    pub(crate) fn new(stream: RawStream) -> io::Result<Socket> {
        match stream {
            RawStream::Tcp(stream) => {
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_INTERVAL);
                SockRef::from(&stream).set_tcp_keepalive(&probes)?;
                // A client that takes no byte at all: what was reset on its streams can be let go only with the connection.
                #[cfg(target_os = "linux")]
                SockRef::from(&stream).set_tcp_user_timeout(Some(patience::LIMIT))?;
                TcpStream::from_std(stream).map(Socket::Tcp)
            }
            RawStream::Unix(stream) => {
                stream.set_nonblocking(true)?;
                UnixStream::from_std(stream).map(Socket::Unix)
            }
        }
    }

    /// Who is at the other end; `None` where it has gone already.
    pub(crate) fn peer(&self) -> Option<Peer> {
        match self {
            Socket::Tcp(stream) => stream.peer_addr().ok().map(Peer::tcp),
            Socket::Unix(stream) => {
                stream.peer_cred().ok().map(|peer| Peer::Unix { user: peer.uid(), process: peer.pid() })
            }
        }
    }

    /// Waits until there is something to read, the end included.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.readable().await,
            Socket::Unix(stream) => stream.readable().await,
        }
    }
}

/// A socket, or TLS over one.
pub(crate) enum Carrier {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

/// What hyper reads and writes.
pub(crate) struct Stream {
    carrier: Carrier,
    filter: Option<AuthorityFilter>,
}

impl Stream {
    /// The stream that HTTP begins on; `is_unix` says whether it comes from a Unix socket and speaks HTTP/2 alone.
    pub(crate) fn new(carrier: Carrier, is_unix: bool) -> Self {
        Self { carrier, filter: is_unix.then(AuthorityFilter::new) }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (stream, before) = (self.get_mut(), buffer.filled().len());
        let polled = Pin::new(&mut stream.carrier).poll_read(context, buffer);
        if let Some(filter) = &mut stream.filter {
            filter.rewrite(&mut buffer.filled_mut()[before..]);
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().carrier).poll_write(context, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().carrier).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.carrier.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().carrier).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().carrier).poll_shutdown(context)
    }
}

/// Passes the methods of the I/O traits on to the variants of an enum.
macro_rules! delegate_io {
    ($name:ident: $($variant:ident),+) => {
        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($name::$variant(stream) => Pin::new(stream).poll_read(context, buffer),)+
                }
            }
        }

        impl AsyncWrite for $name {
            fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $($name::$variant(stream) => Pin::new(stream).poll_write(context, data),)+
                }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                pieces: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $($name::$variant(stream) => Pin::new(stream).poll_write_vectored(context, pieces),)+
                }
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    $($name::$variant(stream) => stream.is_write_vectored(),)+
                }
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($name::$variant(stream) => Pin::new(stream).poll_flush(context),)+
                }
            }

            fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($name::$variant(stream) => Pin::new(stream).poll_shutdown(context),)+
                }
            }
        }
    };
}

delegate_io!(Socket: Tcp, Unix);
delegate_io!(Carrier: Plain, Tls);
