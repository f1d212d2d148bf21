//! Classification: examples to labels and scores.

use bytes::Bytes;
use smallvec::SmallVec;

use super::{check_input_name, check_num_outputs, check_one_input, unfit};
use crate::dtype::DType;
use crate::signature::Signature;
use crate::status::Status;
use crate::tensor::{Tensor, TensorData};

/// Name of the output with the labels.
const CLASSES: &str = "classes";
/// Name of the output with the scores.
const SCORES: &str = "scores";

/// What of a signature to run in order to classify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassifyPlan {
    outputs: SmallVec<[usize; 2]>,
    /// Whether the first output is the labels'.
    has_classes: bool,
    /// Whether the last output is the scores'.
    has_scores: bool,
}

impl ClassifyPlan {
    /// The plan for `signature`, which must have the input `inputs` alone and one or two outputs, among them
    /// `classes` or `scores`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming the signature and what it has.
    pub fn from_signature(signature: &Signature) -> Result<Self, Status> {
        check_one_input(signature)?;
        let count = signature.outputs.len();
        if count != 1 && count != 2 {
            return Err(unfit(signature, &format!("expected one or two outputs, got {count}")));
        }
        check_input_name(signature)?;
        let (classes, scores) = (signature.output_index(CLASSES), signature.output_index(SCORES));
        if classes.or(scores).is_none() {
            return Err(unfit(signature, &format!("expected an output called '{CLASSES}' or '{SCORES}'")));
        }
        let outputs = classes.into_iter().chain(scores).collect();
        Ok(Self { outputs, has_classes: classes.is_some(), has_scores: scores.is_some() })
    }

    /// Indexes into the signature's outputs of what to compute, ascending.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }
}

/// Classes of each example: borrowed from the output tensors.
#[derive(Clone, Copy, Debug)]
pub struct Classifications<'a> {
    num_examples: usize,
    num_classes: usize,
    labels: Option<&'a [Bytes]>,
    /// Little-endian floats.
    scores: Option<&'a [[u8; 4]]>,
}

impl<'a> Classifications<'a> {
    /// Number of examples.
    pub fn num_examples(&self) -> usize {
        self.num_examples
    }

    /// Number of classes of each example.
    pub fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// For each example its classes: label and score. What the model does not give is empty or 0. Labels may be any
    /// bytes.
    pub fn examples(&self) -> impl Iterator<Item = impl Iterator<Item = (&'a [u8], f32)> + Clone + use<'a>> + use<'a> {
        let Self { num_examples, num_classes, labels, scores } = *self;
        let label = move |index: usize| labels.map_or(&[][..], |labels| &labels[index]);
        let score = move |index: usize| scores.map_or(0.0, |scores| f32::from_le_bytes(scores[index]));
        (0..num_examples).map(move |example| {
            let first = example * num_classes;
            (first..first + num_classes).map(move |index| (label(index), score(index)))
        })
    }
}

/// What the `outputs` of a run, one per `plan.outputs()`, say about `num_examples` examples.
///
/// # Errors
/// INVALID_ARGUMENT: an output is not `[num_examples, number of classes]`, is of another type than string (labels) or
/// float (scores), or the two disagree about the number of classes.
pub fn classifications<'a>(
    plan: &ClassifyPlan,
    outputs: &'a [Tensor],
    num_examples: usize,
) -> Result<Classifications<'a>, Status> {
    check_num_outputs(plan.outputs.len(), outputs.len())?;
    let classes = if plan.has_classes { outputs.first() } else { None };
    let scores = if plan.has_scores { outputs.last() } else { None };
    let num_labels = classes.map(|tensor| check_output(CLASSES, tensor, DType::String, num_examples)).transpose()?;
    let num_scores = scores.map(|tensor| check_output(SCORES, tensor, DType::Float, num_examples)).transpose()?;
    if let (Some(labels), Some(scores)) = (num_labels, num_scores)
        && labels != scores
    {
        return Err(Status::invalid_argument(format!(
            "output '{CLASSES}' has {labels} classes for each example and output '{SCORES}' has {scores}, expected as many"
        )));
    }
    Ok(Classifications {
        num_examples,
        num_classes: num_labels.or(num_scores).unwrap_or(0),
        labels: classes.and_then(strings),
        scores: scores.and_then(floats),
    })
}

/// The number of classes in a sound output.
fn check_output(name: &str, tensor: &Tensor, dtype: DType, num_examples: usize) -> Result<usize, Status> {
    let &[rows, columns] = tensor.shape() else {
        return Err(Status::invalid_argument(format!(
            "output '{name}' has shape {:?}, expected two dimensions: [number of examples, number of classes]",
            tensor.shape()
        )));
    };
    if tensor.dtype() != dtype {
        return Err(Status::invalid_argument(format!(
            "output '{name}' is of type {}, expected {}",
            tensor.dtype().name(),
            dtype.name()
        )));
    }
    if rows as usize != num_examples {
        return Err(Status::invalid_argument(format!(
            "output '{name}' has a first dimension of {rows}, expected {num_examples}, the number of examples"
        )));
    }
    Ok(columns as usize)
}

fn strings(tensor: &Tensor) -> Option<&[Bytes]> {
    if let TensorData::Strings(strings) = tensor.data() { Some(strings) } else { None }
}

/// The elements of a float tensor.
pub(super) fn floats(tensor: &Tensor) -> Option<&[[u8; 4]]> {
    if let TensorData::Fixed(bytes) = tensor.data() { Some(bytes.as_chunks().0) } else { None }
}
