//! Requests as those see them who operate the server: how long each phase took, and how many ended how.
//!
//! A request passes five phases. It is **decoded** by the thread of its socket, from the last byte of its body to the
//! queue; it is **queued** until it leaves its line in a batch that a runner takes, however long that batch was open for
//! others to join; it is **batched** until the runtime, or the Python servable, has the joined inputs; it **runs** until
//! that batch is over; and it is **encoded**, from there to an answer that can be written, the way back to the thread of
//! its socket included. So the phases of a request add up to its duration, but for the time in which its body came in. A
//! request that ends early was, up to its end, in the phase that it ended in.
//!
//! A batch that fails before its inputs are joined never ran: its requests go from that phase to the encoding of the
//! error. One that is answered without its inputs having been asked for ran all the time.

mod exemplars;
mod outcomes;
mod progress;
mod times;
mod trace;
mod trace_state;
mod version;

pub use exemplars::Exemplar;
pub use outcomes::{DURATION_LIMITS_NS, DURATION_LIMITS_S, Durations, Outcomes};
pub use progress::{Company, Progress};
pub use times::{Phase, Times};
pub use trace::{SpanContext, TraceContext};
pub use trace_state::trace_state;
pub use version::{InFlight, SignatureStats, VersionStats};

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A gRPC call.
    Grpc,
    /// An HTTP request.
    Rest,
}

impl Protocol {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 2] = [Self::Grpc, Self::Rest];

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Rest => "rest",
        }
    }
}
