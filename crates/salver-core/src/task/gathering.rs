//! Where the parts of a request that was split come together again.

use std::sync::{Arc, Mutex, PoisonError};

use crate::batch_input::BatchInput;
use crate::requests::Progress;
use crate::signature::Signature;
use crate::status::{Code, Status};
use crate::task::answers::{Mailbox, Outcome, ReplyTo};
use crate::tensor::Tensor;

/// The mailbox of the parts of one request; a part's slot is its place. The first error is the answer, and the other
/// parts need not run any more.
pub(super) struct Gathering {
    signature: Arc<Signature>,
    outputs: Vec<usize>,
    sizes: Vec<usize>,
    progress: Arc<Progress>,
    /// None once the request is answered.
    waiting: Mutex<Option<Waiting>>,
}

struct Waiting {
    reply: ReplyTo,
    parts: Vec<Option<Vec<Tensor>>>,
    num_missing: usize,
}

impl Gathering {
    /// Gathers the answers to parts of these sizes, of which each computes `outputs`.
    pub(super) fn new(
        reply: ReplyTo,
        signature: Arc<Signature>,
        outputs: Vec<usize>,
        sizes: &[usize],
        progress: Arc<Progress>,
    ) -> Self {
        let waiting = Waiting { reply, parts: vec![None; sizes.len()], num_missing: sizes.len() };
        Self { signature, outputs, sizes: sizes.to_vec(), progress, waiting: Mutex::new(Some(waiting)) }
    }

    /// Takes in the answer to one part; what the caller is to be told, if that is known now.
    fn take_in(&self, place: u64, outcome: Outcome) -> Option<(ReplyTo, Outcome)> {
        let mut guard = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = match outcome {
            Ok(outputs) => outputs,
            Err(status) => {
                let waiting = guard.take()?;
                self.progress.abandon();
                return Some((waiting.reply, Err(status)));
            }
        };
        let waiting = guard.as_mut()?;
        waiting.parts[place as usize] = Some(outputs);
        waiting.num_missing -= 1;
        if waiting.num_missing > 0 {
            return None;
        }
        let Waiting { reply, parts, .. } = guard.take()?;
        drop(guard);
        Some((reply, self.joined(parts.into_iter().flatten().collect())))
    }

    /// The outputs of all parts, joined along the first dimension.
    fn joined(&self, mut parts: Vec<Vec<Tensor>>) -> Outcome {
        self.outputs
            .iter()
            .enumerate()
            .map(|(at, &index)| {
                let tensors: Vec<Tensor> = parts.iter_mut().map(|part| part[at].clone()).collect();
                self.check_fit(&self.signature.outputs[index].name, &tensors)?;
                BatchInput::new(tensors).joined()
            })
            .collect()
    }

    fn check_fit(&self, name: &str, tensors: &[Tensor]) -> Result<(), Status> {
        let first = &tensors[0];
        for (tensor, &num_rows) in tensors.iter().zip(&self.sizes) {
            let fits = tensor.num_rows() == Some(num_rows)
                && tensor.dtype() == first.dtype()
                && tensor.shape()[1..] == first.shape()[1..];
            if !fits {
                let message = format!(
                    "Output {name} of a part of {num_rows} rows of a split request is {} {:?}, \
                     which cannot be joined along the first dimension with {} {:?} of the first part.",
                    tensor.dtype().name(),
                    tensor.shape(),
                    first.dtype().name(),
                    first.shape(),
                );
                return Err(Status::new(Code::FailedPrecondition, message));
            }
        }
        Ok(())
    }
}

impl Mailbox for Gathering {
    fn deliver(&self, answers: &mut Vec<(u64, Outcome)>) {
        for (place, outcome) in answers.drain(..) {
            if let Some((reply, outcome)) = self.take_in(place, outcome) {
                reply.deliver(outcome);
            }
        }
    }
}
