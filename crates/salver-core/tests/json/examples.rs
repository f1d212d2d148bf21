//! Bodies of classify and regress requests.

use bytes::Bytes;
use salver_core::json::{ScannedExamples, scan_examples};
use salver_core::wire::MemoryBudget;
use salver_core::{Code, Status};

use crate::support::assert_fails;

fn scan(body: impl Into<Bytes>) -> Result<ScannedExamples, Status> {
    scan_examples(&body.into())
}

fn hexed(scanned: &ScannedExamples) -> String {
    let examples = scanned.input.examples(&mut MemoryBudget::default()).expect("small examples");
    let hex = |example: &Bytes| example.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    examples.iter().map(hex).collect::<Vec<_>>().join(",")
}

#[test]
fn examples_are_written_as_protobuf_writes_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/inference_vectors/json_examples.tsv");
    let table = std::fs::read_to_string(path).expect("the vectors");
    for line in table.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let scanned = scan(columns[1].to_owned()).expect(columns[0]);
        assert_eq!([&*scanned.signature_name, &hexed(&scanned)], columns[2..], "{}", columns[0]);
    }
    assert!(table.lines().count() > 5);
}

#[test]
fn features_keep_the_order_of_the_object() {
    let written = |body: &'static str| hexed(&scan(body).expect(body));
    let (a, b) = ("0a0a0a016112051a030a0101", "0a0a0a016212051a030a0102");
    assert_eq!(written(r#"{"examples":[{"b":2,"a":1}]}"#), format!("0a18{b}{a}"));
    assert_eq!(written(r#"{"examples":[{"a":1,"b":2}]}"#), format!("0a18{a}{b}"));
    assert_eq!(written(r#"{"examples":[{"a":2,"a":1}]}"#), format!("0a18{}{a}", a.replace("0101", "0102")));
}

#[test]
fn the_top_level_follows_the_rules_of_all_requests() {
    for body in [
        "\u{feff} {\"examples\": [{\"x\": 1}]}",
        r#"{"examples":[{"x":1}],"examples":5}"#,
        r#"{"signature_name":"","other":{"examples":[]},"examples":[{"x":1}]} trailing"#,
        r#"{"\u0065xamples":[{"\u0078":1}]}"#,
    ] {
        let scanned = scan(body.to_owned()).expect(body);
        assert_eq!((scanned.signature_name.as_str(), scanned.input.len()), ("", 1), "{body}");
        assert_eq!(hexed(&scanned), "0a0c0a0a0a017812051a030a0101", "{body}");
    }
    let named = scan(r#"{"signature_name":"a","examples":[{}],"signature_name":"b"}"#).expect("a request");
    assert_eq!(named.signature_name, "a");
}

#[test]
fn faults_of_the_request_are_named() {
    for (body, parts) in [
        ("", &["JSON parse error", "the document is empty"][..]),
        (r#"{"examples":[{}]"#, &["JSON parse error", "at byte 16"]),
        ("[]", &["must be a JSON object", "Array"]),
        (r#"{"signature_name":5,"context":5}"#, &["\"signature_name\" must be a string", "Number"]),
        (r#"{"context":5}"#, &["\"context\": ", "must be a JSON object", "5", "Number"]),
        (r#"{"context":{}}"#, &["no \"examples\""]),
        (r#"{"examples":{}}"#, &["\"examples\" must be a list", "Object"]),
        (r#"{"examples":[]}"#, &["\"examples\" must have at least one element"]),
        (r#"{"examples":[{},null]}"#, &["element 1 of \"examples\": ", "must be a JSON object", "Null"]),
        (r#"{"examples":[[{}]]}"#, &["element 0 of \"examples\": ", "must be a JSON object", "Array"]),
    ] {
        assert_fails(body, scan(body), Code::InvalidArgument, parts);
    }
}

#[test]
fn faults_of_a_feature_are_named() {
    for (value, parts) in [
        ("null", &["null of type Null"][..]),
        ("{}", &["{} of type Object"]),
        (r#"{"b64":"$"}"#, &["of type Object", "base64"]),
        (r#"{"b64":"aGk=","x":1}"#, &["of type Object"]),
        ("[[1]]", &["[1] of type Array"]),
        ("[1,null]", &["null of type Null"]),
        ("[1,2.5]", &["2.5 of type Number", "float", "expected int64", "decimal point"]),
        ("[2.5,1]", &["1 of type Number", "int64", "expected float"]),
        ("[1,\"a\"]", &["\"a\" of type String", "bytes", "expected int64"]),
        ("[\"a\",true]", &["true of type True", "int64", "expected bytes"]),
        ("[\"a\",NaN]", &["NaN of type Number", "float", "expected bytes"]),
        ("[1.5,{\"b64\":\"\"}]", &["of type Object", "bytes", "expected float"]),
        ("9223372036854775808", &["9223372036854775808 is beyond int64", "9223372036854775807"]),
        ("[0.5,18446744073709551615]", &["18446744073709551615 is beyond int64"]),
    ] {
        let body = format!(r#"{{"examples":[{{}},{{"other":1,"feat":{value}}}]}}"#);
        let parts = [&["element 1 of \"examples\": feature \"feat\": "], parts].concat();
        assert_fails(&body, scan(body.clone()), Code::InvalidArgument, &parts);
        let body = format!(r#"{{"examples":[{{}}],"context":{{"feat":{value}}}}}"#);
        assert_fails(&body, scan(body.clone()), Code::InvalidArgument, &["\"context\": feature \"feat\": "]);
    }
}

#[test]
fn integers_below_int64_are_floats_as_those_beyond_uint64() {
    for (value, want) in [("-9223372036854775809", -(2f32.powi(63))), ("18446744073709551616", 2f32.powi(64))] {
        let scanned = scan(format!(r#"{{"examples":[{{"x":{value}}}]}}"#)).expect(value);
        assert!(hexed(&scanned).ends_with(&format!("0a04{:08x}", want.to_bits().swap_bytes())), "{value}");
    }
}

#[test]
fn a_name_that_is_no_text_is_refused_and_a_value_is_not() {
    let refused = scan(&b"{\"examples\":[{\"\xff\":1}]}"[..]);
    assert_fails("name", refused, Code::InvalidArgument, &["must be UTF-8"]);
    assert!(hexed(&scan(&b"{\"examples\":[{\"x\":\"\xff\"}]}"[..]).expect("bytes")).ends_with("0a01ff"));
}

#[test]
fn depth_costs_no_stack_and_messages_stay_short() {
    let depth = 200_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let value = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let status = scan(format!(r#"{{"ignored":{value},"examples":[{{"x":{value}}}]}}"#)).expect_err("nested");
        assert!(status.message.len() < 1000, "{}", status.message.len());
    }
    let name = "n".repeat(100_000);
    let status = scan(format!(r#"{{"examples":[{{"{name}":null}}]}}"#)).expect_err("a long name");
    assert!(status.message.len() < 1000, "{}", status.message.len());
}

#[test]
fn a_repeated_context_is_bounded_by_the_budget() {
    let body = format!(r#"{{"context":{{"c":"{}"}},"examples":[{}{{}}]}}"#, "x".repeat(10_000), "{},".repeat(999));
    let scanned = scan(body).expect("a small body");
    assert_eq!(scanned.input.len(), 1000);
    let status = scanned.input.clone().into_tensor_within(&mut MemoryBudget::new(1 << 20)).expect_err("10 MB");
    assert_eq!(status.code, Code::InvalidArgument);
    assert!(scanned.input.into_tensor().is_ok());
}
