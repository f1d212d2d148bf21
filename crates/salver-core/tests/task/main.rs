//! Every task gets exactly its own rows, or exactly one error.

mod batches;
mod lengths;
mod padding;
mod phases;
mod properties;
mod refusals;
mod splitting;
mod support;
