//! Tests of the protobuf codec: rules one by one, vectors made with tensorflow, random and broken bytes.

mod binding;
mod predict;
mod prediction_log;
mod random;
mod reader;
mod request_encode;
mod support;
mod tensor_decode;
mod tensor_encode;
mod vectors;
