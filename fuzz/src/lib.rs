//! What the fuzz targets share: signatures to decode against, round trips, and a watch over memory.

pub mod json;
pub mod memory;
pub mod signatures;
pub mod tensors;
