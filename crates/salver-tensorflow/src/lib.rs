//! SavedModels run through TensorFlow's C API, without Python and without importing TensorFlow.
//!
//! [`Runtime`] opens the shared libraries of the `tensorflow-cpu` wheel, [`SavedModel`] loads one version of a
//! model and is an [`Executor`](salver_core::Executor). All memory that crosses the C boundary is owned by small
//! types here: `StatusHandle`, `TensorHandle`, `Session`.
//!
//! ```no_run
//! # use std::path::{Path, PathBuf};
//! # use salver_tensorflow::{LoadOptions, Runtime, SavedModel};
//! # fn example() -> Result<(), salver_core::Status> {
//! let libraries = [PathBuf::from("libtensorflow_framework.so.2"), PathBuf::from("libtensorflow_cc.so.2")];
//! let runtime = Runtime::open(&libraries)?;
//! let model = SavedModel::load(&runtime, Path::new("half_plus_two/00000001"), &LoadOptions::default())?;
//! println!("{} signatures", model.signatures().len());
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod api;
mod graph_calls;
mod memory;
mod meta_graph;
mod model_files;
mod options;
mod pace;
mod plan;
mod proto;
mod runtime;
mod saved_model;
mod session;
mod status;
mod tensor;
mod tstring;

pub use options::{ExecutorChoice, LoadOptions, RunPlace};
pub use runtime::Runtime;
pub use saved_model::SavedModel;
