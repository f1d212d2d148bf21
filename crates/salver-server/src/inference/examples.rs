//! Classify and Regress: examples in, classes or values out.

use std::sync::Arc;

use salver_core::inference::{InferencePlan, Method, check_method};
use salver_core::signature::resolved_name;
use salver_core::table::Pinned;
use salver_core::wire::{InferenceRequest, ModelSpec};
use salver_core::{Signature, Status};
use smallvec::smallvec;

use crate::inference::answer::{Answer, Head, Served};
use crate::inference::{Prepared, Servables, memory_budget};
use crate::options::Options;
use crate::predict::{Prediction, Terms};

/// Prepares a classification or regression, however it was spelt.
///
/// # Errors
/// As `Request::prepare`.
pub(crate) fn prepare(
    method: Method,
    mut request: InferenceRequest,
    servables: Servables<'_>,
    options: &Options,
) -> Result<Prepared, Status> {
    let spec = servables.spec(request.model_spec.take())?;
    let pinned = servables.resolve(&spec)?;
    let signature = find(&spec, &pinned)?;
    if options.check_methods {
        check_method(&signature, method)?;
    }
    let plan = plan(method, &signature)?;
    let num_examples = request.input.len();
    let inputs = vec![request.input.into_tensor_within(&mut memory_budget(options))?];
    let outputs = plan.outputs().to_vec();
    let served = Served { model: spec.name, version: pinned.version() };
    let head = Head::of_prediction(0, signature.name.clone(), plan);
    Ok(Prepared {
        predictions: smallvec![Prediction { pinned, signature, inputs, outputs, terms: Terms::default() }],
        answer: Answer::examples(served, head, num_examples),
    })
}

fn find(spec: &ModelSpec, pinned: &Pinned) -> Result<Arc<Signature>, Status> {
    pinned.signature(&spec.signature_name).cloned().ok_or_else(|| {
        let (name, model, version) = (resolved_name(&spec.signature_name), pinned.name(), pinned.version());
        Status::invalid_argument(format!(
            "No signature was found with the name: {name}, in model {model} version {version}"
        ))
    })
}

fn plan(method: Method, signature: &Signature) -> Result<InferencePlan, Status> {
    match method {
        Method::Regress => InferencePlan::regress(signature),
        Method::Classify | Method::Predict => InferencePlan::classify(signature),
    }
}
