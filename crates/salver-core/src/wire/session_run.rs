//! `tensorflow.serving.SessionRunRequest` and its answer: tensors in and out by name, past the signatures.

use bytes::Bytes;

use crate::status::Status;
use crate::tensor::Tensor;
use crate::wire::model_spec::{EffectiveSpec, ModelSpec};
use crate::wire::named_tensors::{NamedTensors, read_named_tensor};
use crate::wire::reader::{Malformed, Reader, Value, push_entry};
use crate::wire::tensor_decode::{MemoryBudget, decode_tensor_within};
use crate::wire::tensor_encode::TensorForm;
use crate::wire::utf8::Utf8Bytes;
use crate::wire::writer::span_field_len;

/// A SessionRun request as sent, without its run options. Everything shares the memory of the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRunRequest {
    /// Target; `None` where the message is missing.
    pub model_spec: Option<ModelSpec>,
    /// Name and serialized TensorProto of each feed, in the order sent; a name may come more than once.
    pub feeds: Vec<(Utf8Bytes, Bytes)>,
    /// Tensors to answer.
    pub fetches: Vec<Utf8Bytes>,
    /// Nodes to run without an answer.
    pub targets: Vec<Utf8Bytes>,
    /// Whether names are a signature's instead of the graph's.
    pub tensor_name_is_alias: bool,
}

impl SessionRunRequest {
    /// The tensors of `feeds`, in that order.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming the feed at fault; RESOURCE_EXHAUSTED beyond the budget.
    pub fn decode_feeds(&self, budget: &mut MemoryBudget) -> Result<Vec<Tensor>, Status> {
        let decode = |(name, bytes): &(Utf8Bytes, Bytes)| {
            decode_tensor_within(bytes, budget).map_err(|error| {
                Status::new(error.code, format!("tensor parsing error for feed '{name}': {}", error.message))
            })
        };
        self.feeds.iter().map(decode).collect()
    }
}

/// Reads a serialized SessionRunRequest.
///
/// # Errors
/// INVALID_ARGUMENT: not such a message. The tensors themselves are not looked into.
pub fn decode_session_run_request(message: Bytes) -> Result<SessionRunRequest, Status> {
    read_request(&message).map_err(|error| error.into_status("tensorflow.serving.SessionRunRequest"))
}

fn read_request(message: &Bytes) -> Result<SessionRunRequest, Malformed> {
    let mut request = SessionRunRequest::default();
    let mut fields = Reader::new(message);
    while let Some(field) = fields.next_field()? {
        match (field.number, field.value) {
            (1, Value::Span(spec)) => request.model_spec.get_or_insert_default().merge(spec, message)?,
            (2, Value::Span(feed)) => push_entry(&mut request.feeds, read_named_tensor(feed, message)?, feed.offset)?,
            (3, Value::Span(name)) => push_entry(&mut request.fetches, name.text(message)?, name.offset)?,
            (4, Value::Span(name)) => push_entry(&mut request.targets, name.text(message)?, name.offset)?,
            (6, Value::Varint(flag)) => request.tensor_name_is_alias = flag != 0,
            _ => {}
        }
    }
    Ok(request)
}

/// What a SessionRun answer says.
#[derive(Clone, Copy, Debug)]
pub struct SessionRunResponse<'a> {
    /// What served.
    pub spec: EffectiveSpec<'a>,
    /// Names of the tensors, as requested.
    pub fetches: &'a [Utf8Bytes],
    /// One tensor per name.
    pub tensors: &'a [Tensor],
    /// Where the values go.
    pub form: TensorForm,
}

/// A response whose sizes are known.
#[derive(Clone, Debug)]
pub struct PreparedSessionRun<'a> {
    tensors: NamedTensors<'a>,
    spec: EffectiveSpec<'a>,
    spec_len: usize,
}

impl<'a> PreparedSessionRun<'a> {
    /// Sizes `response`.
    pub fn new(response: SessionRunResponse<'a>) -> Self {
        let names = response.fetches.iter().map(Utf8Bytes::as_str);
        let tensors = NamedTensors::new(names.zip(response.tensors), response.form);
        Self { tensors, spec: response.spec, spec_len: response.spec.encoded_len() }
    }

    /// Bytes that [`Self::write`] appends.
    pub fn encoded_len(&self) -> usize {
        self.tensors.encoded_len() + span_field_len(3, self.spec_len)
    }

    /// Appends the serialized message, with at most one allocation.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve_exact(self.encoded_len());
        self.tensors.write(out);
        self.spec.write(out, 3, self.spec_len);
    }
}
