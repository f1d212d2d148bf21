//! What a signature is declared to be for.

use crate::signature::Signature;
use crate::status::{Code, Status};

/// The ways to run a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Tensors to tensors.
    Predict,
    /// Examples to classes.
    Classify,
    /// Examples to values.
    Regress,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 3] = [Method::Predict, Method::Classify, Method::Regress];

    /// The name that signatures and requests use.
    pub fn name(self) -> &'static str {
        match self {
            Method::Predict => "tensorflow/serving/predict",
            Method::Classify => "tensorflow/serving/classify",
            Method::Regress => "tensorflow/serving/regress",
        }
    }

    /// The method called `name`.
    pub fn from_name(name: &str) -> Option<Method> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Checks that `signature` is declared for `method`. Any of the three may be used to predict.
///
/// # Errors
/// INTERNAL for a prediction, INVALID_ARGUMENT else; both name the signature, its method and what was expected.
pub fn check_method(signature: &Signature, method: Method) -> Result<(), Status> {
    let declared = Method::from_name(&signature.method);
    let (fits, code, expected) = match method {
        Method::Predict => (declared.is_some(), Code::Internal, Method::ALL.map(Method::name).join(", ")),
        _ => (declared == Some(method), Code::InvalidArgument, method.name().to_owned()),
    };
    if fits {
        return Ok(());
    }
    let message =
        format!("signature '{}' has the method '{}', expected one of: {expected}", signature.name, signature.method);
    Err(Status::new(code, message))
}
