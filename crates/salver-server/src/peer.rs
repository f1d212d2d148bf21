//! Who is at the other end of a connection.

use std::fmt;
use std::net::SocketAddr;

use crate::event_loop::Port;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client that came over the network, or the proxy before it.
    Tcp(SocketAddr),
    /// A process of this machine, as the kernel knows it.
    Unix {
        /// Number of its user.
        user: u32,
        /// Number of the process, where the system tells.
        process: Option<i32>,
    },
}

impl Peer {
    /// The client at this address; one of IPv4 on a socket of IPv6 is told as what it is.
    pub(crate) fn tcp(address: SocketAddr) -> Peer {
        Peer::Tcp(SocketAddr::new(address.ip().to_canonical(), address.port()))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(form),
            Peer::Unix { user, process: Some(process) } => write!(form, "unix:uid={user},pid={process}"),
            Peer::Unix { user, process: None } => write!(form, "unix:uid={user}"),
        }
    }
}

/// Whence a request comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// What its port speaks.
    pub(crate) port: Port,
    /// `None` where the client has gone so early that nobody knows.
    pub(crate) peer: Option<Peer>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_told_as_people_write_them() {
        for (peer, want) in [
            (Peer::tcp("10.1.2.3:4567".parse().unwrap()), "10.1.2.3:4567"),
            (Peer::tcp("[::ffff:10.1.2.3]:4567".parse().unwrap()), "10.1.2.3:4567"),
            (Peer::tcp("[2001:db8::1]:80".parse().unwrap()), "[2001:db8::1]:80"),
            (Peer::Unix { user: 1000, process: Some(42) }, "unix:uid=1000,pid=42"),
            (Peer::Unix { user: 0, process: None }, "unix:uid=0"),
        ] {
            assert_eq!(peer.to_string(), want);
        }
    }
}
