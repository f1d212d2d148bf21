//! The call that runs a batch on a native runtime.

use std::sync::Arc;
use std::time::Instant;

use crate::batch_input::BatchInput;
use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::Tensor;

/// One run of one signature.
pub struct Call<'a> {
    /// What to run.
    pub signature: &'a Signature,
    /// One entry per `signature.inputs`, in that order.
    pub inputs: &'a [BatchInput],
    /// Indexes into `signature.outputs` of what to compute, in the order of the answer.
    pub outputs: &'a [usize],
    /// When the last caller stops waiting.
    pub deadline: Option<Instant>,
    /// What is done when the inputs are joined.
    pub on_joined: Option<&'a dyn Fn()>,
}

impl<'a> Call<'a> {
    /// A run that nobody stops waiting for, or hears of before its end.
    pub fn new(signature: &'a Signature, inputs: &'a [BatchInput], outputs: &'a [usize]) -> Self {
        Self { signature, inputs, outputs, deadline: None, on_joined: None }
    }

    /// Tells that the inputs are joined and the model runs from here on; for the executor.
    pub fn joined(&self) {
        if let Some(on_joined) = self.on_joined {
            on_joined();
        }
    }
}

/// Tensors of a model's own graph, by the names that they have there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GraphCall<'a> {
    /// What is fed, sorted, no name twice.
    pub feeds: Vec<&'a str>,
    /// What is computed and given back, sorted, no name twice.
    pub fetches: Vec<&'a str>,
    /// Operations that run and give nothing back, sorted, no name twice.
    pub targets: Vec<&'a str>,
}

/// A loaded native model. Calls may come from several threads at once and never hold the GIL.
pub trait Executor: Send + Sync {
    /// Runs the call; the answer has one tensor per `call.outputs`, in that order. Where inputs are joined first, it
    /// says when they are ([`Call::joined`]), so that this does not count as part of the run.
    ///
    /// # Errors
    /// The runtime's own code and a message without server paths.
    fn run(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Status>;

    /// A signature over tensors of the model's graph, named as the graph names them; [`Self::run`] takes it as it does
    /// the declared ones. Equal calls get the same one.
    ///
    /// # Errors
    /// INVALID_ARGUMENT for a name that the graph does not have or that is out of reach; RESOURCE_EXHAUSTED for too
    /// many different calls; UNIMPLEMENTED where models have no graph.
    fn graph_signature(&self, _call: &GraphCall<'_>) -> Result<Arc<Signature>, Status> {
        Err(Status::unimplemented("Graph tensors can be run of SavedModels alone."))
    }
}
