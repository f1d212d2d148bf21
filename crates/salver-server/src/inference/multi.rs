//! MultiInference: several classifications and regressions of the same examples.
//!
//! On a model with a graph they are one run, which computes what they share once: the examples are fed to every input
//! that one of them has, and all outputs are fetched together. Elsewhere each is a run of its own, side by side; so, too,
//! where other calls have taken all the room that the model has for sets of tensors.

use std::collections::BTreeSet;
use std::sync::Arc;

use salver_core::table::{Pinned, Runner};
use salver_core::wire::{BoundTask, MultiInferenceRequest};
use salver_core::{Code, GraphCall, Signature, Status, Tensor};
use smallvec::{SmallVec, smallvec};

use crate::inference::answer::{Answer, Head, Served};
use crate::inference::{Prepared, Servables, memory_budget};
use crate::options::Options;
use crate::predict::{Prediction, Terms};

/// Prepares a MultiInference message.
///
/// # Errors
/// As `Request::prepare`.
pub(crate) fn prepare(
    request: MultiInferenceRequest,
    servables: Servables<'_>,
    options: &Options,
) -> Result<Prepared, Status> {
    let spec = request.servable_spec()?.clone();
    let pinned = servables.resolve(&spec)?;
    let tasks = request.bind_tasks(options.check_methods, |name| pinned.signature(name).cloned())?;
    let num_examples = request.input.len();
    let examples = request.input.into_tensor_within(&mut memory_budget(options))?;
    let served = Served { model: spec.name, version: pinned.version() };
    let (predictions, heads) = match joint_signature(&pinned, &tasks)? {
        Some(signature) => together(pinned, &signature, tasks, &examples),
        None => side_by_side(pinned, tasks, &examples),
    };
    Ok(Prepared { predictions, answer: Answer::multi(served, heads, num_examples) })
}

/// The signature of one run for all tasks; `None` where each has to run alone.
fn joint_signature(pinned: &Pinned, tasks: &[BoundTask]) -> Result<Option<Arc<Signature>>, Status> {
    let Runner::Native(executor) = pinned.runner() else { return Ok(None) };
    if tasks.len() < 2 {
        return Ok(None);
    }
    match executor.graph_signature(&graph_call(tasks)) {
        Err(status) if status.code == Code::ResourceExhausted => Ok(None),
        signature => signature.map(Some),
    }
}

type Plans = (SmallVec<[Prediction; 1]>, Vec<Head>);

fn side_by_side(pinned: Pinned, tasks: Vec<BoundTask>, examples: &Tensor) -> Plans {
    let mut plans = Plans::default();
    for (index, BoundTask { signature, plan }) in tasks.into_iter().enumerate() {
        plans.0.push(Prediction {
            pinned: pinned.again(),
            inputs: vec![examples.clone()],
            outputs: plan.outputs().to_vec(),
            signature: signature.clone(),
            terms: Terms::default(),
        });
        plans.1.push(Head::of_prediction(index, signature.name.clone(), plan));
    }
    plans
}

/// The graph tensors that all tasks together feed and fetch.
fn graph_call(tasks: &[BoundTask]) -> GraphCall<'_> {
    let feeds: BTreeSet<&str> = tasks.iter().map(|task| &*task.signature.inputs[0].runtime_name).collect();
    let fetches: BTreeSet<&str> = tasks.iter().flat_map(fetched).collect();
    GraphCall { feeds: feeds.into_iter().collect(), fetches: fetches.into_iter().collect(), targets: Vec::new() }
}

fn fetched(task: &BoundTask) -> impl Iterator<Item = &str> {
    task.plan.outputs().iter().map(|&index| &*task.signature.outputs[index].runtime_name)
}

/// One prediction with `signature`, that of the tasks' graph call.
fn together(pinned: Pinned, signature: &Arc<Signature>, tasks: Vec<BoundTask>, examples: &Tensor) -> Plans {
    let prediction = Prediction {
        pinned,
        inputs: vec![examples.clone(); signature.inputs.len()],
        outputs: (0..signature.outputs.len()).collect(),
        signature: signature.clone(),
        terms: Terms::default(),
    };
    let heads = tasks.into_iter().map(|task| {
        let outputs = fetched(&task).filter_map(|name| signature.output_index(name)).collect();
        Head::of_outputs(outputs, task.signature.name.clone(), task.plan)
    });
    (smallvec![prediction], heads.collect())
}
