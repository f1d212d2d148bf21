//! The part of TensorFlow's C API that is used here, resolved by name in opened libraries.
//!
//! Types and functions keep TensorFlow's names. Pointers to opaque types are only ever handed back to TensorFlow.

use std::ffi::{c_char, c_int, c_void};
use std::path::PathBuf;

use libloading::Library;
use salver_core::{Code, Status};

use crate::tstring::TString;

/// Declares types that only TensorFlow looks into.
macro_rules! opaque {
    ($($name:ident),*) => { $(
        #[repr(C)]
        pub(crate) struct $name { _private: [u8; 0] }
    )* };
}

opaque!(TfGraph, TfLibrary, TfOperation, TfSession, TfSessionOptions, TfStatus, TfTensor);

/// One output of an operation: a tensor of the graph.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TfOutput {
    pub(crate) operation: *mut TfOperation,
    pub(crate) index: c_int,
}

// SAFETY: an operation is an immutable part of a graph that outlives every `TfOutput` kept beside its session.
unsafe impl Send for TfOutput {}
// SAFETY: as above; the pointer is never written through.
unsafe impl Sync for TfOutput {}

/// One input of an operation.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct TfInput {
    pub(crate) operation: *mut TfOperation,
    pub(crate) index: c_int,
}

/// Bytes lent to or given by TensorFlow; a layout that the C header publishes.
#[repr(C)]
pub(crate) struct TfBuffer {
    pub(crate) data: *const c_void,
    pub(crate) length: usize,
    pub(crate) deallocator: Option<unsafe extern "C" fn(*mut c_void, usize)>,
}

impl TfBuffer {
    /// A buffer over memory that stays the caller's.
    pub(crate) fn lend(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr().cast(), length: bytes.len(), deallocator: None }
    }
}

/// Frees the memory of a tensor: data, length, argument.
pub(crate) type Deallocator = unsafe extern "C" fn(*mut c_void, usize, *mut c_void);

macro_rules! functions {
    ($(fn $name:ident($($arg:ty),* $(,)?) $(-> $ret:ty)?;)*) => {
        /// Addresses of the functions. Valid for the life of the process: the libraries are never closed.
        #[allow(non_snake_case)]
        pub(crate) struct Api {
            $(pub(crate) $name: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
        }

        impl Api {
            /// Finds every function in `libraries`.
            fn resolve(libraries: &[Library]) -> Result<Api, Status> {
                Ok(Api {
                    // SAFETY: each type is the one that TensorFlow's C headers declare for this name.
                    $($name: unsafe { find(libraries, stringify!($name)) }?,)*
                })
            }
        }
    };
}

functions! {
    fn TF_Version() -> *const c_char;
    fn TF_LoadLibrary(*const c_char, *mut TfStatus) -> *mut TfLibrary;

    fn TF_NewStatus() -> *mut TfStatus;
    fn TF_DeleteStatus(*mut TfStatus);
    fn TF_GetCode(*const TfStatus) -> c_int;
    fn TF_Message(*const TfStatus) -> *const c_char;

    fn TF_NewBuffer() -> *mut TfBuffer;
    fn TF_DeleteBuffer(*mut TfBuffer);

    fn TF_NewTensor(c_int, *const i64, c_int, *mut c_void, usize, Deallocator, *mut c_void) -> *mut TfTensor;
    fn TF_AllocateTensor(c_int, *const i64, c_int, usize) -> *mut TfTensor;
    fn TF_DeleteTensor(*mut TfTensor);
    fn TF_TensorType(*const TfTensor) -> c_int;
    fn TF_NumDims(*const TfTensor) -> c_int;
    fn TF_Dim(*const TfTensor, c_int) -> i64;
    fn TF_TensorByteSize(*const TfTensor) -> usize;
    fn TF_TensorData(*const TfTensor) -> *mut c_void;

    fn TF_StringInit(*mut TString);
    fn TF_StringCopy(*mut TString, *const c_char, usize);
    fn TF_StringDealloc(*mut TString);
    fn TF_StringGetDataPointer(*const TString) -> *const c_char;
    fn TF_StringGetSize(*const TString) -> usize;

    fn TF_NewGraph() -> *mut TfGraph;
    fn TF_DeleteGraph(*mut TfGraph);
    fn TF_GraphOperationByName(*mut TfGraph, *const c_char) -> *mut TfOperation;
    fn TF_OperationNumOutputs(*mut TfOperation) -> c_int;
    fn TF_OperationOutputType(TfOutput) -> c_int;
    fn TF_OperationNumInputs(*mut TfOperation) -> c_int;
    fn TF_OperationInput(TfInput) -> TfOutput;
    fn TF_OperationNumControlInputs(*mut TfOperation) -> c_int;
    fn TF_OperationGetControlInputs(*mut TfOperation, *mut *mut TfOperation, c_int) -> c_int;

    fn TF_NewSessionOptions() -> *mut TfSessionOptions;
    fn TF_DeleteSessionOptions(*mut TfSessionOptions);
    fn TF_SetConfig(*mut TfSessionOptions, *const c_void, usize, *mut TfStatus);
    fn TF_LoadSessionFromSavedModel(
        *const TfSessionOptions, *const TfBuffer, *const c_char, *const *const c_char, c_int,
        *mut TfGraph, *mut TfBuffer, *mut TfStatus,
    ) -> *mut TfSession;
    fn TF_CloseSession(*mut TfSession, *mut TfStatus);
    fn TF_DeleteSession(*mut TfSession, *mut TfStatus);
    fn TF_SessionRun(
        *mut TfSession, *const TfBuffer,
        *const TfOutput, *const *mut TfTensor, c_int,
        *const TfOutput, *mut *mut TfTensor, c_int,
        *const *const TfOperation, c_int,
        *mut TfBuffer, *mut TfStatus,
    );
}

impl Api {
    /// Opens `libraries` in this order and finds all functions. The libraries stay open: TensorFlow has threads
    /// and registries that do not survive being closed.
    ///
    /// Names are visible to these libraries only (`RTLD_LOCAL`): opened globally they replace functions of other
    /// C++ extensions in the process. Addresses are bound on first use (`RTLD_LAZY`), which is the faster way here.
    ///
    /// # Errors
    /// FAILED_PRECONDITION naming the library or the function that is missing.
    pub(crate) fn open(libraries: &[PathBuf]) -> Result<Api, Status> {
        let opened = libraries.iter().map(open_library).collect::<Result<Vec<_>, _>>()?;
        let api = Api::resolve(&opened);
        opened.into_iter().for_each(std::mem::forget);
        api
    }
}

fn open_library(path: &PathBuf) -> Result<Library, Status> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !path.is_file() {
        return Err(unusable(&format!("it has no {name}")));
    }
    // SAFETY: TensorFlow's libraries run their initialisers here; they are meant to be opened by name.
    unsafe { Library::new(path) }.map_err(|_| unusable(&format!("{name} cannot be opened on this system")))
}

/// Address of function `name` in the first library that has it.
///
/// # Safety
/// `F` is a function pointer with the signature that the library gives this name.
unsafe fn find<F: Copy>(libraries: &[Library], name: &str) -> Result<F, Status> {
    libraries
        .iter()
        // SAFETY: the caller vouches for the type.
        .find_map(|library| unsafe { library.get::<F>(name) }.ok().map(|symbol| *symbol))
        .ok_or_else(|| unusable(&format!("its libraries have no function {name}")))
}

fn unusable(reason: &str) -> Status {
    Status::new(
        Code::FailedPrecondition,
        format!("SavedModels need TensorFlow's libraries of the package tensorflow-cpu, but {reason}"),
    )
}
