//! salver-tensorflow
