//! Pointers of the caller, looked at before they are followed.
use crate::Status;
use std::slice;

/// Whether something of this type can be there at all.
fn can_be<T>(pointer: *const T) -> Result<(), Status> {
    if pointer.is_null() || !pointer.is_aligned() { Err(Status::BadPointer) } else { Ok(()) }
}

/// What the pointer points to, as a copy.
///
/// # Safety
/// A pointer that is aligned and not null points to a `T` that can be read, any bytes of which are valid.
pub(crate) unsafe fn read<T: Copy>(pointer: *const T) -> Result<T, Status> {
    can_be(pointer)?;
    // SAFETY: aligned and not null, so the caller's word is that it can be read.
    Ok(unsafe { pointer.read() })
}

/// What the pointer points to, to be changed.
///
/// # Safety
/// A pointer that is aligned and not null points to a `T` that nobody else uses during `'a`.
pub(crate) unsafe fn borrow<'a, T>(pointer: *mut T) -> Result<&'a mut T, Status> {
    can_be(pointer)?;
    // SAFETY: aligned and not null, so the caller's word is that it is there and nobody else's.
    Ok(unsafe { &mut *pointer })
}

/// Whether [`write`] would be done, so that it can be known before anything else is.
pub(crate) fn can_write<T>(pointer: *mut T) -> Result<(), Status> {
    can_be(pointer.cast_const())
}

/// Puts `value` where the pointer points to, whatever was there.
///
/// # Safety
/// A pointer that is aligned and not null points to room for a `T`.
pub(crate) unsafe fn write<T: Copy>(pointer: *mut T, value: T) -> Result<(), Status> {
    can_write(pointer)?;
    // SAFETY: aligned and not null, so the caller's word is that there is room.
    unsafe { pointer.write(value) };
    Ok(())
}

/// `len` things in a row, at most `most`. For none the pointer does not matter.
///
/// # Safety
/// With a `len` of 1 to `most`, a pointer that is aligned and not null points to so many things, any bytes of
/// which are valid, and which nobody changes during `'a`.
pub(crate) unsafe fn slice<'a, T: Copy>(
    pointer: *const T,
    len: usize,
    most: usize,
) -> Result<&'a [T], Status> {
    if len == 0 {
        return Ok(&[]);
    }
    can_be(pointer)?;
    if len > most || len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Status::BadLength);
    }
    // SAFETY: aligned, not null and not beyond what an object may take; the rest is the caller's word.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

#[cfg(test)]
mod tests {
    use super::{borrow, read, slice, write};
    use crate::Status;
    use std::ptr;

    #[test]
    fn what_cannot_be_a_pointer_is_refused() {
        let numbers = [7_u32, 8, 9];
        let crooked = numbers.as_ptr().wrapping_byte_add(1);
        for pointer in [ptr::null(), crooked] {
            // SAFETY: null and crooked pointers are what these functions are for.
            unsafe {
                assert_eq!(read(pointer), Err(Status::BadPointer));
                assert_eq!(slice(pointer, 1, 9), Err(Status::BadPointer));
                assert_eq!(slice(pointer, 0, 9), Ok(&[][..]));
                assert_eq!(write(pointer.cast_mut(), 1), Err(Status::BadPointer));
                assert_eq!(borrow(pointer.cast_mut()), Err(Status::BadPointer));
            }
        }
        // SAFETY: there are three numbers.
        unsafe {
            assert_eq!(read(numbers.as_ptr()), Ok(7));
            assert_eq!(slice(numbers.as_ptr(), 3, 3), Ok(&[7, 8, 9][..]));
            assert_eq!(slice(numbers.as_ptr(), 3, 2), Err(Status::BadLength));
            assert_eq!(slice(numbers.as_ptr(), usize::MAX, usize::MAX), Err(Status::BadLength));
        }
    }
}
