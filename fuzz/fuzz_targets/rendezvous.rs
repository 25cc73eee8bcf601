//! See `fuzz::rendezvous`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::rendezvous(data));
