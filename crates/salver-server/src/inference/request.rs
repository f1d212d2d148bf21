//! A request as it was sent, before anything is looked up.

use bytes::Bytes;
use salver_core::Status;
use salver_core::json::{self, PredictBody};
use salver_core::wire::{self, ModelSpec, PredictRequest};

use crate::inference::{Api, Prepared, Servables, predict};
use crate::options::Options;

/// A request of any kind, well-formed.
pub(crate) enum Request {
    /// A Predict message.
    Predict(PredictRequest),
    /// A `:predict` body and what its URL names.
    PredictJson(ModelSpec, PredictBody),
}

impl Request {
    /// Reads a message.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: not such a message.
    pub(crate) fn from_message(api: Api, message: Bytes) -> Result<Self, Status> {
        match api {
            Api::Predict => wire::decode_predict_request(message).map(Self::Predict),
        }
    }

    /// Reads the body of a REST request for the model of `spec`; the signature stands in the body.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: not such a body.
    pub(crate) fn from_json(api: Api, mut spec: ModelSpec, body: &Bytes) -> Result<Self, Status> {
        match api {
            Api::Predict => {
                let body = json::scan_predict(body)?;
                spec.signature_name = body.signature_name().into();
                Ok(Self::PredictJson(spec, body))
            }
        }
    }

    /// Which model it is for; `None` where that was not said.
    pub(crate) fn model_spec(&self) -> Option<&ModelSpec> {
        match self {
            Self::Predict(request) => request.model_spec.as_ref(),
            Self::PredictJson(spec, _) => Some(spec),
        }
    }

    /// Finds the servable and fits the request to it.
    ///
    /// # Errors
    /// What is wrong with the request, in the order of checks that clients of the reference see.
    pub(crate) fn prepare(self, servables: Servables<'_>, options: &Options) -> Result<Prepared, Status> {
        match self {
            Self::Predict(request) => predict::from_message(request, servables, options),
            Self::PredictJson(spec, body) => predict::from_json(&spec, &body, servables),
        }
    }
}
