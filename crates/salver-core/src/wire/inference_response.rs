//! The answers to classifications and regressions, sized first and written once.
//!
//! `ClassificationResponse` and `RegressionResponse` have their result in field 1 and the model spec in field 2; an
//! `InferenceResult`, one per task of a `MultiInferenceResponse`, has the model spec in field 1 and its result in
//! field 2 or 3.

use crate::inference::{Classifications, InferenceOutcome, Regressions};
use crate::status::Status;
use crate::wire::model_spec::EffectiveSpec;
use crate::wire::writer::{fixed32_field_len, put_fixed32_field, put_span_header, span_field_len};

/// What came of one classification or regression, and what served it.
#[derive(Clone, Debug)]
pub struct InferenceAnswer<'a> {
    /// What served; its signature name is the resolved one.
    pub spec: EffectiveSpec<'a>,
    /// The result.
    pub outcome: InferenceOutcome<'a>,
}

/// A `ClassificationResponse` or `RegressionResponse` whose sizes are known.
#[derive(Clone, Debug)]
pub struct PreparedInference<'a>(SizedAnswer<'a>);

impl<'a> PreparedInference<'a> {
    /// Sizes the response.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: a class label is not UTF-8, so no client could read the message.
    pub fn new(answer: InferenceAnswer<'a>) -> Result<Self, Status> {
        SizedAnswer::new(answer).map(Self)
    }

    /// Bytes that [`Self::write`] appends.
    pub fn encoded_len(&self) -> usize {
        span_field_len(1, self.0.result_len) + span_field_len(2, self.0.spec_len)
    }

    /// Appends the serialized message, with at most one allocation.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve_exact(self.encoded_len());
        self.0.write_result(out, 1);
        self.0.write_spec(out, 2);
    }
}

/// A `MultiInferenceResponse` whose sizes are known.
#[derive(Clone, Debug)]
pub struct PreparedMultiInference<'a>(Vec<SizedAnswer<'a>>);

impl<'a> PreparedMultiInference<'a> {
    /// Sizes the response; `answers` are in the order of the tasks.
    ///
    /// # Errors
    /// As [`PreparedInference::new`].
    pub fn new(answers: impl IntoIterator<Item = InferenceAnswer<'a>>) -> Result<Self, Status> {
        answers.into_iter().map(SizedAnswer::new).collect::<Result<_, _>>().map(Self)
    }

    /// Bytes that [`Self::write`] appends.
    pub fn encoded_len(&self) -> usize {
        self.0.iter().map(|answer| span_field_len(1, answer.inference_result_len())).sum()
    }

    /// Appends the serialized message, with at most one allocation.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve_exact(self.encoded_len());
        for answer in &self.0 {
            put_span_header(out, 1, answer.inference_result_len());
            answer.write_spec(out, 1);
            answer.write_result(out, answer.result_field());
        }
    }
}

#[derive(Clone, Debug)]
struct SizedAnswer<'a> {
    answer: InferenceAnswer<'a>,
    spec_len: usize,
    result_len: usize,
}

impl<'a> SizedAnswer<'a> {
    fn new(answer: InferenceAnswer<'a>) -> Result<Self, Status> {
        let result_len = match &answer.outcome {
            InferenceOutcome::Classifications(result) => {
                check_labels(result)?;
                classifications_len(result)
            }
            InferenceOutcome::Regressions(result) => regressions_len(result),
        };
        Ok(Self { spec_len: answer.spec.encoded_len(), result_len, answer })
    }

    /// Which field of InferenceResult the result is.
    fn result_field(&self) -> u32 {
        match self.answer.outcome {
            InferenceOutcome::Classifications(_) => 2,
            InferenceOutcome::Regressions(_) => 3,
        }
    }

    fn inference_result_len(&self) -> usize {
        span_field_len(1, self.spec_len) + span_field_len(self.result_field(), self.result_len)
    }

    fn write_spec(&self, out: &mut Vec<u8>, number: u32) {
        self.answer.spec.write(out, number, self.spec_len);
    }

    fn write_result(&self, out: &mut Vec<u8>, number: u32) {
        put_span_header(out, number, self.result_len);
        match &self.answer.outcome {
            InferenceOutcome::Classifications(result) => write_classifications(out, result),
            InferenceOutcome::Regressions(result) => write_regressions(out, result),
        }
    }
}

// === ClassificationResult ===

/// A protobuf string must be UTF-8; a tensor's need not be.
fn check_labels(result: &Classifications<'_>) -> Result<(), Status> {
    for (index, classes) in result.examples().enumerate() {
        if let Some((label, _)) = classes.into_iter().find(|(label, _)| std::str::from_utf8(label).is_err()) {
            let label = String::from_utf8_lossy(&label[..label.len().min(64)]);
            return Err(Status::invalid_argument(format!(
                "output 'classes' has a label that is not UTF-8, expected text: '{label}' for example {index}"
            )));
        }
    }
    Ok(())
}

fn classifications_len(result: &Classifications<'_>) -> usize {
    result.examples().map(|classes| span_field_len(1, classes_len(classes))).sum()
}

fn classes_len<'a>(classes: impl Iterator<Item = (&'a [u8], f32)>) -> usize {
    classes.map(|(label, score)| span_field_len(1, class_len(label, score))).sum()
}

fn class_len(label: &[u8], score: f32) -> usize {
    let label = if label.is_empty() { 0 } else { span_field_len(1, label.len()) };
    label + fixed32_field_len(2, score.to_bits())
}

fn write_classifications(out: &mut Vec<u8>, result: &Classifications<'_>) {
    for classes in result.examples() {
        put_span_header(out, 1, classes_len(classes.clone()));
        for (label, score) in classes {
            put_span_header(out, 1, class_len(label, score));
            if !label.is_empty() {
                put_span_header(out, 1, label.len());
                out.extend_from_slice(label);
            }
            put_fixed32_field(out, 2, score.to_bits());
        }
    }
}

// === RegressionResult ===

fn regressions_len(result: &Regressions<'_>) -> usize {
    result.values().map(|value| span_field_len(1, fixed32_field_len(1, value.to_bits()))).sum()
}

fn write_regressions(out: &mut Vec<u8>, result: &Regressions<'_>) {
    for value in result.values() {
        put_span_header(out, 1, fixed32_field_len(1, value.to_bits()));
        put_fixed32_field(out, 1, value.to_bits());
    }
}
