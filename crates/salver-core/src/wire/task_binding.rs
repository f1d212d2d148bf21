//! The tasks of a MultiInference request against the signatures of the servable that the first of them picks.

use std::collections::HashSet;
use std::sync::Arc;

use crate::inference::{InferencePlan, Method, check_method};
use crate::signature::{Signature, resolved_name};
use crate::status::Status;
use crate::wire::inference_request::{InferenceTask, MultiInferenceRequest};
use crate::wire::model_spec::ModelSpec;

/// A task that fits its signature.
#[derive(Clone, Debug)]
pub struct BoundTask {
    /// What to run.
    pub signature: Arc<Signature>,
    /// What of it to run, and what the result means.
    pub plan: InferencePlan,
}

impl MultiInferenceRequest {
    /// The model spec that picks the servable for all tasks: the first task's.
    ///
    /// # Errors
    /// INVALID_ARGUMENT: no task, or none with a model name in the first place.
    pub fn servable_spec(&self) -> Result<&ModelSpec, Status> {
        let spec = self.tasks.first().and_then(|task| task.model_spec.as_ref());
        spec.filter(|spec| !spec.name.is_empty()).ok_or_else(|| {
            let got = if self.tasks.is_empty() { "no tasks" } else { "a first task without one" };
            Status::invalid_argument(format!("Missing model name: it comes from the first task, the request has {got}"))
        })
    }

    /// Fits each task to the signature that `find` gives for its resolved name; task by task, the first failure wins.
    ///
    /// With `checks_methods` the signatures must be declared for the tasks' methods.
    ///
    /// # Errors
    /// INVALID_ARGUMENT naming what is wrong with which task; UNIMPLEMENTED for a method that is neither
    /// classification nor regression.
    pub fn bind_tasks(
        &self,
        checks_methods: bool,
        find: impl Fn(&str) -> Option<Arc<Signature>>,
    ) -> Result<Vec<BoundTask>, Status> {
        let model = self.servable_spec()?.name.as_str();
        let mut seen = HashSet::new();
        let bind = |(index, task)| {
            let name = signature_name(index, task, model)?;
            if !seen.insert(name) {
                return Err(Status::invalid_argument(format!(
                    "task {index} asks for signature '{name}' again: a signature can be evaluated once in a request"
                )));
            }
            let signature = find(name).ok_or_else(|| {
                Status::invalid_argument(format!("signature '{name}' of task {index} not found in model {model}"))
            })?;
            let plan = plan_task(index, task, &signature, checks_methods)?;
            Ok(BoundTask { signature, plan })
        };
        self.tasks.iter().enumerate().map(bind).collect()
    }
}

/// The resolved signature name of a task, which must be for `model`.
fn signature_name<'a>(index: usize, task: &'a InferenceTask, model: &str) -> Result<&'a str, Status> {
    let spec = task.model_spec.as_ref().filter(|spec| !spec.name.is_empty());
    let spec = spec.ok_or_else(|| Status::invalid_argument(format!("task {index} has no model name")))?;
    if spec.name != *model {
        return Err(Status::invalid_argument(format!(
            "task {index} is for model '{}', expected '{model}', as the first task is for: all tasks share one model",
            spec.name
        )));
    }
    Ok(resolved_name(&spec.signature_name))
}

fn plan_task(
    index: usize,
    task: &InferenceTask,
    signature: &Signature,
    checks_methods: bool,
) -> Result<InferencePlan, Status> {
    let method = Method::from_name(&task.method_name).filter(|&method| method != Method::Predict).ok_or_else(|| {
        Status::unimplemented(format!(
            "task {index} has the method '{}', expected '{}' or '{}'",
            task.method_name,
            Method::Classify.name(),
            Method::Regress.name()
        ))
    })?;
    if checks_methods {
        check_method(signature, method)?;
    }
    if method == Method::Regress { InferencePlan::regress(signature) } else { InferencePlan::classify(signature) }
}
