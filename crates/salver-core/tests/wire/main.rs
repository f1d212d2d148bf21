//! Tests of the protobuf codec: rules one by one, vectors made with tensorflow, random and broken bytes.

mod binding;
mod predict;
mod random;
mod reader;
mod support;
mod tensor_decode;
mod tensor_encode;
mod vectors;
