//! A Predict request against the signature that serves it: which tensor goes where, which outputs are wanted.
//!
//! The checks run in the order that clients of the reference system see, the first failure wins: number of inputs,
//! missing inputs, undecodable tensors, unknown inputs, unknown outputs, repeated outputs. Element types and shapes
//! are left to the runtime, as there.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::signature::{Signature, listed};
use crate::status::Status;
use crate::tensor::Tensor;
use crate::wire::predict::PredictRequest;
use crate::wire::tensor_decode::{MemoryBudget, decode_tensor_within};
use crate::wire::utf8::Utf8Bytes;

/// A request that fits its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundPredict {
    /// One tensor per `signature.inputs`, in that order; what was not sent has its default.
    pub inputs: Vec<Tensor>,
    /// Indexes into `signature.outputs` of what to compute, ascending, so that equal wishes compare equal.
    pub outputs: Vec<usize>,
}

/// Fits `request` to `signature`, with the default [`MemoryBudget`] for all its tensors together.
///
/// # Errors
/// INVALID_ARGUMENT naming the input or output at fault; RESOURCE_EXHAUSTED beyond the budget.
pub fn bind(request: PredictRequest, signature: &Signature) -> Result<BoundPredict, Status> {
    bind_within(request, signature, &mut MemoryBudget::default())
}

/// [`bind`] with a budget of the caller's.
///
/// # Errors
/// As there.
pub fn bind_within(
    request: PredictRequest,
    signature: &Signature,
    budget: &mut MemoryBudget,
) -> Result<BoundPredict, Status> {
    check_count(&request, signature)?;
    let mut sent: SmallVec<[Option<&Bytes>; 8]> = SmallVec::from_elem(None, signature.inputs.len());
    let mut unknown = false;
    for (name, tensor) in &request.inputs {
        match signature.input_index(name) {
            Some(index) => sent[index] = Some(tensor),
            None => unknown = true,
        }
    }
    check_none_missing(&sent, &request, signature)?;
    let inputs = decode_inputs(&sent, signature, budget)?;
    if unknown {
        return Err(unknown_inputs(&sent, &request, signature));
    }
    Ok(BoundPredict { inputs, outputs: pick_outputs(&request.output_filter, signature)? })
}

fn check_count(request: &PredictRequest, signature: &Signature) -> Result<(), Status> {
    let (sent, declared) = (request.inputs.len(), signature.inputs.len());
    if sent == declared || (sent < declared && !signature.defaults.is_empty()) {
        return Ok(());
    }
    let extra = sent_names(request).filter(|name| signature.input_index(name).is_none());
    let mut missing: Vec<Option<&str>> = signature.input_names().map(Some).collect();
    sent_names(request).filter_map(|name| signature.input_index(name)).for_each(|index| missing[index] = None);
    Err(Status::invalid_argument(format!(
        "signature '{}' takes {declared} inputs, the request has {sent}; missing: {{{}}}; sent extra: {{{}}}; \
         declared: {{{}}}; sent: {{{}}}",
        signature.name,
        listed(missing.into_iter().flatten()),
        listed(extra),
        listed(signature.input_names()),
        listed(sent_names(request)),
    )))
}

fn check_none_missing(sent: &[Option<&Bytes>], request: &PredictRequest, signature: &Signature) -> Result<(), Status> {
    let missing = (0..sent.len()).find(|&index| sent[index].is_none() && signature.default_of(index).is_none());
    let Some(index) = missing else { return Ok(()) };
    let spec = &signature.inputs[index];
    let defaults = signature.defaults.iter().map(|(input, _)| &*signature.inputs[*input].name);
    Err(Status::invalid_argument(format!(
        "input '{}' (tensor '{}') of signature '{}' is neither sent nor has a default; sent: {{{}}}; with default: {{{}}}",
        spec.name,
        spec.runtime_name,
        signature.name,
        listed(sent_names(request)),
        listed(defaults),
    )))
}

fn decode_inputs(
    sent: &[Option<&Bytes>],
    signature: &Signature,
    budget: &mut MemoryBudget,
) -> Result<Vec<Tensor>, Status> {
    let mut inputs = Vec::with_capacity(sent.len());
    for (index, bytes) in sent.iter().enumerate() {
        let tensor = match (bytes, signature.default_of(index)) {
            (None, Some(default)) => default.clone(),
            (bytes, _) => decode_tensor_within(bytes.unwrap_or(&Bytes::new()), budget).map_err(|error| {
                let name = &signature.inputs[index].name;
                Status::new(error.code, format!("tensor parsing error for input '{name}': {}", error.message))
            })?,
        };
        inputs.push(tensor);
    }
    Ok(inputs)
}

fn unknown_inputs(sent: &[Option<&Bytes>], request: &PredictRequest, signature: &Signature) -> Status {
    let used = sent.iter().zip(&signature.inputs).filter(|(tensor, _)| tensor.is_some()).map(|(_, spec)| &*spec.name);
    Status::invalid_argument(format!(
        "the request has inputs that signature '{}' does not know; used: {{{}}}; sent: {{{}}}",
        signature.name,
        listed(used),
        listed(sent_names(request)),
    ))
}

fn pick_outputs(filter: &[Utf8Bytes], signature: &Signature) -> Result<Vec<usize>, Status> {
    if filter.is_empty() {
        return Ok((0..signature.outputs.len()).collect());
    }
    let mut wanted: SmallVec<[bool; 32]> = SmallVec::from_elem(false, signature.outputs.len());
    for name in filter {
        let index = signature.output_index(name).ok_or_else(|| unknown_output(name, signature))?;
        if std::mem::replace(&mut wanted[index], true) {
            return Err(Status::invalid_argument(format!("output_filter has the duplicate output '{name}'")));
        }
    }
    Ok((0..wanted.len()).filter(|&index| wanted[index]).collect())
}

fn unknown_output(name: &str, signature: &Signature) -> Status {
    Status::invalid_argument(format!(
        "output_filter names '{name}', which is not an output of signature '{}'; outputs are {{{}}}",
        signature.name,
        listed(signature.output_names()),
    ))
}

fn sent_names(request: &PredictRequest) -> impl Iterator<Item = &str> {
    request.inputs.iter().map(|(name, _)| name.as_str())
}
