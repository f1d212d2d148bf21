//! The JSON codec through its public face.

mod example_properties;
mod examples;
mod floats;
mod inference_response;
mod malformed;
mod properties;
mod request;
mod response;
mod support;
