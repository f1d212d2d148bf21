//! `tensorflow.serving.PredictRequest`, read without decoding its tensors.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};

use crate::status::Status;
use crate::wire::model_spec::ModelSpec;
use crate::wire::reader::{Malformed, Reader, Span, Value};
use crate::wire::utf8::Utf8Bytes;

/// Inputs up to this number are searched for repeated names one by one; more go through a hash map.
const FEW_INPUTS: usize = 16;

/// A Predict request as sent. Everything shares the memory of the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PredictRequest {
    /// Target; `None` where the message is missing.
    pub model_spec: Option<ModelSpec>,
    /// Input name and serialized TensorProto; every name once, in the order sent.
    pub inputs: Vec<(Utf8Bytes, Bytes)>,
    /// Outputs to compute, as sent; empty asks for all.
    pub output_filter: Vec<Utf8Bytes>,
}

/// Reads a serialized PredictRequest. Fields that only hint at how to run (client id, options) are passed over.
///
/// # Errors
/// INVALID_ARGUMENT: not such a message. The tensors themselves are not looked into.
pub fn decode_predict_request(body: Bytes) -> Result<PredictRequest, Status> {
    read_request(&body).map_err(|error| error.into_status("tensorflow.serving.PredictRequest"))
}

fn read_request(body: &Bytes) -> Result<PredictRequest, Malformed> {
    let mut request = PredictRequest::default();
    let mut fields = Reader::new(body);
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(spec)) => request.model_spec.get_or_insert_default().merge(spec, body)?,
            (2, Value::Span(entry)) => request.inputs.push(read_input(entry, body)?),
            (3, Value::Span(name)) => request.output_filter.push(name.text(body)?),
            _ => {}
        }
    }
    keep_last_of_each_name(&mut request.inputs);
    Ok(request)
}

/// A map entry: key and value may be missing (empty name, empty tensor) or repeated (last name, merged tensor).
fn read_input(entry: Span<'_>, body: &Bytes) -> Result<(Utf8Bytes, Bytes), Malformed> {
    let mut name = Utf8Bytes::default();
    let mut tensor: Option<Bytes> = None;
    let mut fields = entry.fields();
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(text)) => name = text.text(body)?,
            (2, Value::Span(value)) => {
                let part = body.slice_ref(value.bytes);
                tensor = Some(tensor.map_or_else(|| part.clone(), |first| concatenated(first, &part)));
            }
            _ => {}
        }
    }
    Ok((name, tensor.unwrap_or_default()))
}

/// Two serialized messages one after the other are their merged message.
fn concatenated(first: Bytes, second: &[u8]) -> Bytes {
    let mut joined = first.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&*shared));
    joined.extend_from_slice(second);
    joined.freeze()
}

fn keep_last_of_each_name(inputs: &mut Vec<(Utf8Bytes, Bytes)>) {
    if inputs.len() > FEW_INPUTS {
        return keep_last_of_many(inputs);
    }
    let mut index = 0;
    while index < inputs.len() {
        let name = &inputs[index].0;
        if inputs[index + 1..].iter().any(|(later, _)| later == name) {
            inputs.remove(index);
        } else {
            index += 1;
        }
    }
}

fn keep_last_of_many(inputs: &mut Vec<(Utf8Bytes, Bytes)>) {
    let last: HashMap<Utf8Bytes, usize> =
        inputs.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect();
    if last.len() < inputs.len() {
        let mut index = 0;
        inputs.retain(|(name, _)| {
            index += 1;
            last[name] == index - 1
        });
    }
}
