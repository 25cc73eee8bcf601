//! The same as a firmware for a Cortex-M4: it links against nothing but what it brings along.
#![no_std]
#![no_main]

use core::ptr;

use no_std_proof::spool_without_std;

unsafe extern "C" {
    // What the linker script says of memory. Only the addresses mean anything.
    static data_load: u32;
    static mut data_start: u32;
    static mut data_end: u32;
    static mut bss_start: u32;
    static mut bss_end: u32;
}

/// Where the processor begins. The script puts the end of the stack before it.
#[used]
#[unsafe(link_section = ".vectors")]
static RESET: extern "C" fn() -> ! = reset;

/// Readies memory, and runs the protocol crates once.
#[unsafe(no_mangle)]
pub extern "C" fn reset() -> ! {
    // SAFETY: the sections are aligned to words, and nobody uses them yet.
    unsafe {
        let data = (&raw const data_end).offset_from_unsigned(&raw const data_start);
        ptr::copy_nonoverlapping(&raw const data_load, &raw mut data_start, data);
        let bss = (&raw const bss_end).offset_from_unsigned(&raw const bss_start);
        ptr::write_bytes(&raw mut bss_start, 0, bss);
    }
    core::hint::black_box(spool_without_std());
    loop {
        core::hint::spin_loop();
    }
}
