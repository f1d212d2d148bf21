//! Requests written back as messages, for those that came in another form.

use bytes::Bytes;

use crate::tensor::Tensor;
use crate::wire::model_spec::{ModelSpec, VersionChoice};
use crate::wire::tensor_encode::{Layout, TensorForm};
use crate::wire::writer::{
    put_span_header, put_text_field, put_varint_field, span_field_len, text_field_len, varint_field_len,
};

/// The serialized PredictRequest with these inputs, in typed fields, for all outputs.
pub fn encode_predict_request<'a>(spec: &ModelSpec, inputs: impl Iterator<Item = (&'a str, &'a Tensor)>) -> Vec<u8> {
    let mut out = Vec::new();
    put_model_spec(&mut out, 1, spec);
    for (name, tensor) in inputs {
        let layout = Layout::of(tensor, TensorForm::TypedFields);
        put_span_header(&mut out, 2, span_field_len(1, name.len()) + span_field_len(2, layout.total));
        // An entry of a map always has both its fields.
        put_span_header(&mut out, 1, name.len());
        out.extend_from_slice(name.as_bytes());
        put_span_header(&mut out, 2, layout.total);
        layout.write(&mut out, tensor);
    }
    out
}

/// The serialized ClassificationRequest or RegressionRequest with these serialized examples, in a plain list.
pub fn encode_inference_request(spec: &ModelSpec, examples: &[Bytes]) -> Vec<u8> {
    let list: usize = examples.iter().map(|example| span_field_len(1, example.len())).sum();
    let mut out = Vec::new();
    put_model_spec(&mut out, 1, spec);
    put_span_header(&mut out, 2, span_field_len(1, list));
    put_span_header(&mut out, 1, list);
    for example in examples {
        put_span_header(&mut out, 1, example.len());
        out.extend_from_slice(example);
    }
    out
}

/// Appends `spec` as field `number`, as it would have been sent.
fn put_model_spec(out: &mut Vec<u8>, number: u32, spec: &ModelSpec) {
    put_span_header(out, number, model_spec_len(spec));
    put_text_field(out, 1, &spec.name);
    match &spec.choice {
        VersionChoice::Latest => {}
        VersionChoice::Version(version) => {
            put_span_header(out, 2, varint_field_len(1, *version as u64));
            put_varint_field(out, 1, *version as u64);
        }
        VersionChoice::Label(label) => put_text_field(out, 4, label),
    }
    put_text_field(out, 3, &spec.signature_name);
}

fn model_spec_len(spec: &ModelSpec) -> usize {
    let choice = match &spec.choice {
        VersionChoice::Latest => 0,
        VersionChoice::Version(version) => span_field_len(2, varint_field_len(1, *version as u64)),
        VersionChoice::Label(label) => text_field_len(4, label),
    };
    text_field_len(1, &spec.name) + choice + text_field_len(3, &spec.signature_name)
}
