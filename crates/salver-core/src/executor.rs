//! The call that runs a batch on a native runtime.

use std::sync::Arc;
use std::time::Instant;

use smallvec::SmallVec;

use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::{Shape, Tensor, TensorData};

/// One input of a batch: the members' tensors, to be joined along the first dimension.
///
/// A batch of one member may be a scalar; several members have rank >= 1, one dtype and equal inner dimensions.
#[derive(Clone, Debug)]
pub struct BatchInput {
    /// The members' tensors, in order; never empty.
    pub parts: SmallVec<[Tensor; 1]>,
}

impl BatchInput {
    /// An input that holds one tensor as it is.
    pub fn single(tensor: Tensor) -> Self {
        Self { parts: SmallVec::from_elem(tensor, 1) }
    }

    /// Shape after joining.
    pub fn shape(&self) -> Shape {
        let mut shape = Shape::from_slice(self.parts[0].shape());
        if self.parts.len() > 1 {
            shape[0] = self.parts.iter().map(|part| part.shape()[0]).sum();
        }
        shape
    }

    /// Element type of all members.
    pub fn dtype(&self) -> crate::dtype::DType {
        self.parts[0].dtype()
    }

    /// Payload bytes after joining; for strings the sum of their lengths.
    pub fn num_bytes(&self) -> usize {
        self.parts.iter().map(Tensor::num_bytes).sum()
    }

    /// Copies the members of a fixed-size type into `target`, which is exactly `num_bytes` long.
    pub fn copy_fixed_into(&self, target: &mut [u8]) {
        let mut at = 0;
        for part in &self.parts {
            if let TensorData::Fixed(bytes) = part.data() {
                target[at..at + bytes.len()].copy_from_slice(bytes);
                at += bytes.len();
            }
        }
    }
}

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
    /// Runs the call; the answer has one tensor per `call.outputs`, in that order.
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
