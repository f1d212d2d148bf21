//! What a servable accepts and answers, by name.

use std::sync::Arc;

use crate::dtype::DType;
use crate::tensor::Tensor;

/// Signature used where a request names none.
pub const DEFAULT_SIGNATURE: &str = "serving_default";

/// The key that `name` stands for in a request: an empty name is the default signature.
pub fn resolved_name(name: &str) -> &str {
    if name.is_empty() { DEFAULT_SIGNATURE } else { name }
}

/// One named input or output.
#[derive(Clone, Debug)]
pub struct TensorSpec {
    /// Alias, as requests spell it.
    pub name: Arc<str>,
    /// Name inside the runtime (for TensorFlow the graph tensor, `x:0`); equals `name` elsewhere.
    pub runtime_name: Arc<str>,
    /// Declared element type.
    pub dtype: DType,
    /// Declared dimensions, -1 where unknown; `None` where the rank is unknown.
    pub shape: Option<Vec<i64>>,
}

/// A callable of a servable. `inputs` and `outputs` are sorted by name.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Key of the signature.
    pub name: Arc<str>,
    /// Method name, for example `tensorflow/serving/predict`; may be empty.
    pub method: Arc<str>,
    /// Inputs, sorted by name.
    pub inputs: Vec<TensorSpec>,
    /// Outputs, sorted by name.
    pub outputs: Vec<TensorSpec>,
    /// Values for inputs that a request may leave out: (index into `inputs`, value).
    pub defaults: Vec<(usize, Tensor)>,
}

impl Signature {
    /// Position of the input called `name`.
    pub fn input_index(&self, name: &str) -> Option<usize> {
        self.inputs.binary_search_by(|spec| (*spec.name).cmp(name)).ok()
    }

    /// Position of the output called `name`.
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.outputs.binary_search_by(|spec| (*spec.name).cmp(name)).ok()
    }

    /// The default value of input `index`, if there is one.
    pub fn default_of(&self, index: usize) -> Option<&Tensor> {
        self.defaults.iter().find(|(input, _)| *input == index).map(|(_, value)| value)
    }
}
