//! See `fuzz::stun_parse`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stun_parse(data));
