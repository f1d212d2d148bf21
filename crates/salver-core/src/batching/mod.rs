//! Queues of work, the batches made of it, and the runners that pull them; for any type of work.
//!
//! The way of a piece of work: [`Scheduler::submit`] puts it into the group of those that may share its batch, within
//! the [`Line`] of its signature, within the [`Owner`] that is its model version. A runner that asks for a turn is given
//! the owner that is furthest behind its share of time, and of it the group that is most urgent. The group makes a batch
//! by its [`Policy`]. The [`Ticket`] that goes with the batch tells the line how long it ran: that is all a line learns.
//!
//! An owner without work and without a batch in flight has no entry here and costs nothing.

mod adaptive_queue;
mod entry;
mod group;
mod learnt;
mod line;
mod line_queue;
mod low_queue;
#[cfg_attr(feature = "shuttle", path = "modelled_monitor.rs")]
mod monitor;
mod padding;
mod pending;
mod policy;
mod recent;
mod scheduler;
pub mod simulation;
mod static_queue;
mod stats;
mod ticket;
mod waiting_batch;
mod work;

pub use entry::Load;
pub use learnt::CurvePoint;
pub use line::{Line, Owner};
#[cfg(feature = "shuttle")]
pub use monitor::pass;
pub use policy::{Criticality, LengthBuckets, LowPriority, MixedPriorityPolicy, PaddingPolicy, Policy};
pub use recent::Quantiles;
pub use scheduler::{Next, Options, Scheduler};
pub use stats::LineStats;
pub use ticket::Ticket;
pub use work::{Reason, Refusal, Turn, Work};
