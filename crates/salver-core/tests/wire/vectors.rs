//! Vectors from `tests/data/make_wire_vectors.py`: what tensorflow reads and what protobuf writes.

use bytes::Bytes;
use salver_core::wire::{
    PredictResponse, TensorForm, VersionChoice, decode_predict_request, decode_tensor, encode_predict_response,
    encode_tensor, encoded_tensor_len,
};
use salver_core::{Code, Tensor, TensorData};

use crate::support::{hex, rows, signature, unhex};

fn described(tensor: &Tensor) -> [String; 4] {
    let shape: Vec<String> = tensor.shape().iter().map(i64::to_string).collect();
    let elements = match tensor.data() {
        TensorData::Fixed(bytes) => hex(bytes),
        TensorData::Strings(strings) => strings.iter().map(|s| hex(s)).collect::<Vec<_>>().join(","),
    };
    ["ok".to_owned(), tensor.dtype().number().to_string(), shape.join(","), elements]
}

#[test]
fn tensors_are_read_as_tensorflow_reads_them() {
    for row in rows("wire_vectors/tensors") {
        match (decode_tensor(unhex(&row[1])), &row[2][..]) {
            (Ok(tensor), "ok") => assert_eq!(described(&tensor), row[2..], "{}", row[0]),
            (Err(status), "error") => assert_eq!(status.code, Code::InvalidArgument, "{}: {status}", row[0]),
            (Ok(tensor), _) => panic!("{}: read as {tensor:?}", row[0]),
            (Err(status), _) => panic!("{}: {status}", row[0]),
        }
    }
}

#[test]
fn tensors_are_written_as_protobuf_writes_them() {
    for row in rows("wire_vectors/encoded") {
        let tensor = decode_tensor(unhex(&row[1])).unwrap();
        assert_eq!(tensor, decode_tensor(unhex(&row[2])).unwrap(), "{}", row[0]);
        for (form, expected) in [(TensorForm::TypedFields, &row[1]), (TensorForm::TensorContent, &row[2])] {
            let mut out = Vec::new();
            encode_tensor(&mut out, &tensor, form);
            assert_eq!(hex(&out), *expected, "{} {form:?}", row[0]);
            assert_eq!(encoded_tensor_len(&tensor, form), out.len(), "{}", row[0]);
        }
    }
}

#[test]
fn requests_are_read_as_protobuf_reads_them() {
    for row in rows("wire_vectors/requests") {
        let request = decode_predict_request(unhex(&row[1])).unwrap();
        let spec = request.model_spec.clone().unwrap_or_default();
        let name = if request.model_spec.is_some() { spec.name.to_string() } else { "<none>".to_owned() };
        let choice = match spec.choice {
            VersionChoice::Latest => "latest".to_owned(),
            VersionChoice::Version(version) => format!("version {version}"),
            VersionChoice::Label(label) => format!("label {label}"),
        };
        let mut inputs: Vec<String> = request.inputs.iter().map(|(name, t)| format!("{name}={}", hex(t))).collect();
        inputs.sort();
        let filter: Vec<&str> = request.output_filter.iter().map(|name| name.as_str()).collect();
        let read = [name, choice, spec.signature_name.to_string(), inputs.join(","), filter.join(",")];
        assert_eq!(read, row[2..], "{}", row[0]);
    }
}

#[test]
fn responses_are_written_as_protobuf_writes_them() {
    for row in rows("wire_vectors/responses") {
        let (names, protos): (&[&str], &[&[u8]]) = match &row[0][..] {
            "none" => (&[], &[]),
            "one" => (&["y"], &[b"\x08\x01\x12\x04\x12\x02\x08\x02\x2a\x08\0\0\x80\x3f\0\0\0\x40"]),
            _ => (
                &["a", "b"],
                &[
                    b"\x08\x07\x12\x04\x12\x02\x08\x02\x42\x00\x42\x01q",
                    b"\x08\x09\x12\x04\x12\x02\x08\x02\x22\x10\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0\0\0\0\0",
                ],
            ),
        };
        let tensors: Vec<Tensor> = protos.iter().map(|p| decode_tensor(Bytes::from_static(p)).unwrap()).collect();
        let response = PredictResponse {
            model_name: "m",
            version: 7,
            signature_name: "s",
            signature: &signature(&[], names),
            output_indexes: &(0..names.len()).collect::<Vec<_>>(),
            tensors: &tensors,
            form: TensorForm::TypedFields,
        };
        let mut out = Vec::new();
        encode_predict_response(&mut out, response);
        assert_eq!(hex(&out), row[1], "{}", row[0]);
    }
}
