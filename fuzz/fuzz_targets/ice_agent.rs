//! See `fuzz::ice_agent`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::ice_agent(data));
