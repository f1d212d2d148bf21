//! A connection that is opened anew when it is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use salver_core::Status;
use tokio::sync::Mutex;

use crate::dial::Dialer;
use crate::tally::Failure;
use crate::{Options, Protocol, grpc, rest};

/// How long a server that was there may be away: as long as it takes to be replaced by one that is ready.
const MAX_ABSENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);

/// What became of a request.
pub(crate) enum Sent {
    /// Answered, with so many bytes, kept where that was asked for.
    Answered(usize, Option<Vec<u8>>),
    /// Sent, and failed.
    Failed(Failure),
    /// The connection was gone before the server saw it: it may be sent on another one.
    No(Failure),
    /// The server did not look at it, on a connection that goes on: it may be sent again.
    Refused(Failure),
}

/// What requests are sent on.
pub(crate) enum Channel {
    Grpc(grpc::Channel),
    Rest(rest::Channel),
}

impl Channel {
    /// Sends one request and waits for its end.
    pub(crate) async fn call(&mut self, head: &Request<()>, body: &Bytes, keep: bool) -> Sent {
        match self {
            Self::Grpc(channel) => channel.call(head, body, keep).await,
            Self::Rest(channel) => channel.call(head, body, keep).await,
        }
    }

    /// The same connection for another worker, where it can be shared.
    fn share(&self) -> Option<Self> {
        match self {
            Self::Grpc(channel) => Some(Self::Grpc(channel.clone())),
            Self::Rest(_) => None,
        }
    }
}

/// A place for a connection. Workers that share it open it anew once, not each.
pub(crate) struct Link {
    dialer: Arc<Dialer>,
    protocol: Protocol,
    num_in_flight: usize,
    current: Mutex<Current>,
}

struct Current {
    /// Counts the connections there were.
    generation: u64,
    /// The latest one; `None` where its worker has it for itself.
    channel: Option<Channel>,
}

impl Link {
    /// A link whose first connection is open.
    pub(crate) async fn open(dialer: Arc<Dialer>, options: &Options) -> Result<Self, Status> {
        let none = Current { generation: 0, channel: None };
        let (protocol, num_in_flight) = (options.protocol, options.num_in_flight);
        let link = Self { dialer, protocol, num_in_flight, current: Mutex::new(none) };
        let channel = link.dial().await?;
        link.current.lock().await.channel = Some(channel);
        Ok(link)
    }

    /// The connection that is open, with its generation, for one worker.
    pub(crate) async fn channel(&self) -> Result<(u64, Channel), Status> {
        let mut current = self.current.lock().await;
        let shared = current.channel.as_ref().and_then(Channel::share);
        match shared.or_else(|| current.channel.take()) {
            Some(channel) => Ok((current.generation, channel)),
            None => self.renew(&mut current).await,
        }
    }

    /// A connection in place of that of `lost` generation.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE where the server stays away.
    pub(crate) async fn after(&self, lost: u64) -> Result<(u64, Channel), Status> {
        let mut current = self.current.lock().await;
        match current.channel.as_ref().and_then(Channel::share) {
            Some(channel) if current.generation != lost => Ok((current.generation, channel)),
            _ => self.renew(&mut current).await,
        }
    }

    async fn renew(&self, current: &mut Current) -> Result<(u64, Channel), Status> {
        let begin = Instant::now();
        let channel = loop {
            match self.dial().await {
                Ok(channel) => break channel,
                Err(status) if begin.elapsed() >= MAX_ABSENCE => return Err(status),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        current.generation += 1;
        current.channel = channel.share();
        Ok((current.generation, channel))
    }

    async fn dial(&self) -> Result<Channel, Status> {
        Ok(match self.protocol {
            Protocol::Grpc => Channel::Grpc(grpc::Channel::open(&self.dialer, self.num_in_flight).await?),
            Protocol::Rest => Channel::Rest(rest::Channel::open(&self.dialer).await?),
        })
    }
}
