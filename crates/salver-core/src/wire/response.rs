//! `tensorflow.serving.PredictResponse`, sized first and written once.

use crate::signature::Signature;
use crate::tensor::Tensor;
use crate::wire::model_spec::EffectiveSpec;
use crate::wire::named_tensors::NamedTensors;
use crate::wire::tensor_encode::TensorForm;
use crate::wire::writer::span_field_len;

/// What a Predict answer says.
#[derive(Clone, Copy, Debug)]
pub struct PredictResponse<'a> {
    /// Model name, as requested.
    pub model_name: &'a str,
    /// Version that served.
    pub version: i64,
    /// Signature that served, resolved: never empty.
    pub signature_name: &'a str,
    /// That signature.
    pub signature: &'a Signature,
    /// What was computed: indexes into `signature.outputs`.
    pub output_indexes: &'a [usize],
    /// One tensor per index.
    pub tensors: &'a [Tensor],
    /// Where the values go.
    pub form: TensorForm,
}

/// A response whose sizes are known.
#[derive(Clone, Debug)]
pub struct PreparedResponse<'a> {
    outputs: NamedTensors<'a>,
    spec: EffectiveSpec<'a>,
    spec_len: usize,
}

impl<'a> PreparedResponse<'a> {
    /// Sizes `response`.
    pub fn new(response: PredictResponse<'a>) -> Self {
        let PredictResponse { model_name, version, signature_name, signature, .. } = response;
        let names = response.output_indexes.iter().map(|&index| &*signature.outputs[index].name);
        let outputs = NamedTensors::new(names.zip(response.tensors), response.form);
        let spec = EffectiveSpec { model_name, version, signature_name };
        Self { outputs, spec, spec_len: spec.encoded_len() }
    }

    /// Bytes that [`Self::write`] appends.
    pub fn encoded_len(&self) -> usize {
        self.outputs.encoded_len() + span_field_len(2, self.spec_len)
    }

    /// Appends the serialized message, with at most one allocation.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve_exact(self.encoded_len());
        self.outputs.write(out);
        self.spec.write(out, 2, self.spec_len);
    }
}

/// Appends `response` as a serialized PredictResponse. Use [`PreparedResponse`] where the length is needed before.
pub fn encode_predict_response(out: &mut Vec<u8>, response: PredictResponse<'_>) {
    PreparedResponse::new(response).write(out);
}
