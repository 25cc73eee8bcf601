//! See `fuzz::turn_client`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::turn_client(data));
