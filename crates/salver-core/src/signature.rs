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

/// Bytes of one list of names in a message; the rest is counted, not named.
const MAX_NAMES_LEN: usize = 512;

/// Names sorted and joined by commas, cut to a length fit for a message.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        if text.len() + name.len() > MAX_NAMES_LEN {
            text.push_str(&format!(" and {} more", names.len() - index));
            break;
        }
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(name);
    }
    text
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

    /// Names of the inputs.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|spec| &*spec.name)
    }

    /// Names of the outputs.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|spec| &*spec.name)
    }

    /// The default value of input `index`, if there is one.
    pub fn default_of(&self, index: usize) -> Option<&Tensor> {
        self.defaults.iter().find(|(input, _)| *input == index).map(|(_, value)| value)
    }
}
