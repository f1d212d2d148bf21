//! Memory that is free again, but kept by the C allocator.

/// Gives freed memory back to the system: for rare and large changes, such as the load or unload of a model.
///
/// Loading needs several times the size of a graph for a moment, and glibc keeps most of it: after a model of 62 MB
/// was loaded and dropped, 245 MB stayed with the process without this call.
pub(crate) fn release_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: a function of glibc that may be called by any thread at any time.
        unsafe { malloc_trim(0) };
    }
}
