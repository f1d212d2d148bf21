//! salver-py
