//! `tensorflow.serving.PredictResponse`, sized first and written once.

use smallvec::SmallVec;

use crate::signature::Signature;
use crate::tensor::Tensor;
use crate::wire::model_spec::{effective_spec_len, put_effective_spec};
use crate::wire::tensor_encode::{Layout, TensorForm};
use crate::wire::writer::{put_span_header, span_field_len};

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
    response: PredictResponse<'a>,
    layouts: SmallVec<[Layout; 4]>,
    spec_len: usize,
    total: usize,
}

impl<'a> PreparedResponse<'a> {
    /// Sizes `response`.
    pub fn new(response: PredictResponse<'a>) -> Self {
        let layouts: SmallVec<[Layout; 4]> =
            response.tensors.iter().map(|tensor| Layout::of(tensor, response.form)).collect();
        let spec_len = effective_spec_len(response.model_name, response.version, response.signature_name);
        let mut prepared = Self { response, layouts, spec_len, total: 0 };
        let outputs: usize =
            prepared.outputs().map(|(name, _, layout)| span_field_len(1, entry_len(name, layout))).sum();
        prepared.total = outputs + span_field_len(2, spec_len);
        prepared
    }

    /// Bytes that [`Self::write`] appends.
    pub fn encoded_len(&self) -> usize {
        self.total
    }

    /// Appends the serialized message, with at most one allocation.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve_exact(self.total);
        for (name, tensor, layout) in self.outputs() {
            put_span_header(out, 1, entry_len(name, layout));
            put_span_header(out, 1, name.len());
            out.extend_from_slice(name.as_bytes());
            put_span_header(out, 2, layout.total);
            layout.write(out, tensor);
        }
        let PredictResponse { model_name, version, signature_name, .. } = self.response;
        put_span_header(out, 2, self.spec_len);
        put_effective_spec(out, model_name, version, signature_name);
    }

    fn outputs(&self) -> impl Iterator<Item = (&'a str, &'a Tensor, &Layout)> {
        let PredictResponse { signature, output_indexes, tensors, .. } = self.response;
        let names = output_indexes.iter().map(|&index| &*signature.outputs[index].name);
        names.zip(tensors).zip(&self.layouts).map(|((name, tensor), layout)| (name, tensor, layout))
    }
}

/// A map entry always has both its fields.
fn entry_len(name: &str, layout: &Layout) -> usize {
    span_field_len(1, name.len()) + span_field_len(2, layout.total)
}

/// Appends `response` as a serialized PredictResponse. Use [`PreparedResponse`] where the length is needed before.
pub fn encode_predict_response(out: &mut Vec<u8>, response: PredictResponse<'_>) {
    PreparedResponse::new(response).write(out);
}
