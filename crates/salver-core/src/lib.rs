//! The pure half of Salver's data plane: tensors, codecs, serving table, scheduler.
//!
//! No sockets and no Python here. `salver-server` puts a front end on it, `salver-py` binds it.

pub mod batch_input;
pub mod batching;
pub mod dtype;
pub mod executor;
pub mod histogram;
pub mod inference;
pub mod json;
pub mod requests;
pub mod run_stats;
pub mod signature;
pub mod status;
pub mod table;
pub mod task;
pub mod tensor;
pub mod wire;

pub use batch_input::BatchInput;
pub use dtype::DType;
pub use executor::{Call, Executor, GraphCall};
pub use histogram::Histogram;
pub use signature::{Signature, TensorSpec};
pub use status::{Code, Status};
pub use tensor::{Shape, Tensor, TensorData};
