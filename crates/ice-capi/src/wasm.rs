//! Room in the memory of a module, for who lives outside of it. C has `malloc`.
use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    ptr,
};

/// What everything of this interface is aligned to at most.
const ALIGN: usize = 8;

/// Room for `len` bytes, all zero and aligned for anything of this interface; null if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn spool_ice_alloc(len: usize) -> *mut u8 {
    match Layout::from_size_align(len.max(1), ALIGN) {
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { alloc_zeroed(layout) },
        Err(_) => ptr::null_mut(),
    }
}

/// Gives such room back. Null is passed over.
///
/// # Safety
/// `bytes` is null, or was given for this `len`, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn spool_ice_dealloc(bytes: *mut u8, len: usize) {
    if let Ok(layout) = Layout::from_size_align(len.max(1), ALIGN)
        && !bytes.is_null()
    {
        // SAFETY: as the caller says, it was given for this length, and so with this layout.
        unsafe { dealloc(bytes, layout) };
    }
}
