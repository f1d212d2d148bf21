//! `tensorflow.serving.PredictRequest`, read without decoding its tensors.

use std::collections::HashMap;

use bytes::Bytes;

use crate::status::Status;
use crate::wire::model_spec::ModelSpec;
use crate::wire::named_tensors::read_named_tensor;
use crate::wire::reader::{Malformed, Reader, Value, push_entry};
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
            (2, Value::Span(entry)) => push_entry(&mut request.inputs, read_named_tensor(entry, body)?, entry.offset)?,
            (3, Value::Span(name)) => push_entry(&mut request.output_filter, name.text(body)?, name.offset)?,
            _ => {}
        }
    }
    keep_last_of_each_name(&mut request.inputs);
    Ok(request)
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
