//! One JSON value of one dtype: the readers of numbers, strings, base64 and nested lists. The first byte chooses the
//! dtype, the rest is the value.

#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use salver_core::json::scan_predict;
use salver_core::{DType, Signature, TensorData};
use salver_fuzz::{json, signatures};

static SIGNATURES: LazyLock<Vec<Signature>> =
    LazyLock::new(|| signatures::JSON_DTYPES.iter().map(|&dtype| signatures::signature("", &[("x", dtype)])).collect());

fuzz_target!(|data: &[u8]| {
    let Some((&choice, value)) = data.split_first() else { return };
    let signature = &SIGNATURES[usize::from(choice) % SIGNATURES.len()];
    for key in [&b"{\"inputs\": "[..], b"{\"instances\": "] {
        let body = Bytes::from([key, value, b"}"].concat());
        json::check_body(&body, std::slice::from_ref(signature));
    }
    check_number(value, signature);
});

/// A number that stands alone is the one that the standard library reads.
fn check_number(value: &[u8], signature: &Signature) {
    let Some(number) = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok()) else { return };
    let body = Bytes::from([b"{\"inputs\": ", value, b"}"].concat());
    let Ok((_, tensors)) = scan_predict(&body).and_then(|scanned| scanned.parse(signature)) else { return };
    let TensorData::Fixed(bytes) = tensors[0].data() else { return };
    match signature.inputs[0].dtype {
        DType::Double if !number.is_nan() => assert_eq!(**bytes, number.to_le_bytes(), "{number}"),
        DType::Float if !number.is_nan() => assert_eq!(**bytes, (number as f32).to_le_bytes(), "{number}"),
        _ => {}
    }
}
