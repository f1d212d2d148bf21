//! salver-server
