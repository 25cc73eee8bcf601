//! See `fuzz::nat_scenario`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::nat_scenario(data));
