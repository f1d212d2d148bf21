//! The batching scheduler as its callers see it.

mod hostile;
mod jobs;
mod mixed_priority;
mod padding;
mod properties;
mod scheduler;
mod static_queue;
mod world;
