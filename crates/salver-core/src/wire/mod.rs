//! Protobuf bytes to tensors and back, for the messages on the request path.
//!
//! Everything else on the wire (status, metadata, configuration) is rare and handled elsewhere with generated
//! classes; the requests that run a model are read here by hand so that the payload of a request is never copied where
//! the wire already holds it as the runtime wants it: `tensor_content`, one packed run of `float_val` or `double_val`,
//! each string and each example.
//!
//! The life of a request: [`decode_predict_request`] reads names and keeps every tensor as undecoded bytes, the
//! caller picks the servable and its signature, [`bind`] checks the names and decodes the tensors in the signature's
//! order, and [`PreparedResponse`] writes the answer. Requests that carry examples keep them as one [`ExampleInput`],
//! which becomes a tensor once the servable is known; what a signature makes of it is in [`crate::inference`].

mod binding;
mod carrier;
mod example_input;
mod inference_request;
mod inference_response;
mod model_spec;
mod named_tensors;
mod predict;
mod prediction_log;
pub mod reader;
mod request_encode;
mod response;
mod session_run;
mod task_binding;
mod tensor_decode;
mod tensor_encode;
mod typed_values;
mod utf8;
pub mod writer;

pub use binding::{BoundPredict, bind, bind_within};
pub use example_input::ExampleInput;
pub use inference_request::{
    InferenceRequest, InferenceTask, MultiInferenceRequest, decode_inference_request, decode_multi_inference_request,
};
pub use inference_response::{InferenceAnswer, PreparedInference, PreparedMultiInference};
pub use model_spec::{EffectiveSpec, ModelSpec, VersionChoice};
pub use predict::{PredictRequest, decode_predict_request};
pub use prediction_log::{LogKind, PredictionLog};
pub use reader::Malformed;
pub use request_encode::{encode_inference_request, encode_predict_request};
pub use response::{PredictResponse, PreparedResponse, encode_predict_response};
pub use session_run::{PreparedSessionRun, SessionRunRequest, SessionRunResponse, decode_session_run_request};
pub use task_binding::BoundTask;
pub use tensor_decode::{MemoryBudget, decode_tensor, decode_tensor_within};
pub use tensor_encode::{TensorForm, encode_tensor, encoded_tensor_len};
pub use utf8::Utf8Bytes;
