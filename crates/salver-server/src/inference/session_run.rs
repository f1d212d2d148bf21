//! SessionRun: tensors in and out by the names of the graph, or by those of a signature.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use salver_core::table::{Pinned, Runner};
use salver_core::wire::{ModelSpec, SessionRunRequest, Utf8Bytes};
use salver_core::{GraphCall, Signature, Status, Tensor};
use smallvec::smallvec;

use crate::inference::answer::{Answer, Served};
use crate::inference::{Prepared, Servables, memory_budget, unknown_signature};
use crate::options::Options;
use crate::predict::{Prediction, Terms};

/// Prepares a SessionRun message.
///
/// # Errors
/// As `Request::prepare`.
pub(crate) fn prepare(
    mut request: SessionRunRequest,
    servables: Servables<'_>,
    options: &Options,
) -> Result<Prepared, Status> {
    let spec = servables.spec(request.model_spec.take())?;
    let pinned = servables.resolve(&spec)?;
    if request.fetches.is_empty() && request.targets.is_empty() {
        return Err(Status::invalid_argument("SessionRun has neither fetches nor targets, expected at least one."));
    }
    check_no_repeats(&request.fetches)?;
    let signature = match request.tensor_name_is_alias {
        true => declared(&spec, &pinned, &request)?,
        false => of_graph(&pinned, &request)?,
    };
    let inputs = inputs(&request, &signature, options)?;
    let outputs = request.fetches.iter().map(|name| output_index(&signature, name)).collect::<Result<Vec<_>, _>>()?;
    let name = if request.tensor_name_is_alias { signature.name.clone() } else { "".into() };
    let served = Served { model: spec.name, version: pinned.version() };
    let prediction = Prediction { pinned, signature, inputs, outputs, terms: Terms::default() };
    let answer = Answer::session_run(served, name, request.fetches);
    Ok(Prepared { predictions: smallvec![prediction], answer })
}

/// Each repeat would be one more copy of a tensor in the answer.
fn check_no_repeats(fetches: &[Utf8Bytes]) -> Result<(), Status> {
    let mut seen = HashSet::new();
    match fetches.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(Status::invalid_argument(format!("{name} is fetched twice, expected once."))),
        None => Ok(()),
    }
}

/// The signature whose aliases the request uses.
fn declared(spec: &ModelSpec, pinned: &Pinned, request: &SessionRunRequest) -> Result<Arc<Signature>, Status> {
    if !request.targets.is_empty() {
        return Err(Status::invalid_argument("SessionRun by alias takes no targets: signatures have none."));
    }
    pinned.signature(&spec.signature_name).cloned().ok_or_else(|| unknown_signature(spec, pinned))
}

/// A signature over exactly the tensors that the request names.
fn of_graph(pinned: &Pinned, request: &SessionRunRequest) -> Result<Arc<Signature>, Status> {
    let Runner::Native(executor) = pinned.runner() else {
        let message = format!("Model {} has no graph: SessionRun reaches it by alias alone.", pinned.name());
        return Err(Status::unimplemented(message));
    };
    executor.graph_signature(&GraphCall {
        feeds: sorted(request.feeds.iter().map(|(name, _)| name)),
        fetches: sorted(&request.fetches),
        targets: sorted(&request.targets),
    })
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a Utf8Bytes>) -> Vec<&'a str> {
    names.into_iter().map(Utf8Bytes::as_str).collect::<BTreeSet<_>>().into_iter().collect()
}

/// One tensor per input of `signature`: what was fed, or the default.
fn inputs(request: &SessionRunRequest, signature: &Signature, options: &Options) -> Result<Vec<Tensor>, Status> {
    let mut inputs: Vec<Option<Tensor>> = vec![None; signature.inputs.len()];
    let tensors = request.decode_feeds(&mut memory_budget(options))?;
    for ((name, _), tensor) in request.feeds.iter().zip(tensors) {
        let index = signature.input_index(name).ok_or_else(|| unknown(signature, "input", name))?;
        if inputs[index].replace(tensor).is_some() {
            return Err(Status::invalid_argument(format!("{name} is fed twice, expected once.")));
        }
    }
    let fill = |(index, input): (usize, Option<Tensor>)| {
        input.or_else(|| signature.default_of(index).cloned()).ok_or_else(|| {
            let name = &signature.inputs[index].name;
            Status::invalid_argument(format!("Input {name} of signature '{}' is not fed.", signature.name))
        })
    };
    inputs.into_iter().enumerate().map(fill).collect()
}

fn output_index(signature: &Signature, name: &str) -> Result<usize, Status> {
    signature.output_index(name).ok_or_else(|| unknown(signature, "output", name))
}

fn unknown(signature: &Signature, kind: &str, name: &str) -> Status {
    Status::invalid_argument(format!("Signature '{}' has no {kind} {name}.", signature.name))
}
