//! See `fuzz::ice_mux`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::ice_mux(data));
