//! What waits to be logged is bounded by the memory that it takes.

mod support;

use std::time::Duration;

use bytes::Bytes;
use salver_core::DType;
use salver_server::{LogRule, Options};
use support::{Echo, connect, exchange, plane_of, rest_predict, signature, spec, target};

/// Three bytes of JSON each, none as elements, and a handle of four words each in memory.
const EMPTY_STRINGS: usize = 1 << 20;

#[test]
fn empty_strings_take_room_in_the_queue() {
    let echo = signature("serving_default", "predict", spec("x", DType::String), spec("y", DType::String));
    let plane = plane_of(Options::default(), target([echo], Echo));
    let port = plane.listen_rest("127.0.0.1", 0).unwrap();
    plane.set_log_rules([LogRule { model: "m".into(), sampling_rate: 1.0, logger: 0, metadata: Bytes::new() }]);
    let request = rest_predict(&format!("{{\"instances\": [\"\"{}]}}", ",\"\"".repeat(EMPTY_STRINGS - 1)));
    let request = request.replace("Host: h\r\n", "Host: h\r\nConnection: close\r\n");

    for _ in 0..3 {
        let answer = exchange(&mut connect(port).unwrap(), request.as_bytes()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..answer.len().min(300)]);
    }

    let pulled = plane.next_log_entries(Duration::ZERO).unwrap();
    assert_eq!((pulled.entries.len(), pulled.dropped["m"]), (2, 1));
}
