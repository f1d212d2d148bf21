//! The paths of the REST API, as the data plane reads them.

#![no_main]
#![allow(dead_code)] // of the server's modules, which are built here without its sockets

use hyper::Method;
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/salver-server/src/rest/path.rs"]
mod path;

#[path = "../../crates/salver-server/src/inference/api.rs"]
mod api;

mod inference {
    pub(crate) use crate::api::Api;
}

fuzz_target!(|text: &str| {
    for method in [Method::GET, Method::POST, Method::PUT] {
        assert!(path::model_name(&method, text).len() <= text.len());
    }
    if let Ok(Some(route)) = path::parse_inference(text) {
        assert!(path::is_api(text));
        assert!(!route.spec.name.is_empty() && route.spec.name.len() <= text.len());
        assert_eq!(route.spec.name, path::model_name(&Method::POST, text));
        assert_eq!(api::Api::of_verb(text.rsplit(':').next().unwrap_or_default()), Some(route.api));
    }
});
