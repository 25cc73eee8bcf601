//! See `fuzz::sdp_parse`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sdp_parse(data));
