//! The message that a request would have been which came as JSON, for whoever keeps requests as messages.

use std::sync::Arc;

use salver_core::wire::{ModelSpec, encode_inference_request, encode_predict_request};
use salver_core::{Status, Tensor, TensorData};

use crate::inference::Api;
use crate::predict::Prediction;

/// What the message is made of. The tensors share their memory with the request.
pub(crate) struct AsMessage {
    api: Api,
    spec: ModelSpec,
    names: Vec<Arc<str>>,
    inputs: Vec<Tensor>,
}

impl AsMessage {
    /// Notes a request for the model of `spec` that became `prediction`.
    pub(crate) fn new(api: Api, spec: ModelSpec, prediction: &Prediction) -> Self {
        let signature = &prediction.signature;
        Self {
            api,
            spec: ModelSpec { signature_name: (&*signature.name).into(), ..spec },
            names: signature.inputs.iter().map(|input| input.name.clone()).collect(),
            inputs: prediction.inputs.clone(),
        }
    }

    /// Memory that is kept for it.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.inputs.iter().map(Tensor::memory_bytes).sum()
    }

    /// The serialized message.
    ///
    /// # Errors
    /// INTERNAL: requests of this kind do not come as JSON.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Status> {
        match (self.api, self.inputs.first().map(Tensor::data)) {
            (Api::Predict, _) => {
                let inputs = self.names.iter().map(|name| &**name).zip(&self.inputs);
                Ok(encode_predict_request(&self.spec, inputs))
            }
            // One context for all is in each of them by now.
            (Api::Classify | Api::Regress, Some(TensorData::Strings(examples))) => {
                Ok(encode_inference_request(&self.spec, examples))
            }
            _ => Err(Status::internal("A request came as JSON that has no JSON form.")),
        }
    }
}
