//! Runs of graph tensors that no signature declares: what SessionRun asks for, and several signatures as one.
//!
//! A SavedModel's graph holds more than what it serves: operations that write checkpoints to a path that can be fed,
//! that read files, that assign variables. So a client reaches what the model's own signatures compute, and nothing
//! else: the operations of their outputs, and all that these wait for.
//!
//! TensorFlow compiles each new combination of tensors and keeps it for the life of the session, as is done here with
//! the names resolved; the number of combinations is bounded for that.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use salver_core::{Code, DType, GraphCall, Signature, Status, TensorSpec};

use crate::api::{TfOperation, TfOutput};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::session::Session;

/// Different calls of one model.
const MAX_CALLS: usize = 1000;
/// Bytes of all names in one call.
const MAX_NAMES_LEN: usize = 64 << 10;

/// A call made ready.
pub(crate) struct GraphRun {
    signature: Arc<Signature>,
    /// How it is run, and how long that takes.
    pub(crate) run: (Plan, Pace),
}

/// The graph calls of one model.
#[derive(Default)]
pub(crate) struct GraphCalls {
    reachable: OnceLock<HashSet<usize>>,
    /// By the name of its signature.
    runs: Mutex<HashMap<Arc<str>, Arc<GraphRun>>>,
}

impl GraphCalls {
    /// What was prepared under this signature name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<GraphRun>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The signature of `call`, prepared when it is first asked for.
    ///
    /// # Errors
    /// As `Executor::graph_signature`.
    pub(crate) fn signature(
        &self,
        session: &Session,
        declared: &[Signature],
        call: &GraphCall<'_>,
    ) -> Result<Arc<Signature>, Status> {
        let name = key(call)?;
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = runs.get(&*name) {
            return Ok(known.signature.clone());
        }
        if runs.len() >= MAX_CALLS {
            let message = format!("The model was asked for {MAX_CALLS} different sets of tensors; it takes no more.");
            return Err(Status::new(Code::ResourceExhausted, message));
        }
        let reachable = self.reachable.get_or_init(|| reachable(session, declared));
        let run = Arc::new(prepare(session, reachable, call, name.clone())?);
        runs.insert(name, run.clone());
        Ok(run.signature.clone())
    }
}

/// A name that equal calls have in common, and no declared signature has: those hold no line break.
fn key(call: &GraphCall<'_>) -> Result<Arc<str>, Status> {
    let lists = [&call.feeds, &call.fetches, &call.targets];
    // The graph has no such names, and the key is joined with these.
    if let Some(name) = lists.iter().flat_map(|list| list.iter()).find(|name| name.contains([' ', '\n'])) {
        return Err(unknown("tensor or operation", name));
    }
    let length: usize = lists.iter().flat_map(|list| list.iter()).map(|name| name.len()).sum();
    if length > MAX_NAMES_LEN {
        let message = format!("The names of the tensors take {length} bytes, at most {MAX_NAMES_LEN} are allowed.");
        return Err(Status::invalid_argument(message));
    }
    Ok(format!("graph\n{}", lists.map(|list| list.join(" ")).join("\n")).into())
}

fn prepare(
    session: &Session,
    reachable: &HashSet<usize>,
    call: &GraphCall<'_>,
    name: Arc<str>,
) -> Result<GraphRun, Status> {
    let spec = |tensor: &&str| tensor_spec(session, reachable, tensor);
    let signature = Signature {
        name,
        method: "".into(),
        inputs: call.feeds.iter().map(spec).collect::<Result<_, _>>()?,
        outputs: call.fetches.iter().map(spec).collect::<Result<_, _>>()?,
        defaults: Vec::new(),
    };
    let targets = call.targets.iter().map(|target| target_operation(session, reachable, target));
    let plan = Plan::new(session, &signature.inputs, &signature.outputs)?;
    let plan = plan.with_targets(targets.collect::<Result<_, _>>()?);
    Ok(GraphRun { signature: Arc::new(signature), run: (plan, Pace::default()) })
}

fn tensor_spec(session: &Session, reachable: &HashSet<usize>, name: &str) -> Result<TensorSpec, Status> {
    let found = session.tensor(name).ok_or_else(|| unknown("tensor", name))?;
    check_reach(reachable, found, "tensor", name)?;
    let number = session.element_type(found);
    let dtype = DType::from_number(number)
        .ok_or_else(|| Status::invalid_argument(format!("Tensor {name} has type {number}, which cannot be sent.")))?;
    Ok(TensorSpec { name: name.into(), runtime_name: name.into(), dtype, shape: None })
}

fn target_operation(session: &Session, reachable: &HashSet<usize>, name: &str) -> Result<TfOutput, Status> {
    let found = session.operation(name).ok_or_else(|| unknown("operation", name))?;
    check_reach(reachable, found, "operation", name)?;
    Ok(found)
}

fn unknown(kind: &str, name: &str) -> Status {
    Status::invalid_argument(format!("The model's graph has no {kind} {name}."))
}

fn check_reach(reachable: &HashSet<usize>, found: TfOutput, kind: &str, name: &str) -> Result<(), Status> {
    if reachable.contains(&address(found.operation)) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!(
        "The {kind} {name} is no part of what the model's signatures compute, and out of reach."
    )))
}

/// Addresses of all operations that the declared signatures need.
fn reachable(session: &Session, declared: &[Signature]) -> HashSet<usize> {
    let names = declared.iter().flat_map(|signature| signature.inputs.iter().chain(&signature.outputs));
    let mut waiting: Vec<*mut TfOperation> =
        names.filter_map(|spec| session.tensor(&spec.runtime_name)).map(|tensor| tensor.operation).collect();
    let mut found = HashSet::new();
    while let Some(operation) = waiting.pop() {
        if found.insert(address(operation)) {
            waiting.extend(session.inputs_of(operation));
        }
    }
    found
}

/// What tells operations apart; a number, because a pointer would bind the set to one thread.
fn address(operation: *mut TfOperation) -> usize {
    operation.addr()
}
