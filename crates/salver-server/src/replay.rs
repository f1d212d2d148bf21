//! Running recorded requests on a servable that does not serve yet.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use salver_core::Status;
use salver_core::table::Target;
use salver_core::wire::TensorForm;

use crate::inference::{AllOutputs, Api, Request, Servables};
use crate::plane::Shared;
use crate::predict::run_blocking;

/// Runs one serialized request on `target`, with all the checks that a live one gets, and drops the answer.
///
/// # Errors
/// What a client would have got.
pub(crate) fn replay(
    shared: &Shared,
    target: &Arc<Target>,
    api: Api,
    message: Bytes,
    deadline: Option<Instant>,
) -> Result<(), Status> {
    let request = Request::from_message(api, message)?;
    let prepared = request.prepare(Servables::Only(target), &shared.options)?;
    let mut outputs = AllOutputs::new();
    for mut prediction in prepared.predictions {
        prediction.terms.deadline = deadline;
        outputs.push(run_blocking(shared, api, prediction)?);
    }
    prepared.answer.message(&outputs, TensorForm::TypedFields, 0).map(drop)
}
