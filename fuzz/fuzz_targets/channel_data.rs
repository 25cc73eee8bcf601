//! See `fuzz::channel_data`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::channel_data(data));
