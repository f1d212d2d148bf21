//! Predict bodies: the rules of the REST protocol, one table per rule.

use crate::support::{assert_fails, fixed, inputs, parse, parse_one, strings};
use bytes::Bytes;
use salver_core::json::{Format, scan_predict};
use salver_core::{Code, DType, Tensor};

use Code::{InvalidArgument, Unimplemented};

fn scan_error(body: &'static [u8], parts: &[&str]) {
    let what = String::from_utf8_lossy(body);
    assert_fails(&what, scan_predict(&Bytes::from_static(body)), InvalidArgument, parts);
}

// === the document ===

#[test]
fn malformed_documents_name_the_reason_and_the_byte() {
    for (body, part) in [
        (&b""[..], "document is empty at byte 0"),
        (b" \n\t ", "document is empty at byte 4"),
        (b"\xef\xbb\xbf", "document is empty at byte 3"),
        (b"{", "at byte 1"),
        (b"{\"instances\": [1, 2}", "at byte 19"),
        (b"{\"instances\": [1,]}", "at byte 17"),
        (b"{\"instances\": [1]", "at byte 17"),
        (b"{\"a\": 1,}", "at byte 8"),
        (b"{'a': 1}", "at byte 1"),
        (b"{\"a\": +1}", "at byte 6"),
        (b"{\"a\": 01}", "at byte 7"),
        (b"{\"a\": .5}", "at byte 6"),
        (b"{\"a\": 1.}", "at byte 8"),
        (b"{\"a\": 1e}", "at byte 8"),
        (b"{\"a\": 1e400}", "too big"),
        (b"{\"a\": nan}", "at byte 6"),
        (b"{\"a\": Nan}", "at byte 6"),
        (b"{\"a\": infinity}", "at byte 6"),
        (b"{\"a\": +Inf}", "at byte 6"),
        (b"{/* c */}", "at byte 1"),
        (b"[1, 2", "at byte 5"),
    ] {
        scan_error(body, &["JSON parse error", part]);
    }
}

#[test]
fn a_fault_anywhere_in_the_root_is_found_before_any_model() {
    scan_error(br#"{"instances": [1], "ignored": {"deep": [tru]}}"#, &["at byte 40"]);
    scan_error(br#"{"signature_name": 5, "instances": [1}"#, &["JSON parse error"]);
}

#[test]
fn the_root_must_be_an_object() {
    for (body, kind) in
        [("[1]", "Array"), ("5", "Number"), ("\"a\"", "String"), ("null", "Null"), ("true", "True"), ("NaN", "Number")]
    {
        assert_fails(body, scan_predict(&body.into()), InvalidArgument, &["must be a JSON object", body, kind]);
    }
}

#[test]
fn a_quoted_value_is_cut_at_256_bytes() {
    let body = format!("[{}]", "1,".repeat(5000) + "1");
    let status = scan_predict(&body.into()).unwrap_err();
    assert!(status.message.len() < 350, "{} bytes", status.message.len());
    assert!(status.message.contains(",1... of type Array"), "{}", status.message);
}

#[test]
fn what_surrounds_the_root_is_ignored() {
    let want = fixed(DType::Int32, &[2], &[1, 2]);
    for body in [
        "{\"instances\": [1, 2]} trailing ] garbage",
        "\u{feff}{\"instances\": [1, 2]}",
        " \r\n\t{ \"instances\" : [ 1 , 2 ] } \n",
        "{\"instances\":[1,2]}{\"instances\":[3]}",
        "{\"unknown\": {\"instances\": 5}, \"instances\": [1, 2]}",
        "{\"inst\\u0061nces\": [1, 2]}",
    ] {
        assert_eq!(parse_one(DType::Int32, body).as_ref(), Ok(&want), "{body}");
    }
}

#[test]
fn signature_name_is_an_optional_string() {
    for (body, want) in [
        (r#"{"instances": [1]}"#, ""),
        (r#"{"signature_name": "", "instances": [1]}"#, ""),
        (r#"{"signature_name": "s", "instances": [1]}"#, "s"),
        (r#"{"instances": [1], "signature_name": "late"}"#, "late"),
        (r#"{"signature_name": "\u00e9\n"}"#, "é\n"),
        (r#"{"signature_name": "first", "signature_name": 5}"#, "first"),
    ] {
        assert_eq!(scan_predict(&body.into()).unwrap().signature_name(), want, "{body}");
    }
    for (body, kind) in [
        (r#"{"signature_name": 5}"#, "Number"),
        (r#"{"signature_name": null}"#, "Null"),
        (r#"{"signature_name": ["s"]}"#, "Array"),
    ] {
        assert_fails(body, scan_predict(&body.into()), InvalidArgument, &["signature_name", kind]);
    }
}

#[test]
fn exactly_one_of_instances_and_inputs_is_required() {
    let single = inputs(&[("x", DType::Int32)]);
    assert_fails("both", parse(r#"{"instances": [1], "inputs": [1]}"#, &single), InvalidArgument, &["both"]);
    assert_fails("neither", parse("{}", &single), InvalidArgument, &["neither"]);
    for (body, part) in [
        (r#"{"instances": 5}"#, "Number"),
        (r#"{"instances": null}"#, "Null"),
        (r#"{"instances": {"x": 1}}"#, "Object"),
        (r#"{"instances": []}"#, "empty"),
        (r#"{"instances": [ ]}"#, "empty"),
    ] {
        assert_fails(body, parse(body, &single), InvalidArgument, &["instances", part]);
    }
    assert_fails("no inputs", parse(r#"{"inputs": {}}"#, &inputs(&[])), InvalidArgument, &["no inputs"]);
}

#[test]
fn of_repeated_members_the_first_counts() {
    let one = fixed(DType::Int32, &[1], &[1]);
    for body in [
        r#"{"instances": [1], "instances": 2}"#,
        r#"{"inputs": [1], "inputs": [2]}"#,
        r#"{"inputs": {"x": [1], "x": ["two"]}}"#,
    ] {
        assert_eq!(parse_one(DType::Int32, body).as_ref(), Ok(&one), "{body}");
    }
}

// === scalars ===

/// Parses `value` as a scalar in column format.
fn scalar(dtype: DType, value: &str) -> Result<Tensor, salver_core::Status> {
    parse_one(dtype, format!("{{\"inputs\": {value}}}"))
}

#[test]
fn numbers_become_floats() {
    for (value, want) in [
        ("1", 1.0),
        ("-2", -2.0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ("1e-400", 0.0),
        ("Inf", f64::INFINITY),
        ("Infinity", f64::INFINITY),
        ("-Inf", f64::NEG_INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("0.1", 0.1),
        ("1.00000005960464477539", 1.000_000_059_604_644_8),
    ] {
        assert_eq!(scalar(DType::Double, value), Ok(fixed(DType::Double, &[], &[want])), "{value}");
        assert_eq!(scalar(DType::Float, value), Ok(fixed(DType::Float, &[], &[want as f32])), "{value}");
    }
    for (value, want) in
        [("1e39", f32::INFINITY), ("-1e300", f32::NEG_INFINITY), ("1e-60", 0.0), ("16777217", 16_777_216.0)]
    {
        assert_eq!(scalar(DType::Float, value), Ok(fixed(DType::Float, &[], &[want])), "{value}");
    }
    for value in ["NaN", "-NaN"] {
        let tensor = scalar(DType::Double, value).unwrap();
        let salver_core::TensorData::Fixed(bytes) = tensor.data() else { panic!("a fixed-size tensor") };
        assert!(f64::from_le_bytes(bytes[..].try_into().unwrap()).is_nan(), "{value}");
    }
}

#[test]
fn integer_literals_become_integers_within_their_range() {
    let good = [
        (DType::Int32, "-2147483648", fixed(DType::Int32, &[], &[i32::MIN])),
        (DType::Int32, "2147483647", fixed(DType::Int32, &[], &[i32::MAX])),
        (DType::Int32, "-0", fixed(DType::Int32, &[], &[0i32])),
        (DType::Int16, "32767", fixed(DType::Int16, &[], &[i16::MAX])),
        (DType::Int16, "32768", fixed(DType::Int16, &[], &[i16::MIN])),
        (DType::Int8, "300", fixed(DType::Int8, &[], &[44i8])),
        (DType::Int8, "-129", fixed(DType::Int8, &[], &[127i8])),
        (DType::Uint8, "255", fixed(DType::Uint8, &[], &[255u8])),
        (DType::Uint8, "-1", fixed(DType::Uint8, &[], &[255u8])),
        (DType::Int64, "-9223372036854775808", fixed(DType::Int64, &[], &[i64::MIN])),
        (DType::Int64, "9223372036854775807", fixed(DType::Int64, &[], &[i64::MAX])),
        (DType::Uint32, "4294967295", fixed(DType::Uint32, &[], &[u32::MAX])),
        (DType::Uint64, "18446744073709551615", fixed(DType::Uint64, &[], &[u64::MAX])),
        (DType::Uint64, "-0", fixed(DType::Uint64, &[], &[0u64])),
    ];
    for (dtype, value, want) in good {
        assert_eq!(scalar(dtype, value), Ok(want), "{value} as {}", dtype.name());
    }
}

#[test]
fn other_literals_are_no_integers() {
    let narrow = [DType::Int32, DType::Int16, DType::Int8, DType::Uint8];
    let all = [&narrow[..], &[DType::Int64, DType::Uint32, DType::Uint64]].concat();
    for dtype in all {
        for value in ["1.0", "1e3", "NaN", "Infinity", "99999999999999999999", "1e0", "0.5"] {
            assert_fails(value, scalar(dtype, value), InvalidArgument, &[value, "Number", dtype.name()]);
        }
    }
    for dtype in narrow {
        for value in ["2147483648", "-2147483649"] {
            assert_fails(value, scalar(dtype, value), InvalidArgument, &[value, "Number", dtype.name()]);
        }
    }
    for (dtype, value) in [
        (DType::Int64, "9223372036854775808"),
        (DType::Int64, "-9223372036854775809"),
        (DType::Uint32, "-1"),
        (DType::Uint32, "4294967296"),
        (DType::Uint64, "-1"),
        (DType::Uint64, "18446744073709551616"),
    ] {
        assert_fails(value, scalar(dtype, value), InvalidArgument, &[value, "Number", dtype.name()]);
    }
}

#[test]
fn only_true_and_false_are_bools() {
    assert_eq!(scalar(DType::Bool, "true"), Ok(fixed(DType::Bool, &[], &[true])));
    assert_eq!(scalar(DType::Bool, "false"), Ok(fixed(DType::Bool, &[], &[false])));
    for (value, kind) in [("0", "Number"), ("1", "Number"), ("null", "Null"), ("\"true\"", "String")] {
        assert_fails(value, scalar(DType::Bool, value), InvalidArgument, &[value, kind, "bool"]);
    }
}

#[test]
fn strings_are_text_or_base64() {
    for (value, want) in [
        (r#""""#, &b""[..]),
        (r#""text""#, b"text"),
        (r#""\u00e9\ud83d\ude00\u0000""#, "é😀\0".as_bytes()),
        (r#"{"b64": "aGVsbG8="}"#, b"hello"),
        (r#"{"b64": "aGVsbG8"}"#, b"hello"),
        (r#"{"b64": "aGVs\nbG8="}"#, b"hello"),
        (r#"{"b64": "\/+8="}"#, b"\xff\xef"),
        (r#"{ "b64" : "" }"#, b""),
    ] {
        assert_eq!(scalar(DType::String, value), Ok(strings(&[], &[want])), "{value}");
    }
    let raw = parse_one(DType::String, &b"{\"inputs\": \"\xff\xfe\"}"[..]);
    assert_eq!(raw, Ok(strings(&[], &[b"\xff\xfe"])), "raw bytes are not validated");
    for (value, kind) in [("5", "Number"), ("true", "True"), ("null", "Null")] {
        assert_fails(value, scalar(DType::String, value), InvalidArgument, &[value, kind, "string"]);
    }
    for value in
        ["[{\"b64\": \"_-8=\"}]", "[{\"b64\": \"a\"}]", "[{\"b64\": 5}]", "[{}]", "[{\"b64\": \"\", \"c\": 1}]"]
    {
        assert_fails(value, scalar(DType::String, value), InvalidArgument, &["not valid base64"]);
    }
}

#[test]
fn a_wrong_type_is_quoted_with_its_kind() {
    for (value, kind) in [
        ("null", "Null"),
        ("false", "False"),
        ("true", "True"),
        ("\"1\"", "String"),
        ("[{\"b64\": \"MQ==\"}]", "Object"),
    ] {
        for dtype in [DType::Float, DType::Double, DType::Int32, DType::Uint64] {
            assert_fails(
                value,
                scalar(dtype, value),
                InvalidArgument,
                &[kind, dtype.name(), value.trim_matches(['[', ']'])],
            );
        }
    }
}

#[test]
fn dtypes_without_json_form_are_refused() {
    for dtype in [DType::Half, DType::Bfloat16, DType::Uint16, DType::Complex64, DType::Qint8] {
        assert_fails("column", scalar(dtype, "1"), Unimplemented, &[dtype.name()]);
        let row = parse_one(dtype, r#"{"instances": [1]}"#);
        assert_fails("row", row, InvalidArgument, &["element 0", "UNIMPLEMENTED", dtype.name()]);
    }
}

// === lists ===

#[test]
fn shapes_follow_the_lists() {
    for (value, shape, elements) in [
        ("5", &[][..], &[5][..]),
        ("[]", &[0], &[]),
        ("[[]]", &[1, 0], &[]),
        ("[[], []]", &[2, 0], &[]),
        ("[1, 2]", &[2], &[1, 2]),
        ("[[1, 2], [3, 4], [5, 6]]", &[3, 2], &[1, 2, 3, 4, 5, 6]),
        ("[ [ [ 1 ] , [ 2 ] ] ]", &[1, 2, 1], &[1, 2]),
        ("[[[[]]]]", &[1, 1, 1, 0], &[]),
    ] {
        assert_eq!(scalar(DType::Int32, value), Ok(fixed(DType::Int32, shape, elements)), "{value}");
    }
}

#[test]
fn ragged_lists_are_refused() {
    for (value, parts) in [
        ("[[1], 2]", &["2 of type Number", "level 1", "level 2"][..]),
        ("[[[1]], [2]]", &["2 of type Number", "level 2", "level 3"]),
        ("[1, [2]]", &["[2]", "level 1", "rank 1"]),
        ("[[], [[]]]", &["[]", "level 2", "rank 2"]),
        ("[[1, 2], [3]]", &["length 1", "level 1", "length 2"]),
        ("[[1, 2], []]", &["length 0", "level 1", "length 2"]),
        ("[[1], [2, 3]]", &["length 2", "level 1", "length 1"]),
        ("[[[1], [2]], [[3]]]", &["length 1", "level 1", "length 2"]),
        ("[[[1, 2]], [[3, 4, 5]]]", &["length 3", "level 2", "length 2"]),
    ] {
        assert_fails(value, scalar(DType::Int32, value), InvalidArgument, parts);
    }
    let base64 = scalar(DType::String, r#"[["a"], {"b64": "aGk="}]"#);
    assert_fails("base64 above the leaves", base64, InvalidArgument, &["b64", "level 1", "level 2"]);
}

#[test]
fn half_a_million_levels_are_read() {
    let depth = 500_000;
    let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let tensor = parse_one(DType::Int32, format!("{{\"instances\": {nested}}}")).unwrap();
    assert_eq!((tensor.shape().len(), tensor.num_elements()), (depth, 1));
    let ignored = parse_one(DType::Int32, format!("{{\"other\": {nested}, \"inputs\": 7}}"));
    assert_eq!(ignored, Ok(fixed(DType::Int32, &[], &[7])));
    assert!(parse_one(DType::Int32, format!("{{\"inputs\": {}", "[".repeat(depth))).is_err());
}

// === row format ===

#[test]
fn unnamed_rows_are_values_of_the_only_input() {
    for (value, want) in [
        ("[1, 2, 3]", fixed(DType::Int32, &[3], &[1, 2, 3])),
        ("[[1, 2], [3, 4], [5, 6]]", fixed(DType::Int32, &[3, 2], &[1, 2, 3, 4, 5, 6])),
        ("[[[1], [2]]]", fixed(DType::Int32, &[1, 2, 1], &[1, 2])),
        ("[[], []]", fixed::<i32>(DType::Int32, &[2, 0], &[])),
    ] {
        let body = format!("{{\"instances\": {value}}}");
        let parsed = parse(body, &inputs(&[("x", DType::Int32)]));
        assert_eq!(parsed, Ok((Format::Row, vec![want])), "{value}");
    }
    let images = parse_one(DType::String, r#"{"instances": [{"b64": "aGVsbG8="}, {"b64":"d29ybGQ="}, "!"]}"#);
    assert_eq!(images, Ok(strings(&[3], &[b"hello", b"world", b"!"])));
}

#[test]
fn named_rows_hold_every_input() {
    let signature = inputs(&[("a", DType::Int32), ("s", DType::String)]);
    let body = r#"{"instances": [{"a": [1, 2], "s": "x"}, {"s": {"b64": "eQ=="}, "a": [3, 4]}]}"#;
    let want = vec![fixed(DType::Int32, &[2, 2], &[1, 2, 3, 4]), strings(&[2], &[b"x", b"y"])];
    assert_eq!(parse(body, &signature), Ok((Format::Row, want)));
    let one = parse_one(DType::Float, r#"{"instances": [{"x": 1}, {"\u0078": 2}]}"#);
    assert_eq!(one, Ok(fixed(DType::Float, &[2], &[1f32, 2.0])));
}

#[test]
fn an_object_with_only_b64_is_a_value_and_not_a_named_row() {
    let body = r#"{"instances": [{"b64": "aGk="}]}"#;
    let (_, tensors) = parse(body, &inputs(&[("b64", DType::String)])).unwrap();
    assert_eq!(tensors, [strings(&[1], &[b"hi"])]);
    assert_fails("type", parse_one(DType::Int32, body), InvalidArgument, &["element 0", "Object", "int32"]);
}

#[test]
fn rows_that_do_not_fit_name_their_index() {
    for (body, parts) in [
        (r#"[{"a": 1, "b": 2}, 5]"#, &["element 1", "Number", "named"][..]),
        (r#"[{"a": 1, "b": 2}, [5]]"#, &["element 1", "Array", "named"]),
        (r#"[{"a": 1, "b": 2}, {"a": 1, "c": 2}]"#, &["element 1", "no such named input", "\"c\""]),
        (r#"[{"a": 1, "b": 2}, {"b64": "aGk="}]"#, &["element 1", "no such named input", "\"b64\""]),
        (r#"[{"a": 1}]"#, &["element 0", r#"{"a": 1}"#, "a,b"]),
        (r#"[{"a": 1, "b": 2}, {}]"#, &["element 1", "{}", "a,b"]),
        (r#"[{"a": 1, "b": 2, "a": 3}]"#, &["element 0", "\"a\"", "more than once"]),
        (r#"[{"a": 1, "b": 2}, {"b": "x", "a": 1}]"#, &["element 1", "\"b\"", "INVALID_ARGUMENT: ", "String", "int32"]),
        (r#"[{"a": [1, 2], "b": 2}, {"a": [3], "b": 4}]"#, &["element 1", "\"a\"", "1 elements", "expected 2"]),
        (r#"[{"a": [[1, 2]], "b": 2}, {"a": [3, 4], "b": 4}]"#, &["element 1", "[2]", "[1,2]"]),
        ("[1, 2]", &["a,b", "Number"]),
        (r#"[{"b64": "aGk="}]"#, &["a,b", "Object"]),
    ] {
        let parsed = parse(format!("{{\"instances\": {body}}}"), &inputs(&[("a", DType::Int32), ("b", DType::Int32)]));
        assert_fails(body, parsed, InvalidArgument, parts);
    }
    for (body, parts) in [
        (r#"[1, {"x": 2}]"#, &["element 1", "Object"][..]),
        ("[1, [2]]", &["element 1", "shape [1]", "[]"]),
        ("[1, [2, 3]]", &["element 1", "2 elements", "expected 1"]),
        ("[[1, 2], [3]]", &["element 1", "1 elements", "expected 2"]),
        ("[[1, 2], 3]", &["element 1", "1 elements", "expected 2"]),
        ("[[[1, 2], [3, 4]], [1, 2, 3, 4]]", &["element 1", "[4]", "[2,2]"]),
        ("[[], [[]]]", &["element 1", "[1,0]", "[0]"]),
        ("[[1], [true]]", &["element 1", "True", "int32"]),
        ("[[[1], [2]], [[3], 4]]", &["element 1", "level 1", "level 2"]),
    ] {
        let parsed = parse(format!("{{\"instances\": {body}}}"), &inputs(&[("x", DType::Int32)]));
        assert_fails(body, parsed, InvalidArgument, parts);
    }
}

// === column format ===

#[test]
fn columns_are_independent_tensors() {
    let signature = inputs(&[("a", DType::Int32), ("s", DType::String)]);
    let body = r#"{"inputs":{"a":[[[1,2],[3,4],[5,6]]],"s":["foo","bar"], "extra": [{"any": null}]}}"#;
    let want = vec![fixed(DType::Int32, &[1, 3, 2], &[1, 2, 3, 4, 5, 6]), strings(&[2], &[b"foo", b"bar"])];
    assert_eq!(parse(body, &signature), Ok((Format::Column, want)));
    let scalar = parse(r#"{"inputs":{"s":{"b64":"aGVsbG8="}}}"#, &inputs(&[("s", DType::String)]));
    assert_eq!(scalar, Ok((Format::Column, vec![strings(&[], &[b"hello"])])));
    let bare = parse(r#"{"inputs":{"b64":"aGVsbG8="}}"#, &inputs(&[("s", DType::String)]));
    assert_eq!(bare, Ok((Format::Column, vec![strings(&[], &[b"hello"])])));
}

#[test]
fn columns_that_do_not_fit_name_the_input() {
    let two = inputs(&[("a", DType::Int32), ("b", DType::Half)]);
    for (body, code, parts) in [
        (r#"{"a": 1}"#, InvalidArgument, &["\"b\"", "lacks"][..]),
        ("{}", InvalidArgument, &["\"a\"", "lacks"]),
        ("5", InvalidArgument, &["object", "2 inputs"]),
        (r#"{"b64": "aGk="}"#, InvalidArgument, &["object", "2 inputs"]),
        (r#"{"a": "x", "b": 1}"#, InvalidArgument, &["\"a\"", "String", "int32"]),
        (r#"{"a": 1, "b": 1}"#, Unimplemented, &["\"b\"", "half"]),
    ] {
        assert_fails(body, parse(format!("{{\"inputs\": {body}}}"), &two), code, parts);
    }
    assert_fails("null", scalar(DType::Int32, "null"), InvalidArgument, &["null", "Null", "int32"]);
}
