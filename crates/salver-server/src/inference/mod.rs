//! Inference requests of every kind: from a decoded message to predictions, and from their outputs to the answer.
//!
//! The kinds differ in how they are spelt and in what they make of the outputs, and in nothing else. Both transports, and
//! whoever replays recorded requests, go the same way: a [`Request`] is read from a message or a JSON body, prepared
//! against a servable ([`Prepared`]: what to run, and the [`Answer`] to make of it), run, and answered.

mod answer;
mod api;
mod as_message;
mod examples;
mod multi;
mod predict;
mod request;
mod session_run;

use std::sync::Arc;

use salver_core::signature::resolved_name;
use salver_core::table::{Choice, Pinned, ServingTable, Target};
use salver_core::wire::{MemoryBudget, ModelSpec, VersionChoice};
use salver_core::{Code, Status, Tensor};
use smallvec::SmallVec;

use crate::options::Options;
use crate::predict::{Outputs, Prediction};

pub(crate) use answer::Answer;
pub use api::Api;
pub(crate) use as_message::AsMessage;
pub(crate) use request::Request;

/// Where the servable of a request is looked for.
#[derive(Clone, Copy)]
pub(crate) enum Servables<'a> {
    /// In the table, by name and version.
    Serving(&'a ServingTable),
    /// It is this one, whatever the request says; it need not serve yet.
    Only(&'a Arc<Target>),
}

impl Servables<'_> {
    /// The spec of a request that may have left it out.
    fn spec(self, sent: Option<ModelSpec>) -> Result<ModelSpec, Status> {
        match (sent, self) {
            (Some(spec), _) => Ok(spec),
            (None, Servables::Only(_)) => Ok(ModelSpec::default()),
            (None, Servables::Serving(_)) => Err(Status::invalid_argument("Missing ModelSpec")),
        }
    }

    fn resolve(self, spec: &ModelSpec) -> Result<Pinned, Status> {
        match self {
            Servables::Serving(_) if spec.name.is_empty() => {
                Err(Status::invalid_argument("The ModelSpec has no name: a request names its model."))
            }
            Servables::Serving(table) => table.resolve(&spec.name, choice(spec)),
            Servables::Only(target) => Ok(Pinned::new(target)),
        }
    }
}

/// Which version a spec wants.
pub(crate) fn choice(spec: &ModelSpec) -> Choice<'_> {
    match &spec.choice {
        VersionChoice::Latest => Choice::Latest,
        VersionChoice::Version(version) => Choice::Version(*version),
        VersionChoice::Label(label) => Choice::Label(label),
    }
}

/// A request that fits its servable.
pub(crate) struct Prepared {
    /// What to run, all on one version.
    pub(crate) predictions: SmallVec<[Prediction; 1]>,
    /// What to make of the outputs.
    pub(crate) answer: Answer,
}

/// Outputs of all predictions of one request, in their order.
pub(crate) type AllOutputs = SmallVec<[Outputs; 1]>;

/// The memory that these outputs take.
pub(crate) fn memory_bytes(outputs: &AllOutputs) -> usize {
    outputs.iter().flatten().map(Tensor::memory_bytes).sum()
}

/// The answer to a tensor request for a signature that the servable does not have.
fn unknown_signature(spec: &ModelSpec, pinned: &Pinned) -> Status {
    let (name, model, version) = (resolved_name(&spec.signature_name), pinned.name(), pinned.version());
    let message = format!("Serving signature key \"{name}\" not found in model {model} version {version}.");
    Status::new(Code::FailedPrecondition, message)
}

/// A value sent short (one element for a whole shape) may take what a message of the largest size could take sent in
/// full: a string of a single byte is held as a `Bytes`.
fn memory_budget(options: &Options) -> MemoryBudget {
    let full = options.max_message_bytes.saturating_mul(size_of::<bytes::Bytes>());
    MemoryBudget::new(full.min(MemoryBudget::DEFAULT_BYTES))
}
