//! See `fuzz::stun_round_trip`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::stun_round_trip(data));
