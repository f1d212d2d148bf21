//! A graph and the session that runs it.

use std::collections::BTreeSet;
use std::ffi::{CString, c_char, c_int};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use salver_core::{BatchInput, Code, Status};
use smallvec::SmallVec;

use crate::api::{TfBuffer, TfGraph, TfInput, TfOperation, TfOutput, TfSession, TfSessionOptions, TfTensor};
use crate::memory::release_freed_memory;
use crate::meta_graph::MetaGraph;
use crate::model_files::c_path;
use crate::runtime::Runtime;
use crate::status::StatusHandle;
use crate::tensor::TensorHandle;

/// An owned `TF_Session` and its `TF_Graph`; closed on drop. Runs may come from several threads at once.
pub(crate) struct Session {
    runtime: Arc<Runtime>,
    graph: *mut TfGraph,
    session: *mut TfSession,
}

// SAFETY: TensorFlow's sessions and graphs have no ties to a thread.
unsafe impl Send for Session {}
// SAFETY: TF_SessionRun and TF_GraphOperationByName may be called at the same time.
unsafe impl Sync for Session {}

impl Session {
    /// Loads the SavedModel in `folder`: restores its variables and runs its initialisers.
    ///
    /// # Errors
    /// TensorFlow's code and message, in which paths are still to be hidden.
    pub(crate) fn load(
        runtime: &Arc<Runtime>,
        folder: &Path,
        tags: &BTreeSet<String>,
        config: &[u8],
    ) -> Result<(Session, MetaGraph), Status> {
        let folder = c_path(folder)?;
        let tags = tags.iter().map(|tag| CString::new(tag.as_str())).collect::<Result<Vec<_>, _>>();
        let tags = tags.map_err(|_| Status::invalid_argument("a tag holds a zero byte"))?;
        let options = SessionOptions::new(runtime, config)?;
        let meta_graph = BufferHandle::new(runtime);
        let tag_pointers: Vec<*const c_char> = tags.iter().map(|tag| tag.as_ptr()).collect();
        let api = runtime.api();
        let status = StatusHandle::new(api);
        // SAFETY: takes nothing; owned by `loaded` from here on.
        let graph = unsafe { (api.TF_NewGraph)() };
        let mut loaded = Session { runtime: runtime.clone(), graph, session: null_mut() };
        // SAFETY: all arguments live for the call; there is one pointer per tag; graph and buffer are new.
        loaded.session = unsafe {
            (api.TF_LoadSessionFromSavedModel)(
                options.options,
                null(),
                folder.as_ptr(),
                tag_pointers.as_ptr(),
                tag_pointers.len() as c_int,
                graph,
                meta_graph.buffer,
                status.as_ptr(),
            )
        };
        status.into_result()?;
        Ok((loaded, MetaGraph::read(meta_graph.bytes())?))
    }

    /// The tensor called `name`, as signatures spell it: `operation:index`, or `operation` for its first output. An
    /// index has one spelling: `y:00` is no other name of `y:0`.
    pub(crate) fn tensor(&self, name: &str) -> Option<TfOutput> {
        let (operation, index) = name.rsplit_once(':').unwrap_or((name, "0"));
        let index: c_int = index.parse().ok().filter(|number: &c_int| number.to_string() == index)?;
        let operation = CString::new(operation).ok()?;
        let api = self.runtime.api();
        // SAFETY: graph and name are alive; the number of outputs is asked of an operation that was found.
        unsafe {
            let operation = (api.TF_GraphOperationByName)(self.graph, operation.as_ptr());
            let exists = !operation.is_null() && (0..(api.TF_OperationNumOutputs)(operation)).contains(&index);
            exists.then_some(TfOutput { operation, index })
        }
    }

    /// The operation called `name`, as its first output; it need not have one.
    pub(crate) fn operation(&self, name: &str) -> Option<TfOutput> {
        let name = CString::new(name).ok()?;
        // SAFETY: graph and name are alive.
        let operation = unsafe { (self.runtime.api().TF_GraphOperationByName)(self.graph, name.as_ptr()) };
        (!operation.is_null()).then_some(TfOutput { operation, index: 0 })
    }

    /// The operations that `operation` waits for: those whose outputs it takes, and those that must run before it.
    pub(crate) fn inputs_of(&self, operation: *mut TfOperation) -> Vec<*mut TfOperation> {
        let api = self.runtime.api();
        // SAFETY: the operation is of this graph; inputs are asked for by the number that there are, and the buffer has
        // room for the control inputs that there are.
        unsafe {
            let num_inputs = (api.TF_OperationNumInputs)(operation);
            let mut found: Vec<_> =
                (0..num_inputs).map(|index| (api.TF_OperationInput)(TfInput { operation, index }).operation).collect();
            let num_controls = (api.TF_OperationNumControlInputs)(operation);
            let mut controls = vec![null_mut(); num_controls.max(0) as usize];
            (api.TF_OperationGetControlInputs)(operation, controls.as_mut_ptr(), num_controls);
            found.append(&mut controls);
            found
        }
    }

    /// Number of the element type that the graph gives to `tensor`, a tensor of this session.
    pub(crate) fn element_type(&self, tensor: TfOutput) -> i32 {
        // SAFETY: the tensor was found in this graph.
        unsafe { (self.runtime.api().TF_OperationOutputType)(tensor) }
    }

    /// A tensor to feed: the members of `input`, joined.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where TensorFlow does not accept the type and shape.
    pub(crate) fn feed(&self, input: &BatchInput) -> Result<TensorHandle, Status> {
        TensorHandle::feed(&self.runtime, input)
    }

    /// Feeds `values` to `feeds`, computes `fetches` and runs the operations of `targets`.
    ///
    /// # Errors
    /// TensorFlow's code and message; UNKNOWN where it leaves a result out.
    pub(crate) fn run(
        &self,
        options: &[u8],
        feeds: &[TfOutput],
        values: &[TensorHandle],
        fetches: &[TfOutput],
        targets: &[TfOutput],
    ) -> Result<Vec<TensorHandle>, Status> {
        debug_assert_eq!(feeds.len(), values.len());
        let values: SmallVec<[*mut TfTensor; 8]> = values.iter().map(TensorHandle::as_ptr).collect();
        let mut results: SmallVec<[*mut TfTensor; 8]> = SmallVec::from_elem(null_mut(), fetches.len());
        let targets: SmallVec<[*const TfOperation; 2]> =
            targets.iter().map(|target| target.operation.cast_const()).collect();
        let options = TfBuffer::lend(options);
        let api = self.runtime.api();
        let status = StatusHandle::new(api);
        // SAFETY: lists and counts belong together and live for the call; feeds, fetches and targets are of this graph.
        unsafe {
            (api.TF_SessionRun)(
                self.session,
                &options,
                feeds.as_ptr(),
                values.as_ptr(),
                values.len() as c_int,
                fetches.as_ptr(),
                results.as_mut_ptr(),
                results.len() as c_int,
                targets.as_ptr(),
                targets.len() as c_int,
                null_mut(),
                status.as_ptr(),
            );
        }
        // SAFETY: what TensorFlow put there is ours; what it did not fill in is null.
        let taken: Vec<_> =
            results.into_iter().map(|result| unsafe { TensorHandle::from_raw(&self.runtime, result) }).collect();
        status.into_result()?;
        all_given(taken)
    }
}

fn all_given(results: Vec<Option<TensorHandle>>) -> Result<Vec<TensorHandle>, Status> {
    let wanted = results.len();
    let given: Vec<_> = results.into_iter().flatten().collect();
    if given.len() != wanted {
        let message = format!("expected {wanted} results, TensorFlow gave {}", given.len());
        return Err(Status::new(Code::Unknown, message));
    }
    Ok(given)
}

impl Drop for Session {
    fn drop(&mut self) {
        let api = self.runtime.api();
        let status = StatusHandle::new(api);
        // SAFETY: both are owned and not used again; a session that failed to load is null. What TensorFlow says is
        // of no use: everything local is freed in any case.
        unsafe {
            if !self.session.is_null() {
                (api.TF_CloseSession)(self.session, status.as_ptr());
                (api.TF_DeleteSession)(self.session, status.as_ptr());
            }
            (api.TF_DeleteGraph)(self.graph);
        }
        release_freed_memory();
    }
}

/// An owned `TF_SessionOptions`.
struct SessionOptions<'a> {
    runtime: &'a Runtime,
    options: *mut TfSessionOptions,
}

impl<'a> SessionOptions<'a> {
    fn new(runtime: &'a Runtime, config: &[u8]) -> Result<Self, Status> {
        let api = runtime.api();
        // SAFETY: takes nothing; deleted on drop.
        let options = Self { runtime, options: unsafe { (api.TF_NewSessionOptions)() } };
        let status = StatusHandle::new(api);
        // SAFETY: the bytes are copied during the call.
        unsafe { (api.TF_SetConfig)(options.options, config.as_ptr().cast(), config.len(), status.as_ptr()) };
        match status.into_result() {
            Ok(()) => Ok(options),
            Err(_) => Err(Status::invalid_argument("the session configuration is not a tensorflow.ConfigProto")),
        }
    }
}

impl Drop for SessionOptions<'_> {
    fn drop(&mut self) {
        // SAFETY: owned, deleted once.
        unsafe { (self.runtime.api().TF_DeleteSessionOptions)(self.options) };
    }
}

/// An owned `TF_Buffer` for TensorFlow to fill.
struct BufferHandle<'a> {
    runtime: &'a Runtime,
    buffer: *mut TfBuffer,
}

impl<'a> BufferHandle<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        // SAFETY: takes nothing; deleted on drop.
        Self { runtime, buffer: unsafe { (runtime.api().TF_NewBuffer)() } }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: a buffer made by TensorFlow is valid; its memory lives as long as it does.
        unsafe {
            match (*self.buffer).length {
                0 => &[],
                length => std::slice::from_raw_parts((*self.buffer).data.cast(), length),
            }
        }
    }
}

impl Drop for BufferHandle<'_> {
    fn drop(&mut self) {
        // SAFETY: owned, deleted once.
        unsafe { (self.runtime.api().TF_DeleteBuffer)(self.buffer) };
    }
}
