//! The JSON body of a predict call, against signatures of every kind.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use salver_core::Signature;
use salver_fuzz::{json, signatures};

static SIGNATURES: LazyLock<Vec<Signature>> = LazyLock::new(signatures::for_json);

fuzz_target!(|data: &[u8]| json::check_body(&Bytes::copy_from_slice(data), &SIGNATURES));
