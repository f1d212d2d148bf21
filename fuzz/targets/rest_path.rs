//! The paths of REST inference.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// The server's own module, built here without its sockets.
#[path = "../../crates/salver-server/src/rest/path.rs"]
mod path;

/// What that module names of the rest of the server.
mod inference {
    #[derive(Debug, PartialEq, Eq)]
    pub(crate) enum Api {
        Predict,
    }
}

fuzz_target!(|text: &str| {
    if let Ok(Some(path::Route { api: inference::Api::Predict, spec })) = path::parse_inference(text) {
        assert!(!spec.name.is_empty() && spec.name.len() <= text.len());
    }
});
