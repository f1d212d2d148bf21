//! `PredictionService/Predict`.

use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use salver_core::signature::resolved_name;
use salver_core::table::{Choice, Pinned};
use salver_core::wire::{self, MemoryBudget, ModelSpec, PredictResponse, PreparedResponse, TensorForm, VersionChoice};
use salver_core::{Code, Signature, Status, Tensor};

use crate::event_loop::LoopContext;
use crate::grpc::{framing, timeout};
use crate::off_loop::off_loop;
use crate::options::MAX_PROTOBUF_BYTES;
use crate::plane::Shared;
use crate::predict::{self, Prediction};

/// Messages from this size on are converted off the event loop: they would hold up everybody else.
const LARGE_BYTES: usize = 1 << 20;

/// Reads, runs and answers one Predict call; the answer is a framed message.
pub(crate) async fn handle(context: &Rc<LoopContext>, request: Request<Incoming>) -> Result<Bytes, Status> {
    let deadline = timeout::deadline(request.headers())?;
    predict::within(deadline, answer(context, request, deadline)).await
}

async fn answer(
    context: &Rc<LoopContext>,
    request: Request<Incoming>,
    deadline: Option<Instant>,
) -> Result<Bytes, Status> {
    let (head, body) = request.into_parts();
    let message = framing::read_unary(context, &head.headers, body).await?;
    let (is_large, shared) = (message.len() >= LARGE_BYTES, context.shared.clone());
    let (spec, mut prediction) = off_loop(is_large, move || decode(&shared, message)).await?;
    prediction.deadline = deadline;
    let (version, signature) = (prediction.pinned.version(), prediction.signature.clone());
    let outputs = prediction.outputs.clone();
    let tensors = predict::run(context, prediction).await?;
    let is_large = tensors.iter().map(Tensor::num_bytes).sum::<usize>() >= LARGE_BYTES;
    let form = if context.shared.options.tensor_content { TensorForm::TensorContent } else { TensorForm::TypedFields };
    off_loop(is_large, move || encode(&spec, version, &signature, &outputs, &tensors, form)).await
}

fn decode(shared: &Shared, message: Bytes) -> Result<(ModelSpec, Prediction), Status> {
    let request = wire::decode_predict_request(message)?;
    let spec = request.model_spec.clone().ok_or_else(|| Status::invalid_argument("Missing ModelSpec"))?;
    let pinned = shared.table.resolve(&spec.name, choice(&spec))?;
    let signature = pinned.signature(&spec.signature_name).cloned().ok_or_else(|| unknown_signature(&spec, &pinned))?;
    let mut budget = memory_budget(shared.options.max_message_bytes);
    let bound = wire::bind_within(request, &signature, &mut budget)?;
    let prediction = Prediction { pinned, signature, inputs: bound.inputs, outputs: bound.outputs, deadline: None };
    Ok((spec, prediction))
}

/// A value sent short (one element for a whole shape) may take what a message of the largest size could take sent in
/// full: a string of a single byte is held as a `Bytes`.
fn memory_budget(max_message_bytes: usize) -> MemoryBudget {
    MemoryBudget::new(max_message_bytes.saturating_mul(size_of::<Bytes>()).min(MemoryBudget::DEFAULT_BYTES))
}

fn choice(spec: &ModelSpec) -> Choice<'_> {
    match &spec.choice {
        VersionChoice::Latest => Choice::Latest,
        VersionChoice::Version(version) => Choice::Version(*version),
        VersionChoice::Label(label) => Choice::Label(label),
    }
}

fn unknown_signature(spec: &ModelSpec, pinned: &Pinned) -> Status {
    let name = resolved_name(&spec.signature_name);
    let message =
        format!("Serving signature key \"{name}\" not found in model {} version {}.", pinned.name(), pinned.version());
    Status::new(Code::FailedPrecondition, message)
}

fn encode(
    spec: &ModelSpec,
    version: i64,
    signature: &Signature,
    output_indexes: &[usize],
    tensors: &[Tensor],
    form: TensorForm,
) -> Result<Bytes, Status> {
    let prepared = PreparedResponse::new(PredictResponse {
        model_name: &spec.name,
        version,
        signature_name: &signature.name,
        signature,
        output_indexes,
        tensors,
        form,
    });
    let length = prepared.encoded_len();
    if length > MAX_PROTOBUF_BYTES {
        let message = format!("The answer has {length} bytes, over the {MAX_PROTOBUF_BYTES} that a message may have.");
        return Err(Status::new(Code::ResourceExhausted, message));
    }
    let mut framed = Vec::with_capacity(framing::PREFIX_LEN + length);
    framing::put_prefix(&mut framed, length);
    prepared.write(&mut framed);
    Ok(framed.into())
}
