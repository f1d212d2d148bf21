//! Elements of string tensors: TensorFlow keeps an array of 24-byte string objects.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use bytes::Bytes;

use crate::api::Api;

/// One string object. Short texts lie inside it, longer ones in memory that it owns.
#[repr(C, align(8))]
pub(crate) struct TString {
    _bytes: [u8; 24],
}

/// String objects for TensorFlow together with what is needed to free them again.
///
/// A tensor may keep its memory after the run that it was fed to (a variable can hold on to it), so the objects are
/// freed by TensorFlow through [`free_strings`], not by the caller. They own copies: TensorFlow copies a string that
/// merely views other memory as a view, which would outlive it.
pub(crate) struct StringArray {
    items: Box<[MaybeUninit<TString>]>,
}

impl StringArray {
    /// Copies of `texts`, in order.
    pub(crate) fn copy_of<'a>(api: &Api, texts: impl Iterator<Item = &'a Bytes>) -> Self {
        Self { items: texts.map(|text| new_string(api, text)).collect() }
    }

    /// Gives the array away: data and size in bytes. [`free_strings`] takes it back.
    pub(crate) fn into_raw(self) -> (*mut c_void, usize) {
        let size = std::mem::size_of_val(&*self.items);
        (Box::into_raw(self.items).cast(), size)
    }
}

fn new_string(api: &Api, text: &[u8]) -> MaybeUninit<TString> {
    let mut item = MaybeUninit::uninit();
    // SAFETY: the first call initialises the object, the second copies `text.len()` bytes into it. A string object
    // may be moved in memory: it holds no pointer to itself.
    unsafe {
        (api.TF_StringInit)(item.as_mut_ptr());
        (api.TF_StringCopy)(item.as_mut_ptr(), text.as_ptr().cast(), text.len());
    }
    item
}

/// The argument that [`free_strings`] wants.
pub(crate) fn free_strings_argument(api: &Api) -> *mut c_void {
    api.TF_StringDealloc as *mut c_void
}

/// Frees an array made by [`StringArray::into_raw`].
///
/// # Safety
/// `data` and `size` are as `into_raw` gave them, `deallocate` is [`free_strings_argument`]; called once.
pub(crate) unsafe extern "C" fn free_strings(data: *mut c_void, size: usize, deallocate: *mut c_void) {
    // SAFETY: the argument is the address of this function, by contract.
    let deallocate = unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut TString)>(deallocate) };
    let count = size / size_of::<TString>();
    // SAFETY: takes back the box that `into_raw` gave away, with its length.
    let mut items =
        unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data.cast::<MaybeUninit<TString>>(), count)) };
    for item in &mut items {
        // SAFETY: every item was initialised by `new_string`.
        unsafe { deallocate(item.as_mut_ptr()) };
    }
}

/// Copies `count` string objects at `data` into one shared block of memory.
///
/// # Safety
/// `data` points to `count` initialised string objects.
pub(crate) unsafe fn read_strings(api: &Api, data: *const TString, count: usize) -> Vec<Bytes> {
    // SAFETY: by contract; text and size belong to the object, which is not changed meanwhile. An empty text may
    // come with any pointer, which is then not read.
    let text = |at: usize| unsafe {
        let item = data.add(at);
        match (api.TF_StringGetSize)(item) {
            0 => &[],
            size => std::slice::from_raw_parts((api.TF_StringGetDataPointer)(item).cast::<u8>(), size),
        }
    };
    let mut block = Vec::with_capacity((0..count).map(|at| text(at).len()).sum());
    (0..count).for_each(|at| block.extend_from_slice(text(at)));
    let block = Bytes::from(block);
    let mut end = 0;
    let mut next = |at: usize| {
        let start = end;
        end += text(at).len();
        block.slice(start..end)
    };
    (0..count).map(&mut next).collect()
}
