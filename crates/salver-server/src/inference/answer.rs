//! From the outputs of a request's predictions to its answer, as a message or as JSON.

use std::sync::Arc;

use salver_core::json::{self, Format};
use salver_core::wire::{PredictResponse, PreparedResponse, TensorForm, Utf8Bytes};
use salver_core::{Code, Signature, Status};

use crate::inference::AllOutputs;
use crate::options::MAX_PROTOBUF_BYTES;

/// The version that served.
pub(crate) struct Served {
    /// Model name, as requested.
    pub(crate) model: Utf8Bytes,
    /// The concrete version.
    pub(crate) version: i64,
}

/// What is to be made of the outputs.
pub(crate) struct Answer {
    served: Served,
    kind: Kind,
}

enum Kind {
    Predict { signature: Arc<Signature>, outputs: Vec<usize>, format: Format },
}

impl Answer {
    /// The answer to Predict; `outputs` are those that run.
    pub(crate) fn predict(served: Served, signature: Arc<Signature>, outputs: Vec<usize>, format: Format) -> Self {
        Self { served, kind: Kind::Predict { signature, outputs, format } }
    }

    /// The serialized message, after `prefix_len` bytes left free for its framing.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED for a message longer than the protocol allows; outputs that do not fit the API.
    pub(crate) fn message(&self, outputs: &AllOutputs, form: TensorForm, prefix_len: usize) -> Result<Vec<u8>, Status> {
        match &self.kind {
            Kind::Predict { signature, outputs: indexes, .. } => {
                let response = PreparedResponse::new(PredictResponse {
                    model_name: &self.served.model,
                    version: self.served.version,
                    signature_name: &signature.name,
                    signature,
                    output_indexes: indexes,
                    tensors: &outputs[0],
                    form,
                });
                let mut message = with_room(response.encoded_len(), prefix_len)?;
                response.write(&mut message);
                Ok(message)
            }
        }
    }

    /// The JSON body.
    ///
    /// # Errors
    /// Outputs that JSON, or the API, has no form for.
    pub(crate) fn json(&self, outputs: &AllOutputs) -> Result<Vec<u8>, Status> {
        match &self.kind {
            Kind::Predict { signature, format, .. } => json::encode_predict_response(*format, signature, &outputs[0]),
        }
    }
}

fn with_room(length: usize, prefix_len: usize) -> Result<Vec<u8>, Status> {
    if length > MAX_PROTOBUF_BYTES {
        let message = format!("The answer has {length} bytes, over the {MAX_PROTOBUF_BYTES} that a message may have.");
        return Err(Status::new(Code::ResourceExhausted, message));
    }
    let mut message = Vec::with_capacity(prefix_len + length);
    message.resize(prefix_len, 0);
    Ok(message)
}
