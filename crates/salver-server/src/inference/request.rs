//! A request as it was sent, before anything is looked up.

use bytes::Bytes;
use salver_core::Status;
use salver_core::inference::Method;
use salver_core::json::{self, PredictBody};
use salver_core::wire::{self, InferenceRequest, ModelSpec, MultiInferenceRequest, PredictRequest, SessionRunRequest};

use crate::inference::{Api, Prepared, Servables, examples, multi, predict, session_run};
use crate::options::Options;

/// A request of any kind, well-formed.
pub(crate) enum Request {
    /// A Predict message.
    Predict(PredictRequest),
    /// A `:predict` body and what its URL names.
    PredictJson(ModelSpec, PredictBody),
    /// A Classify or Regress message, or a body of that kind made into one.
    Examples(Method, InferenceRequest),
    /// A MultiInference message.
    Multi(MultiInferenceRequest),
    /// A SessionRun message.
    SessionRun(SessionRunRequest),
}

impl Request {
    /// Reads a message.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: not such a message.
    pub(crate) fn from_message(api: Api, message: Bytes) -> Result<Self, Status> {
        let examples =
            |method, message| wire::decode_inference_request(message).map(|request| Self::Examples(method, request));
        match api {
            Api::Predict | Api::PredictStreamed => wire::decode_predict_request(message).map(Self::Predict),
            Api::Classify => examples(Method::Classify, message),
            Api::Regress => examples(Method::Regress, message),
            Api::MultiInference => wire::decode_multi_inference_request(message).map(Self::Multi),
            Api::SessionRun => wire::decode_session_run_request(message).map(Self::SessionRun),
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
            Api::Classify => Self::from_json_examples(Method::Classify, spec, body),
            Api::Regress => Self::from_json_examples(Method::Regress, spec, body),
            Api::PredictStreamed | Api::MultiInference | Api::SessionRun => {
                Err(Status::unimplemented("This kind of request has no JSON form."))
            }
        }
    }

    fn from_json_examples(method: Method, mut spec: ModelSpec, body: &Bytes) -> Result<Self, Status> {
        let scanned = json::scan_examples(body)?;
        spec.signature_name = scanned.signature_name.into();
        Ok(Self::Examples(method, InferenceRequest { model_spec: Some(spec), input: scanned.input }))
    }

    /// Which model it is for; `None` where that was not said.
    pub(crate) fn model_spec(&self) -> Option<&ModelSpec> {
        match self {
            Self::Predict(request) => request.model_spec.as_ref(),
            Self::PredictJson(spec, _) => Some(spec),
            Self::Examples(_, request) => request.model_spec.as_ref(),
            Self::Multi(request) => request.tasks.first().and_then(|task| task.model_spec.as_ref()),
            Self::SessionRun(request) => request.model_spec.as_ref(),
        }
    }

    /// Finds the servable and fits the request to it.
    ///
    /// # Errors
    /// What is wrong with the request, in the order of checks that clients of the reference see.
    pub(crate) fn prepare(self, servables: Servables<'_>, options: &Options) -> Result<Prepared, Status> {
        match self {
            Self::Predict(request) => predict::from_message(request, servables, options),
            Self::PredictJson(spec, body) => predict::from_json(&spec, &body, servables, options),
            Self::Examples(method, request) => examples::prepare(method, request, servables, options),
            Self::Multi(request) => multi::prepare(request, servables, options),
            Self::SessionRun(request) => session_run::prepare(request, servables, options),
        }
    }
}
