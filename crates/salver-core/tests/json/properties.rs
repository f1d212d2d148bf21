//! What holds for every tensor and every body.

use crate::support::{inputs, parse, signature};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use salver_core::json::{Format, encode_predict_response, scan_predict};
use salver_core::tensor::num_elements;
use salver_core::{DType, Shape, Tensor, TensorData};

const DTYPES: [DType; 11] = [
    DType::Float,
    DType::Double,
    DType::Int32,
    DType::Uint8,
    DType::Int16,
    DType::Int8,
    DType::String,
    DType::Int64,
    DType::Bool,
    DType::Uint32,
    DType::Uint64,
];

/// Shapes that lists can show: at most the last dimension is zero.
fn any_shape() -> impl Strategy<Value = Shape> {
    (vec(1i64..5, 0..5), any::<bool>()).prop_map(|(mut dims, ends_empty)| {
        if ends_empty && dims.len() > 1 {
            dims.pop();
            dims.push(0);
        }
        Shape::from_vec(dims)
    })
}

/// Bytes as elements of `dtype`; what has several bit patterns for one value is made uniform.
fn sound_element(dtype: DType, bytes: &[u8]) -> Vec<u8> {
    match dtype {
        DType::Bool => vec![bytes[0] & 1],
        DType::Float => match f32::from_le_bytes(bytes.try_into().expect("4 bytes")) {
            value if value.is_nan() => f32::NAN.to_le_bytes().to_vec(),
            value => value.to_le_bytes().to_vec(),
        },
        DType::Double => match f64::from_le_bytes(bytes.try_into().expect("8 bytes")) {
            value if value.is_nan() => f64::NAN.to_le_bytes().to_vec(),
            value => value.to_le_bytes().to_vec(),
        },
        _ => bytes.to_vec(),
    }
}

fn any_tensor() -> impl Strategy<Value = Tensor> {
    tensor_of(any_shape())
}

/// Tensors with at least one row.
fn any_batch() -> impl Strategy<Value = Tensor> {
    tensor_of((1i64..5, any_shape()).prop_map(|(num_rows, mut shape)| {
        shape.insert(0, num_rows);
        shape
    }))
}

fn tensor_of(shapes: impl Strategy<Value = Shape>) -> impl Strategy<Value = Tensor> {
    (shapes, prop::sample::select(&DTYPES[..])).prop_flat_map(|(shape, dtype)| {
        let count = num_elements(&shape).expect("a small shape");
        let elements = vec(vec(any::<u8>(), dtype.size().max(1)), count);
        let strings = vec(vec(any::<u8>(), 0..40), count);
        (elements, strings).prop_map(move |(elements, strings)| {
            let data = if dtype == DType::String {
                TensorData::Strings(strings.into_iter().map(Bytes::from).collect())
            } else {
                let bytes: Vec<u8> = elements.iter().flat_map(|bytes| sound_element(dtype, bytes)).collect();
                TensorData::Fixed(bytes.into())
            };
            Tensor::new(dtype, shape.clone(), data).expect("a sound tensor")
        })
    })
}

/// Sends the answer that holds `tensors` back as a request.
fn round_trip(format: Format, names: &[&str], tensors: &[Tensor]) -> Vec<Tensor> {
    let named: Vec<(&str, DType)> = names.iter().zip(tensors).map(|(name, tensor)| (*name, tensor.dtype())).collect();
    let body = encode_predict_response(format, &signature(&[], &named), tensors).expect("an answer");
    let (answer, question) = match format {
        Format::Row => ("predictions", "instances"),
        Format::Column => ("outputs", "inputs"),
    };
    let head = format!("{{\n    \"{answer}\"");
    let rest = body.strip_prefix(head.as_bytes()).expect("the answer's key");
    let request = [format!("{{\"{question}\"").as_bytes(), rest].concat();
    let (parsed_format, parsed) = parse(request, &inputs(&named)).expect("a request");
    assert_eq!(parsed_format, format);
    parsed
}

fn any_valid_body() -> impl Strategy<Value = Vec<u8>> {
    (any_tensor(), any::<bool>()).prop_map(|(tensor, is_row)| {
        let format = if is_row && !tensor.shape().is_empty() { Format::Row } else { Format::Column };
        let named = signature(&[], &[("x_bytes", tensor.dtype())]);
        let body = encode_predict_response(format, &named, &[tensor]).expect("an answer");
        String::from_utf8(body).expect("ASCII").replace("predictions", "instances").replace("outputs", "inputs").into()
    })
}

/// Pieces that JSON is made of, and some that it is not.
fn any_tokens() -> impl Strategy<Value = Vec<u8>> {
    let tokens = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\"instances\"",
        "\"inputs\"",
        "\"x\"",
        "\"b64\"",
        "\"signature_name\"",
        "1",
        "-",
        "0.5",
        "1e",
        "e400",
        "NaN",
        "Infinity",
        "true",
        "null",
        "\"",
        "\\",
        "\\ud800",
        "\"aGk=\"",
        "\u{1}",
    ];
    vec(prop::sample::select(tokens.to_vec()), 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

fn parse_as_anything(body: &[u8]) {
    if scan_predict(&Bytes::copy_from_slice(body)).is_ok() {
        for dtype in DTYPES {
            let _ = parse(body.to_vec(), &inputs(&[("x", dtype)]));
        }
        let _ = parse(body.to_vec(), &inputs(&[("x", DType::Float), ("y", DType::String)]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn columns_come_back(tensor in any_tensor()) {
        for name in ["x", "x_bytes"] {
            prop_assert_eq!(round_trip(Format::Column, &[name], std::slice::from_ref(&tensor)), std::slice::from_ref(&tensor));
        }
    }

    #[test]
    fn named_columns_come_back(a in any_tensor(), b in any_tensor()) {
        let tensors = [a, b];
        prop_assert_eq!(round_trip(Format::Column, &["a_bytes", "b"], &tensors), tensors);
    }

    #[test]
    fn rows_come_back(tensor in any_batch()) {
        for name in ["x", "x_bytes"] {
            prop_assert_eq!(round_trip(Format::Row, &[name], std::slice::from_ref(&tensor)), std::slice::from_ref(&tensor));
        }
    }

    #[test]
    fn named_rows_come_back(a in any_batch(), b in any_batch()) {
        let num_rows = a.num_rows().min(b.num_rows()).expect("rows");
        let tensors = [a.rows(0, num_rows).expect("rows"), b.rows(0, num_rows).expect("rows")];
        prop_assert_eq!(round_trip(Format::Row, &["a_bytes", "b"], &tensors), tensors);
    }

    #[test]
    fn arbitrary_bytes_never_panic(body in vec(any::<u8>(), 0..200)) {
        parse_as_anything(&body);
    }

    #[test]
    fn arbitrary_tokens_never_panic(body in any_tokens()) {
        parse_as_anything(&body);
        parse_as_anything(&[b"{\"instances\":[", &body[..], b"]}"].concat());
        parse_as_anything(&[b"{\"inputs\":{\"x\":", &body[..], b"}}"].concat());
    }

    #[test]
    fn mutated_bodies_never_panic(body in any_valid_body(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)) {
        let mut body = body;
        for (index, byte) in changes {
            let at = index.index(body.len());
            body[at] = byte;
        }
        parse_as_anything(&body);
    }

    #[test]
    fn cut_bodies_are_refused(body in any_valid_body(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(body.len());
        prop_assert!(scan_predict(&Bytes::copy_from_slice(&body[..cut])).is_err());
    }
}
