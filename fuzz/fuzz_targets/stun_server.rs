//! See `fuzz::stun_server`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stun_server(data));
