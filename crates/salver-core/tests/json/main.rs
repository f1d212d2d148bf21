//! The JSON codec through its public face.

mod floats;
mod malformed;
mod properties;
mod request;
mod response;
mod support;
