//! The paths of REST predictions.

#![no_main]

#[allow(dead_code)] // the server's own module, built here without the server's sockets
#[path = "../../crates/salver-server/src/rest/path.rs"]
mod path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(Some(route)) = path::parse_predict(text) {
        assert!(!route.model.is_empty() && route.model.len() <= text.len());
        route.choice();
    }
});
