//! Links the protocol crates without std, with a panic handler and an allocator of its own. If one
//! of them, or anything below them, brings std in, there are two panic handlers and no library.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use ice_proto as _;
use sans_io as _;
use sdp_proto as _;
use stun_proto as _;
use turn_proto as _;

#[panic_handler]
fn stop(_: &PanicInfo<'_>) -> ! {
    loop {}
}

const ARENA_LEN: usize = 1 << 20;

#[repr(align(16))]
struct Arena(core::cell::UnsafeCell<[u8; ARENA_LEN]>);

// SAFETY: the bytes are only handed out by `Bump`, each of them once.
unsafe impl Sync for Arena {}

static ARENA: Arena = Arena(core::cell::UnsafeCell::new([0; ARENA_LEN]));

/// Hands out memory from the start of the arena to its end, and takes none back.
struct Bump {
    used: AtomicUsize,
}

// SAFETY: every block lies inside the arena, is aligned as asked, and overlaps no other: `used` only
// grows, and only past the block that was handed out.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = ARENA.0.get().cast::<u8>();
        let block = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let start = (base as usize + used).next_multiple_of(layout.align()) - base as usize;
            start.checked_add(layout.size()).filter(|end| *end <= ARENA_LEN)
        });
        match block {
            // SAFETY: the end of the block is at most the end of the arena.
            Ok(used) => unsafe {
                base.add((base as usize + used).next_multiple_of(layout.align()) - base as usize)
            },
            Err(_) => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump { used: AtomicUsize::new(0) };
