//! Classification and regression: which signatures can do them, and what their outputs mean.
//!
//! Both feed serialized examples to the one input `inputs` of a signature and read outputs of fixed names. A
//! [`ClassifyPlan`] or [`RegressPlan`] is made of a signature before the run and says what to compute;
//! [`classifications`] and [`regressions`] check what came of it and give a view that the protobuf and the JSON
//! writer share. Nothing here knows of either.

mod classify;
mod method;
mod regress;

pub use classify::{Classifications, ClassifyPlan, classifications};
pub use method::{Method, check_method};
pub use regress::{RegressPlan, Regressions, regressions};

use crate::signature::{Signature, listed};
use crate::status::Status;
use crate::tensor::Tensor;

/// Name of the input that takes the examples.
const INPUT: &str = "inputs";

/// How to run one classification or regression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InferencePlan {
    /// A classification.
    Classify(ClassifyPlan),
    /// A regression.
    Regress(RegressPlan),
}

/// What came of one classification or regression.
#[derive(Clone, Copy, Debug)]
pub enum InferenceOutcome<'a> {
    /// Of a classification.
    Classifications(Classifications<'a>),
    /// Of a regression.
    Regressions(Regressions<'a>),
}

impl InferencePlan {
    /// Index into the signature's inputs of the one that takes the examples; it has no other.
    pub const INPUT_INDEX: usize = 0;

    /// A plan to classify with `signature`.
    ///
    /// # Errors
    /// As [`ClassifyPlan::from_signature`].
    pub fn classify(signature: &Signature) -> Result<Self, Status> {
        ClassifyPlan::from_signature(signature).map(Self::Classify)
    }

    /// A plan to regress with `signature`.
    ///
    /// # Errors
    /// As [`RegressPlan::from_signature`].
    pub fn regress(signature: &Signature) -> Result<Self, Status> {
        RegressPlan::from_signature(signature).map(Self::Regress)
    }

    /// Indexes into the signature's outputs of what to compute, ascending.
    pub fn outputs(&self) -> &[usize] {
        match self {
            Self::Classify(plan) => plan.outputs(),
            Self::Regress(plan) => plan.outputs(),
        }
    }

    /// What the computed `outputs`, one per [`Self::outputs`], say about `num_examples` examples.
    ///
    /// # Errors
    /// As [`classifications`] and [`regressions`].
    pub fn outcome<'a>(&self, outputs: &'a [Tensor], num_examples: usize) -> Result<InferenceOutcome<'a>, Status> {
        match self {
            Self::Classify(plan) => classifications(plan, outputs, num_examples).map(InferenceOutcome::Classifications),
            Self::Regress(plan) => regressions(plan, outputs, num_examples).map(InferenceOutcome::Regressions),
        }
    }
}

fn check_one_input(signature: &Signature) -> Result<(), Status> {
    match signature.inputs.len() {
        1 => Ok(()),
        count => Err(unfit(signature, &format!("expected one input, called '{INPUT}', got {count}"))),
    }
}

fn check_input_name(signature: &Signature) -> Result<(), Status> {
    match signature.input_index(INPUT) {
        Some(_) => Ok(()),
        None => Err(unfit(signature, &format!("expected the input to be called '{INPUT}'"))),
    }
}

/// INVALID_ARGUMENT for a signature that cannot do what is asked of it.
fn unfit(signature: &Signature, why: &str) -> Status {
    Status::invalid_argument(format!(
        "{why}; signature '{}' with method '{}' has inputs {{{}}} and outputs {{{}}}",
        signature.name,
        signature.method,
        listed(signature.input_names()),
        listed(signature.output_names()),
    ))
}

/// The computed outputs are made to order, so another number of them is the fault of whoever ran the signature.
fn check_num_outputs(expected: usize, got: usize) -> Result<(), Status> {
    if expected == got { Ok(()) } else { Err(Status::internal(format!("expected {expected} outputs, got {got}"))) }
}
