//! The paths of REST inference.

#![no_main]
#![allow(dead_code)] // of the server's modules, which are built here without its sockets

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/salver-server/src/rest/path.rs"]
mod path;

#[path = "../../crates/salver-server/src/inference/api.rs"]
mod api;

mod inference {
    pub(crate) use crate::api::Api;
}

fuzz_target!(|text: &str| {
    if let Ok(Some(route)) = path::parse_inference(text) {
        assert!(!route.spec.name.is_empty() && route.spec.name.len() <= text.len());
        assert!(inference::Api::of_verb(text.rsplit(':').next().unwrap_or_default()) == Some(route.api));
    }
});
