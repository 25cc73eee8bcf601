//! The interface as others meet it: its header, programs in other languages, and callers who err.
#![expect(unsafe_code, reason = "what is tested is called with pointers")]
#![expect(clippy::print_stderr, reason = "a test that does not run says why")]

mod header;
mod hostile;
mod programs;
mod restart;
mod tools;
mod world;
