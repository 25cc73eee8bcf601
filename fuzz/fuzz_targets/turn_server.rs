//! See `fuzz::turn_server`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::turn_server(data));
