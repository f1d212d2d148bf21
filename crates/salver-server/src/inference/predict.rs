//! Predict: tensors by name in and out.

use std::sync::Arc;

use salver_core::inference::{Method, check_method};
use salver_core::json::{Format, PredictBody};
use salver_core::signature::resolved_name;
use salver_core::table::Pinned;
use salver_core::wire::{self, ModelSpec, PredictRequest};
use salver_core::{Signature, Status, Tensor};
use smallvec::smallvec;

use crate::inference::answer::{Answer, Served};
use crate::inference::{Prepared, Servables, memory_budget, unknown_signature};
use crate::options::Options;
use crate::predict::{Prediction, Terms};

/// Prepares a Predict message.
///
/// # Errors
/// As `Request::prepare`.
pub(crate) fn from_message(
    mut request: PredictRequest,
    servables: Servables<'_>,
    options: &Options,
) -> Result<Prepared, Status> {
    let spec = servables.spec(request.model_spec.take())?;
    let pinned = servables.resolve(&spec)?;
    let signature = pinned.signature(&spec.signature_name).cloned().ok_or_else(|| unknown_signature(&spec, &pinned))?;
    if options.check_methods {
        check_method(&signature, Method::Predict)?;
    }
    let bound = wire::bind_within(request, &signature, &mut memory_budget(options))?;
    Ok(prepared(&spec, pinned, signature, bound.inputs, bound.outputs, Format::Row))
}

/// Prepares a `:predict` body.
///
/// # Errors
/// As `Request::prepare`.
pub(crate) fn from_json(
    spec: &ModelSpec,
    body: &PredictBody,
    servables: Servables<'_>,
    options: &Options,
) -> Result<Prepared, Status> {
    let pinned = servables.resolve(spec)?;
    let signature =
        pinned.signature(&spec.signature_name).cloned().ok_or_else(|| unknown_json_signature(spec, &pinned))?;
    if options.check_methods {
        check_method(&signature, Method::Predict)?;
    }
    check_has_inputs(&signature)?;
    let (format, inputs) = body.parse(&signature)?;
    let outputs = (0..signature.outputs.len()).collect();
    Ok(prepared(spec, pinned, signature, inputs, outputs, format))
}

fn prepared(
    spec: &ModelSpec,
    pinned: Pinned,
    signature: Arc<Signature>,
    inputs: Vec<Tensor>,
    outputs: Vec<usize>,
    format: Format,
) -> Prepared {
    let served = Served { model: spec.name.clone(), version: pinned.version() };
    let answer = Answer::predict(served, signature.clone(), outputs.clone(), format);
    Prepared {
        predictions: smallvec![Prediction { pinned, signature, inputs, outputs, terms: Terms::default() }],
        answer,
    }
}

fn unknown_json_signature(spec: &ModelSpec, pinned: &Pinned) -> Status {
    let (name, model, version) = (resolved_name(&spec.signature_name), pinned.name(), pinned.version());
    let message =
        format!("Serving signature name: \"{name}\" not found in signature def of model {model} version {version}");
    Status::invalid_argument(message)
}

fn check_has_inputs(signature: &Signature) -> Result<(), Status> {
    if signature.inputs.is_empty() {
        let message = format!("Signature \"{}\" has no inputs and cannot be called over REST.", signature.name);
        return Err(Status::invalid_argument(message));
    }
    Ok(())
}
