//! One loaded SavedModel.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use salver_core::{Call, Code, Executor, GraphCall, Signature, Status, Tensor, TensorSpec};

use crate::graph_calls::{GraphCalls, GraphRun};
use crate::memory::release_freed_memory;
use crate::meta_graph::{Encoding, MetaGraph, SignatureDef, TensorInfo};
use crate::model_files::find_meta_graph;
use crate::options::{self, ExecutorChoice, LoadOptions, RunPlace, run_options};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::runtime::Runtime;
use crate::session::Session;
use crate::status::without_paths;

/// A SavedModel with its variables restored, ready to run. Closed on drop, which waits for nothing: drop it after its
/// last run. Runs may come from several threads at once and share no lock.
pub struct SavedModel {
    /// As TensorFlow knows it, to be kept out of messages.
    folder: Box<Path>,
    run_place: RunPlace,
    executor: options::Executor,
    signatures: Vec<Signature>,
    signature_def_map: Bytes,
    /// By signature name; an error for those that can be listed but not run.
    plans: HashMap<Arc<str>, Result<(Plan, Pace), Status>>,
    graph_calls: GraphCalls,
    session: Session,
}

impl SavedModel {
    /// Loads the SavedModel in `folder`, restores its variables, runs its initialisers and compiles its signatures.
    /// Blocks, for long where the model is large.
    ///
    /// # Errors
    /// NOT_FOUND without a model file or without a meta graph that has exactly the wanted tags, DATA_LOSS for a
    /// damaged file, else TensorFlow's code. Messages name neither the model nor its folder.
    pub fn load(runtime: &Arc<Runtime>, folder: &Path, options: &LoadOptions) -> Result<SavedModel, Status> {
        let tags: BTreeSet<String> = options.tags.iter().cloned().collect();
        let head = find_meta_graph(folder, &tags)?;
        // TensorFlow simplifies `link/..` as text, which leads elsewhere where `link` is a symbolic link.
        let resolved = folder.canonicalize().map_err(|_| Status::not_found("the model's folder cannot be read"))?;
        let executor = options.first_executor(head.is_some_and(|head| head.has_old_operations));
        let may_fall_back = options.executor == ExecutorChoice::Auto && executor == options::Executor::SingleThreaded;
        let loaded = Self::load_with(runtime, &resolved, &tags, options, executor);
        let loaded = match loaded {
            Err(error) if may_fall_back && is_beyond_executor(&error) => {
                Self::load_with(runtime, &resolved, &tags, options, options::Executor::General)
            }
            loaded => loaded,
        };
        release_freed_memory();
        loaded.map_err(|error| Status::new(error.code, without_paths(&error.message, &[folder, &resolved])))
    }

    /// As `load` with one executor; fails where that executor cannot run one of the signatures.
    fn load_with(
        runtime: &Arc<Runtime>,
        folder: &Path,
        tags: &BTreeSet<String>,
        options: &LoadOptions,
        executor: options::Executor,
    ) -> Result<SavedModel, Status> {
        let (session, meta_graph) = Session::load(runtime, folder, tags, &options.session_config(executor))?;
        let mut model = SavedModel {
            folder: folder.into(),
            run_place: options.run_place,
            executor,
            signatures: Vec::new(),
            signature_def_map: meta_graph.signature_def_map(),
            plans: HashMap::new(),
            graph_calls: GraphCalls::default(),
            session,
        };
        model.add_signatures(&meta_graph)?;
        model.compile()?;
        Ok(model)
    }

    /// Callable signatures, sorted by name. Those with tensors that cannot be sent, such as the initialiser's, are
    /// not among them; one with a sparse or composite tensor is, and answers UNIMPLEMENTED.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The serialized `tensorflow.serving.SignatureDefMap` with every signature as the model has it.
    pub fn signature_def_map(&self) -> Bytes {
        self.signature_def_map.clone()
    }

    /// Whether TensorFlow's single-threaded executor runs this model.
    pub fn is_single_threaded(&self) -> bool {
        self.executor == options::Executor::SingleThreaded
    }

    /// The single-threaded executor stays off the pool: one that waits there for a function that needs a thread of
    /// the same pool could wait for ever.
    fn runs_in_caller(&self, pace: &Pace) -> bool {
        match self.run_place {
            _ if self.is_single_threaded() => true,
            RunPlace::Auto => !pace.is_long(),
            RunPlace::Caller => true,
            RunPlace::Pool => false,
        }
    }

    fn add_signatures(&mut self, meta_graph: &MetaGraph) -> Result<(), Status> {
        for (name, def) in meta_graph.signatures()? {
            let Some(signature) = callable(&name, &def)? else { continue };
            let plan = check_encodings(&name, &def)
                .and_then(|()| Plan::new(&self.session, &signature.inputs, &signature.outputs));
            self.plans.insert(signature.name.clone(), plan.map(|plan| (plan, Pace::default())));
            self.signatures.push(signature);
        }
        Ok(())
    }

    /// Compiles all signatures, so that the first request need not wait for it.
    ///
    /// # Errors
    /// The executor's complaint where it cannot run a signature. Other faults of a signature concern only those who
    /// call it.
    fn compile(&self) -> Result<(), Status> {
        let options = run_options(true, None);
        let plans = self.plans.values().flatten();
        match plans.filter_map(|(plan, _)| plan.compile(&self.session, &options)).find(is_beyond_executor) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Executor for SavedModel {
    fn run(&self, call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        let name = &*call.signature.name;
        match self.plans.get(name) {
            Some(plan) => self.run_plan(plan.as_ref().map_err(Status::clone)?, call),
            None => self.run_plan(&self.graph_run(name)?.run, call),
        }
    }

    fn graph_signature(&self, call: &GraphCall<'_>) -> Result<Arc<Signature>, Status> {
        self.graph_calls.signature(&self.session, &self.signatures, call)
    }
}

impl SavedModel {
    fn graph_run(&self, name: &str) -> Result<Arc<GraphRun>, Status> {
        self.graph_calls.get(name).ok_or_else(|| Status::internal(format!("the model has no signature {name}")))
    }

    fn run_plan(&self, (plan, pace): &(Plan, Pace), call: &Call<'_>) -> Result<Vec<Tensor>, Status> {
        let started = Instant::now();
        let timeout = call.deadline.map(|deadline| deadline.saturating_duration_since(started));
        if timeout.is_some_and(|left| left.is_zero()) {
            return Err(Status::new(Code::DeadlineExceeded, "the deadline passed before the run"));
        }
        let options = run_options(self.runs_in_caller(pace), timeout);
        let answer = plan.run(&self.session, call, &options);
        pace.record(started.elapsed());
        answer.map_err(|error| Status::new(error.code, without_paths(&error.message, &[&self.folder])))
    }
}

/// Whether `error` is the single-threaded executor's refusal of a graph.
fn is_beyond_executor(error: &Status) -> bool {
    error.message.contains("ingle-threaded executor does not support")
}

/// The signature that clients see, or `None` if one of its tensors has a type that cannot be sent.
fn callable(name: &str, def: &SignatureDef) -> Result<Option<Signature>, Status> {
    let (Some(inputs), Some(outputs)) = (specs(&def.inputs), specs(&def.outputs)) else { return Ok(None) };
    let mut signature =
        Signature { name: name.into(), method: def.method.as_str().into(), inputs, outputs, defaults: Vec::new() };
    for (alias, bytes) in &def.defaults {
        if let Some(input) = signature.input_index(alias) {
            signature.defaults.push((input, decode_default(bytes)?));
        }
    }
    Ok(Some(signature))
}

fn specs(infos: &BTreeMap<String, TensorInfo>) -> Option<Vec<TensorSpec>> {
    infos.iter().map(|(alias, info)| spec(alias, info)).collect()
}

fn spec(alias: &str, info: &TensorInfo) -> Option<TensorSpec> {
    let runtime_name = match &info.encoding {
        Encoding::Dense(name) => name.as_str().into(),
        Encoding::Sparse | Encoding::Composite => "".into(),
    };
    Some(TensorSpec { name: alias.into(), runtime_name, dtype: info.dtype?, shape: info.shape.clone() })
}

fn check_encodings(name: &str, def: &SignatureDef) -> Result<(), Status> {
    let is_dense = |info: &TensorInfo| matches!(info.encoding, Encoding::Dense(_));
    match def.inputs.iter().chain(&def.outputs).find(|(_, info)| !is_dense(info)) {
        None => Ok(()),
        Some((alias, _)) => Err(Status::unimplemented(format!(
            "signature {name} cannot be called: {alias} is a sparse or composite tensor, only dense ones are supported"
        ))),
    }
}

fn decode_default(bytes: &Bytes) -> Result<Tensor, Status> {
    salver_core::wire::decode_tensor(bytes.clone())
}
