//! Links the protocol crates without std, with a panic handler and an allocator of its own. If one
//! of them, or anything below them, brings std in, there are two panic handlers and no library.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::net::{Ipv4Addr, SocketAddr};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use ice_proto::{IceAgent, IceConfig};
use rendezvous_proto::{Config, Rendezvous};
use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, Verdict};
use sdp_proto::Session;
use stun_proto::Message;
use turn_proto::{PeerPolicy, TurnServer, TurnServerConfig, Users};

/// Gives bytes to something of every crate, so that their code is in the library.
#[unsafe(no_mangle)]
pub extern "C" fn spool_without_std() -> usize {
    let bytes = black_box(b"v=0\r\n".as_slice());
    let parsed =
        usize::from(Session::parse(bytes).is_ok()) + usize::from(Message::parse(bytes).is_ok());
    let seed = black_box([7; 32]);
    let agent = IceAgent::new(IceConfig::default(), seed, SocketIds::root());
    let policy = TurnServerConfig::new(Users::new("realm"), PeerPolicy::global_only());
    let server = TurnServer::new(policy, SocketIds::root(), seed);
    let mut rendezvous = Rendezvous::new(Config::default(), seed);
    let driven = agent.map_or(0, |mut agent| drive(&mut agent, bytes))
        + server.map_or(0, |mut server| drive(&mut server, bytes))
        + drive(&mut rendezvous, bytes);
    parsed + driven
}

/// One input, and what comes of it.
fn drive<M: Machine>(machine: &mut M, bytes: &[u8]) -> usize {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 3478));
    let path = Path::udp(address, address);
    let verdict = machine.handle_input(Instant::ZERO, Input::received(path, bytes));
    let mut outputs = usize::from(verdict == Verdict::Unclaimed);
    while !matches!(machine.poll_output(), Output::Timeout(_)) {
        outputs += 1;
    }
    outputs
}

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
