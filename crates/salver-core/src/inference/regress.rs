//! Regression: examples to one value each.

use super::classify::floats;
use super::{check_input_name, check_num_outputs, check_one_input, unfit};
use crate::dtype::DType;
use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::Tensor;

/// Name of the output with the values.
const OUTPUT: &str = "outputs";

/// Proof that a signature can regress; its only output is what to run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegressPlan;

impl RegressPlan {
    /// The plan for `signature`, which must have the input `inputs` and the output `outputs` alone.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming the signature and what it has.
    pub fn from_signature(signature: &Signature) -> Result<Self, Status> {
        check_one_input(signature)?;
        let count = signature.outputs.len();
        if count != 1 {
            return Err(unfit(signature, &format!("expected one output, called '{OUTPUT}', got {count}")));
        }
        check_input_name(signature)?;
        if signature.output_index(OUTPUT).is_none() {
            return Err(unfit(signature, &format!("expected the output to be called '{OUTPUT}'")));
        }
        Ok(Self)
    }

    /// Indexes into the signature's outputs of what to compute.
    pub fn outputs(&self) -> &[usize] {
        &[0]
    }
}

/// The value of each example: borrowed from the output tensor.
#[derive(Clone, Copy, Debug)]
pub struct Regressions<'a> {
    /// Little-endian floats.
    values: &'a [[u8; 4]],
}

impl<'a> Regressions<'a> {
    /// The values, in the order of the examples.
    pub fn values(&self) -> impl ExactSizeIterator<Item = f32> + use<'a> {
        self.values.iter().map(|&bytes| f32::from_le_bytes(bytes))
    }
}

/// What the `outputs` of a run, one per `plan.outputs()`, say about `num_examples` examples.
///
/// # Errors
/// INVALID_ARGUMENT: the output is neither `[num_examples]` nor `[num_examples, 1]`, or not of type float.
pub fn regressions<'a>(
    plan: &RegressPlan,
    outputs: &'a [Tensor],
    num_examples: usize,
) -> Result<Regressions<'a>, Status> {
    check_num_outputs(plan.outputs().len(), outputs.len())?;
    let tensor = &outputs[0];
    let (&[rows] | &[rows, 1]) = tensor.shape() else {
        return Err(Status::invalid_argument(format!(
            "output '{OUTPUT}' has shape {:?}, expected [number of examples] or [number of examples, 1]",
            tensor.shape()
        )));
    };
    if rows as usize != num_examples {
        return Err(Status::invalid_argument(format!(
            "output '{OUTPUT}' has a first dimension of {rows}, expected {num_examples}, the number of examples"
        )));
    }
    if tensor.dtype() != DType::Float {
        return Err(Status::invalid_argument(format!(
            "output '{OUTPUT}' is of type {}, expected {}",
            tensor.dtype().name(),
            DType::Float.name()
        )));
    }
    Ok(Regressions { values: floats(tensor).unwrap_or_default() })
}
