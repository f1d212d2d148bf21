//! Predict answers, byte for byte.

use crate::support::{assert_fails, encode, fixed, signature, strings};
use salver_core::json::Format::{Column, Row};
use salver_core::json::{encode_coded_error, encode_error, encode_predict_response};
use salver_core::{Code, DType, Status, Tensor, TensorData};

fn floats(shape: &[i64], elements: &[f32]) -> Tensor {
    fixed(DType::Float, shape, elements)
}

#[test]
fn rows_of_one_output_are_unnamed() {
    for (tensor, want) in [
        (floats(&[3], &[2.5, 3.0, 4.5]), "{\n    \"predictions\": [2.5, 3.0, 4.5\n    ]\n}"),
        (floats(&[2, 2], &[2.5, 3.0, 3.5, 4.0]), "{\n    \"predictions\": [[2.5, 3.0], [3.5, 4.0]\n    ]\n}"),
        (floats(&[1, 2, 1], &[1.0, 2.0]), "{\n    \"predictions\": [[[1.0], [2.0]]\n    ]\n}"),
        (floats(&[2, 0], &[]), "{\n    \"predictions\": [[], []\n    ]\n}"),
        (floats(&[0], &[]), "{\n    \"predictions\": []\n}"),
        (floats(&[0, 7], &[]), "{\n    \"predictions\": []\n}"),
    ] {
        assert_eq!(encode(Row, &[("y", &tensor)]).as_deref(), Ok(want));
    }
}

#[test]
fn rows_of_several_outputs_are_objects() {
    let (a, b) = (floats(&[1, 2], &[2.5, 3.0]), floats(&[1], &[1.0]));
    let want = "{\n    \"predictions\": [\n        {\n            \"a\": [2.5, 3.0],\n            \"b\": 1.0\n        }\n    ]\n}";
    assert_eq!(encode(Row, &[("a", &a), ("b", &b)]).as_deref(), Ok(want));
    let (a, b) = (floats(&[2], &[1.0, 2.0]), fixed(DType::Bool, &[2], &[true, false]));
    let want = "{\n    \"predictions\": [\n        {\n            \"a\": 1.0,\n            \"b\": true\n        },\n        {\n            \"a\": 2.0,\n            \"b\": false\n        }\n    ]\n}";
    assert_eq!(encode(Row, &[("a", &a), ("b", &b)]).as_deref(), Ok(want));
    let empty = floats(&[0], &[]);
    assert_eq!(encode(Row, &[("a", &empty), ("b", &empty)]).as_deref(), Ok("{\n    \"predictions\": []\n}"));
}

#[test]
fn columns_have_every_member_on_its_own_line() {
    let one = floats(&[1, 2], &[2.5, 3.0]);
    let want = "{\n    \"outputs\": [\n        [\n            2.5,\n            3.0\n        ]\n    ]\n}";
    assert_eq!(encode(Column, &[("y", &one)]).as_deref(), Ok(want));
    let scalar = floats(&[], &[5.0]);
    assert_eq!(encode(Column, &[("y", &scalar)]).as_deref(), Ok("{\n    \"outputs\": 5.0\n}"));
    let empty = floats(&[0, 2], &[]);
    assert_eq!(encode(Column, &[("y", &empty)]).as_deref(), Ok("{\n    \"outputs\": []\n}"));
    let two = fixed(DType::Int32, &[2], &[1, 2]);
    let want = "{\n    \"outputs\": {\n        \"a\": [\n            1,\n            2\n        ],\n        \"b\": 5.0\n    }\n}";
    assert_eq!(encode(Column, &[("a", &two), ("b", &scalar)]).as_deref(), Ok(want));
}

/// The text of the elements of a one-row answer.
fn elements(name: &str, tensor: &Tensor) -> String {
    let body = encode(Row, &[(name, tensor)]).unwrap();
    let list = body.strip_prefix("{\n    \"predictions\": [").and_then(|rest| rest.strip_suffix("\n    ]\n}"));
    list.expect("a list of predictions").to_owned()
}

#[test]
fn every_dtype_has_its_form() {
    for (tensor, want) in [
        (floats(&[3], &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]), "NaN, Infinity, -Infinity"),
        (fixed(DType::Double, &[3], &[-f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), "NaN, Infinity, -Infinity"),
        (fixed(DType::Int8, &[2], &[i8::MIN, i8::MAX]), "-128, 127"),
        (fixed(DType::Int16, &[2], &[i16::MIN, i16::MAX]), "-32768, 32767"),
        (fixed(DType::Int32, &[2], &[i32::MIN, i32::MAX]), "-2147483648, 2147483647"),
        (fixed(DType::Uint8, &[2], &[0u8, 255]), "0, 255"),
        (fixed(DType::Int64, &[2], &[i64::MIN, i64::MAX]), "-9223372036854775808, 9223372036854775807"),
        (fixed(DType::Uint32, &[1], &[u32::MAX]), "4294967295"),
        (fixed(DType::Uint64, &[1], &[u64::MAX]), "18446744073709551615"),
        (fixed(DType::Bool, &[2], &[true, false]), "true, false"),
        (strings(&[2], &[b"a\"\\/\n", "é".as_bytes()]), "\"a\\\"\\\\/\\n\", \"é\""),
    ] {
        assert_eq!(elements("y", &tensor), want);
    }
}

#[test]
fn floats_read_like_c() {
    for (value, want) in [
        (9_000_000.0, "9e+06"),
        (3.0, "3.0"),
        (999_999.0, "999999.0"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.00003, "3e-05"),
        (555_557.5, "555557.5"),
        (0.2, "0.2"),
        (1_234_567.0, "1234567.0"),
        (1.0 + 1.0 / 512.0, "1.00195312"),
        (1e-45, "1.4013e-45"),
        (f32::MAX, "3.40282347e+38"),
        (-1.5e-5, "-1.5e-05"),
        (0.000_123_456_79, "0.00012345679"),
    ] {
        assert_eq!(elements("y", &floats(&[1], &[value])), want);
    }
    for (value, want) in [
        (0.1, "0.1"),
        (1.0 / 3.0, "0.33333333333333331"),
        (1e300, "1e+300"),
        (1e17, "1e+17"),
        (123_456_789.0, "123456789.0"),
    ] {
        assert_eq!(elements("y", &fixed(DType::Double, &[1], &[value])), want);
    }
}

#[test]
fn outputs_called_bytes_are_base64() {
    let tensor = strings(&[2], &[b"hello", b"\xff"]);
    let want = "{\n            \"b64\": \"aGVsbG8=\"\n        }, {\n            \"b64\": \"/w==\"\n        }";
    assert_eq!(elements("image_bytes", &tensor), want);
    let scalar = strings(&[], &[b"hi"]);
    let want = "{\n    \"outputs\": {\n        \"b64\": \"aGk=\"\n    }\n}";
    assert_eq!(encode(Column, &[("x_bytes", &scalar)]).as_deref(), Ok(want));
    assert_eq!(elements("bytes_", &strings(&[1], &[b"x"])), "\"x\"");
}

#[test]
fn strings_pass_unvalidated() {
    let body = encode_predict_response(Column, &signature(&[], &[("y", DType::String)]), &[strings(&[], &[b"\xff"])]);
    assert_eq!(body.as_deref(), Ok(&b"{\n    \"outputs\": \"\xff\"\n}"[..]));
}

#[test]
fn rows_need_a_common_first_dimension() {
    let (scalar, two, three) = (floats(&[], &[1.0]), floats(&[2], &[1.0, 2.0]), floats(&[3, 1], &[1.0, 2.0, 3.0]));
    assert_fails("scalar", encode(Row, &[("y", &scalar)]), Code::InvalidArgument, &["\"y\"", "no shape information"]);
    let ragged = encode(Row, &[("a", &two), ("b", &three)]);
    assert_fails("ragged", ragged, Code::InvalidArgument, &["\"b\"", "3", "2"]);
    assert!(encode(Column, &[("a", &two), ("b", &three), ("c", &scalar)]).is_ok());
}

#[test]
fn answers_without_json_form_are_refused() {
    for dtype in [DType::Half, DType::Bfloat16, DType::Uint16, DType::Complex64] {
        let data = TensorData::Fixed(vec![0; dtype.size()].into());
        let tensor = Tensor::new(dtype, [1i64][..].into(), data).unwrap();
        for format in [Row, Column] {
            let encoded = encode(format, &[("y", &tensor)]);
            assert_fails("dtype", encoded, Code::InvalidArgument, &["\"y\"", dtype.name()]);
        }
    }
    assert_fails("no outputs", encode(Row, &[]), Code::InvalidArgument, &["no outputs"]);
    let stray = encode_predict_response(Row, &signature(&[], &[("y", DType::Float)]), &[]);
    assert_fails("count", stray, Code::Internal, &["1 outputs", "0 tensors"]);
}

#[test]
fn errors_have_one_key() {
    assert_eq!(encode_error("plain / text"), b"{\n    \"error\": \"plain / text\"\n}");
    assert_eq!(encode_error("a \"b\"\n\u{1}é"), "{\n    \"error\": \"a \\\"b\\\"\\n\\u0001é\"\n}".as_bytes());
}

#[test]
fn a_coded_error_has_the_name_of_its_code() {
    let status = Status::new(Code::NotFound, "no \"m\"");
    assert_eq!(encode_coded_error(&status), b"{\"error\": \"no \\\"m\\\"\", \"code\": \"NOT_FOUND\"}\n");
}
