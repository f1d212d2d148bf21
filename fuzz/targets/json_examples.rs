//! The JSON body of a classify or regress call, converted to serialized examples.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use salver_core::json::scan_examples;
use salver_core::wire::MemoryBudget;
use salver_core::wire::reader::{Reader, Value};
use salver_fuzz::{json, memory, tensors};

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    match memory::within(json::heap_limit(data.len()), || scan_examples(&body)) {
        Err(status) => json::check_status(&status),
        Ok(scanned) => {
            assert!(!scanned.input.is_empty());
            let mut budget = MemoryBudget::new(tensors::BUDGET_BYTES);
            if let Ok(examples) = scanned.input.examples(&mut budget) {
                examples.iter().for_each(|example| check_example(example));
            }
        }
    }
});

/// An example is features by name, each a list of one kind.
fn check_example(example: &[u8]) {
    for_each_span(example, |number, features| {
        assert_eq!(number, 1, "example");
        for_each_span(features, |number, entry| {
            assert_eq!(number, 1, "features");
            for_each_span(entry, |number, part| match number {
                1 => assert!(std::str::from_utf8(part).is_ok(), "name"),
                2 => for_each_span(part, check_list),
                _ => panic!("field {number} in an entry"),
            });
        });
    });
}

fn check_list(kind: u32, list: &[u8]) {
    assert!((1..=3).contains(&kind), "kind {kind}");
    for_each_span(list, |number, values| {
        assert_eq!(number, 1, "list");
        assert!(kind != 2 || values.len().is_multiple_of(4), "floats");
    });
}

/// Calls `check` with number and bytes of every field, all of which are length-delimited.
fn for_each_span(message: &[u8], check: impl Fn(u32, &[u8])) {
    let mut fields = Reader::new(message);
    while let Some(field) = fields.next_field().expect("examples are well-formed") {
        let Value::Span(span) = field.value else { panic!("field {} is no span", field.number) };
        check(field.number, span.bytes);
    }
}
