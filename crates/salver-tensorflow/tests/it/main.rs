//! Loads and runs SavedModels with real TensorFlow libraries; see `support::runtime` for what it needs.

mod dtypes;
mod load;
mod memory;
mod metadata;
mod run;
mod support;
