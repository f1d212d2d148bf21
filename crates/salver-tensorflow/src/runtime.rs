//! The opened TensorFlow libraries.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use salver_core::Status;

use crate::api::Api;
use crate::model_files::c_path;
use crate::status::{StatusHandle, without_paths};

/// TensorFlow, ready to load models. One is enough for a process; opening the same files again is cheap.
pub struct Runtime {
    api: Api,
}

impl Runtime {
    /// Opens the shared libraries of a TensorFlow installation, dependencies first.
    ///
    /// Takes some tenths of a second and stays for the life of the process: dropping the runtime closes nothing.
    ///
    /// # Errors
    /// FAILED_PRECONDITION naming the package and what is missing: a file, or a function of the C API.
    pub fn open(libraries: &[PathBuf]) -> Result<Arc<Runtime>, Status> {
        Ok(Arc::new(Runtime { api: Api::open(libraries)? }))
    }

    /// TensorFlow's version, for example `2.21.0`.
    pub fn version(&self) -> String {
        // SAFETY: takes nothing and returns a static NUL-terminated text.
        let text = unsafe { CStr::from_ptr((self.api.TF_Version)()) };
        text.to_string_lossy().into_owned()
    }

    /// Loads a library of custom operations; its operations and kernels are there for every model loaded later.
    ///
    /// # Errors
    /// TensorFlow's code; the message names the library's file without its folder.
    pub fn load_library(&self, path: &Path) -> Result<(), Status> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let c_path = c_path(path)?;
        let status = StatusHandle::new(&self.api);
        // SAFETY: both arguments live for the call. The handle that comes back owns only a list of operations,
        // which stays allocated with the library itself.
        unsafe { (self.api.TF_LoadLibrary)(c_path.as_ptr(), status.as_ptr()) };
        status.into_result().map_err(|error| {
            let folder = path.parent().unwrap_or(Path::new(""));
            Status::new(
                error.code,
                format!("cannot load operations of {name}: {}", without_paths(&error.message, &[folder])),
            )
        })
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }
}
