//! From the outputs of a request's predictions to its answer, as a message or as JSON.

use std::sync::Arc;

use salver_core::inference::{InferenceOutcome, InferencePlan};
use salver_core::json::{self, Format};
use salver_core::wire::{
    EffectiveSpec, InferenceAnswer, PredictResponse, PreparedInference, PreparedMultiInference, PreparedResponse,
    PreparedSessionRun, SessionRunResponse, TensorForm, Utf8Bytes,
};
use salver_core::{Code, Signature, Status, Tensor};

use crate::inference::AllOutputs;
use crate::options::MAX_PROTOBUF_BYTES;

/// The version that served.
pub(crate) struct Served {
    /// Model name, as requested.
    pub(crate) model: Utf8Bytes,
    /// The concrete version.
    pub(crate) version: i64,
}

impl Served {
    fn spec<'a>(&'a self, signature_name: &'a str) -> EffectiveSpec<'a> {
        EffectiveSpec { model_name: &self.model, version: self.version, signature_name }
    }
}

/// One classification or regression of a request.
pub(crate) struct Head {
    signature_name: Arc<str>,
    plan: InferencePlan,
    outputs: HeadOutputs,
}

/// Where the outputs of a head are.
enum HeadOutputs {
    /// All those of this prediction.
    Prediction(usize),
    /// These of the only prediction.
    Positions(Vec<usize>),
}

impl Head {
    /// A head that is the prediction at this index.
    pub(crate) fn of_prediction(index: usize, signature_name: Arc<str>, plan: InferencePlan) -> Self {
        Self { signature_name, plan, outputs: HeadOutputs::Prediction(index) }
    }

    /// A head that has these outputs of the only prediction.
    pub(crate) fn of_outputs(positions: Vec<usize>, signature_name: Arc<str>, plan: InferencePlan) -> Self {
        Self { signature_name, plan, outputs: HeadOutputs::Positions(positions) }
    }

    /// Its own tensors, which share the memory of the outputs.
    fn tensors(&self, outputs: &AllOutputs) -> Vec<Tensor> {
        match &self.outputs {
            HeadOutputs::Prediction(index) => outputs[*index].clone(),
            HeadOutputs::Positions(positions) => positions.iter().map(|&at| outputs[0][at].clone()).collect(),
        }
    }
}

/// What is to be made of the outputs.
pub(crate) struct Answer {
    served: Served,
    kind: Kind,
}

enum Kind {
    Predict { signature: Arc<Signature>, outputs: Vec<usize>, format: Format },
    Examples { head: Head, num_examples: usize },
    Multi { heads: Vec<Head>, num_examples: usize },
    SessionRun { signature_name: Arc<str>, fetches: Vec<Utf8Bytes> },
}

impl Answer {
    /// The answer to Predict; `outputs` are those that run.
    pub(crate) fn predict(served: Served, signature: Arc<Signature>, outputs: Vec<usize>, format: Format) -> Self {
        Self { served, kind: Kind::Predict { signature, outputs, format } }
    }

    /// The answer to Classify or Regress.
    pub(crate) fn examples(served: Served, head: Head, num_examples: usize) -> Self {
        Self { served, kind: Kind::Examples { head, num_examples } }
    }

    /// The answer to MultiInference.
    pub(crate) fn multi(served: Served, heads: Vec<Head>, num_examples: usize) -> Self {
        Self { served, kind: Kind::Multi { heads, num_examples } }
    }

    /// The answer to SessionRun, whose outputs are those of `fetches`.
    pub(crate) fn session_run(served: Served, signature_name: Arc<str>, fetches: Vec<Utf8Bytes>) -> Self {
        Self { served, kind: Kind::SessionRun { signature_name, fetches } }
    }

    /// The model that served, as requested.
    pub(crate) fn model(&self) -> &Utf8Bytes {
        &self.served.model
    }

    /// Examples that a MultiInference was about; nobody counts those of other requests.
    pub(crate) fn num_counted_examples(&self) -> Option<usize> {
        match &self.kind {
            Kind::Multi { num_examples, .. } => Some(*num_examples),
            _ => None,
        }
    }

    /// The serialized message, after `prefix_len` bytes left free for its framing.
    ///
    /// # Errors
    /// RESOURCE_EXHAUSTED for a message longer than the protocol allows; outputs that do not fit the API.
    pub(crate) fn message(&self, outputs: &AllOutputs, form: TensorForm, prefix_len: usize) -> Result<Vec<u8>, Status> {
        match &self.kind {
            Kind::Predict { signature, outputs: indexes, .. } => {
                self.predict_message(signature, indexes, &outputs[0], form, prefix_len)
            }
            Kind::Examples { head, num_examples } => {
                let tensors = head.tensors(outputs);
                let response = PreparedInference::new(self.inference_answer(head, &tensors, *num_examples)?)?;
                written(response.encoded_len(), prefix_len, |out| response.write(out))
            }
            Kind::Multi { heads, num_examples } => self.multi_message(heads, *num_examples, outputs, prefix_len),
            Kind::SessionRun { signature_name, fetches } => {
                let spec = self.served.spec(signature_name);
                let response =
                    PreparedSessionRun::new(SessionRunResponse { spec, fetches, tensors: &outputs[0], form });
                written(response.encoded_len(), prefix_len, |out| response.write(out))
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
            Kind::Examples { head, num_examples } => match head.plan.outcome(&head.tensors(outputs), *num_examples)? {
                InferenceOutcome::Classifications(classes) => Ok(json::encode_classify_response(&classes)),
                InferenceOutcome::Regressions(values) => Ok(json::encode_regress_response(&values)),
            },
            Kind::Multi { .. } | Kind::SessionRun { .. } => {
                Err(Status::unimplemented("This kind of request has no JSON form."))
            }
        }
    }

    fn predict_message(
        &self,
        signature: &Signature,
        output_indexes: &[usize],
        tensors: &[Tensor],
        form: TensorForm,
        prefix_len: usize,
    ) -> Result<Vec<u8>, Status> {
        let response = PreparedResponse::new(PredictResponse {
            model_name: &self.served.model,
            version: self.served.version,
            signature_name: &signature.name,
            signature,
            output_indexes,
            tensors,
            form,
        });
        written(response.encoded_len(), prefix_len, |out| response.write(out))
    }

    fn multi_message(
        &self,
        heads: &[Head],
        num_examples: usize,
        outputs: &AllOutputs,
        prefix_len: usize,
    ) -> Result<Vec<u8>, Status> {
        let tensors: Vec<Vec<Tensor>> = heads.iter().map(|head| head.tensors(outputs)).collect();
        let answers = heads.iter().zip(&tensors).map(|(head, own)| self.inference_answer(head, own, num_examples));
        let response = PreparedMultiInference::new(answers.collect::<Result<Vec<_>, _>>()?)?;
        written(response.encoded_len(), prefix_len, |out| response.write(out))
    }

    fn inference_answer<'a>(
        &'a self,
        head: &'a Head,
        tensors: &'a [Tensor],
        num_examples: usize,
    ) -> Result<InferenceAnswer<'a>, Status> {
        let outcome = head.plan.outcome(tensors, num_examples)?;
        Ok(InferenceAnswer { spec: self.served.spec(&head.signature_name), outcome })
    }
}

/// What `write` appends, `length` bytes of it, behind the prefix.
fn written(length: usize, prefix_len: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, Status> {
    if length > MAX_PROTOBUF_BYTES {
        let message = format!("The answer has {length} bytes, over the {MAX_PROTOBUF_BYTES} that a message may have.");
        return Err(Status::new(Code::ResourceExhausted, message));
    }
    let mut message = Vec::with_capacity(prefix_len + length);
    message.resize(prefix_len, 0);
    write(&mut message);
    Ok(message)
}
