//! The requests that carry examples: `ClassificationRequest` and `RegressionRequest`, which have the same fields, and
//! `MultiInferenceRequest`.

use bytes::Bytes;

use crate::status::Status;
use crate::wire::example_input::ExampleInput;
use crate::wire::model_spec::ModelSpec;
use crate::wire::reader::{Malformed, Reader, Span, Value, push_entry};
use crate::wire::utf8::Utf8Bytes;

/// A classification or regression request as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InferenceRequest {
    /// Target; `None` where the message is missing.
    pub model_spec: Option<ModelSpec>,
    /// The examples; empty where the message is missing.
    pub input: ExampleInput,
}

/// One head of a multi-inference request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InferenceTask {
    /// Model and signature; `None` where the message is missing.
    pub model_spec: Option<ModelSpec>,
    /// What to do, for example `tensorflow/serving/classify`.
    pub method_name: Utf8Bytes,
}

/// A multi-inference request as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MultiInferenceRequest {
    /// Heads to evaluate, in the order of the answer.
    pub tasks: Vec<InferenceTask>,
    /// The examples that all tasks share.
    pub input: ExampleInput,
}

/// Reads a serialized ClassificationRequest or RegressionRequest.
///
/// # Errors
/// INVALID_ARGUMENT: not such a message. The examples themselves are not looked into.
pub fn decode_inference_request(message: Bytes) -> Result<InferenceRequest, Status> {
    read_inference(&message).map_err(|error| error.into_status("tensorflow.serving inference request"))
}

/// Reads a serialized MultiInferenceRequest.
///
/// # Errors
/// INVALID_ARGUMENT: not such a message. The examples themselves are not looked into.
pub fn decode_multi_inference_request(message: Bytes) -> Result<MultiInferenceRequest, Status> {
    read_multi_inference(&message).map_err(|error| error.into_status("tensorflow.serving.MultiInferenceRequest"))
}

fn read_inference(message: &Bytes) -> Result<InferenceRequest, Malformed> {
    let mut request = InferenceRequest::default();
    let mut fields = Reader::new(message);
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(spec)) => request.model_spec.get_or_insert_default().merge(spec, message)?,
            (2, Value::Span(input)) => request.input.merge(input, message)?,
            _ => {}
        }
    }
    Ok(request)
}

fn read_multi_inference(message: &Bytes) -> Result<MultiInferenceRequest, Malformed> {
    let mut request = MultiInferenceRequest::default();
    let mut fields = Reader::new(message);
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(task)) => push_entry(&mut request.tasks, read_task(task, message)?, task.offset)?,
            (2, Value::Span(input)) => request.input.merge(input, message)?,
            _ => {}
        }
    }
    Ok(request)
}

fn read_task(message: Span<'_>, source: &Bytes) -> Result<InferenceTask, Malformed> {
    let mut task = InferenceTask::default();
    let mut fields = message.fields();
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(spec)) => task.model_spec.get_or_insert_default().merge(spec, source)?,
            (2, Value::Span(name)) => task.method_name = name.text(source)?,
            _ => {}
        }
    }
    Ok(task)
}
