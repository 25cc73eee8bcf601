//! See `fuzz::stun_client`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stun_client(data));
