//! Tests of the protobuf codec: rules one by one, vectors made with tensorflow, random and broken bytes.

mod binding;
mod example_input;
mod inference_vectors;
mod predict;
mod prediction_log;
mod random;
mod reader;
mod request_encode;
mod session_run;
mod support;
mod task_binding;
mod tensor_decode;
mod tensor_encode;
mod vectors;
