//! The contract between a protocol machine and whoever drives it: no sockets, no clock, no
//! randomness, no threads, no async.
//!
//! A *machine* is a protocol implementation that only computes. A *driver* owns the sockets and
//! the clock. The two speak through one trait, [`Machine`], so one driver, one simulator, one
//! fuzzer and one law checker serve every machine there is.
//!
//! # The run loop
//!
//! 1. Something happens: a datagram arrives, a socket opens, a name is looked up, the deadline
//!    passes, or the application calls a command such as `agent.add_remote_candidate(now, …)`.
//! 2. The driver tells the machine with [`Machine::handle_input`], giving the time. It gets a
//!    [`Verdict`]: whose the bytes were, and whether they are to be passed on.
//! 3. The driver calls [`Machine::poll_output`] until it returns [`Output::Timeout`], and does what
//!    each output says: send, open, look up, tell the application.
//! 4. The driver acts on the verdict of step 2: hands [`Verdict::Deliver`] to the application, or
//!    sends [`Verdict::Send`]. (For datagrams 3 and 4 may be swapped; on streams the order keeps
//!    bytes in sequence.)
//! 5. The driver sleeps until something happens or until the deadline inside `Output::Timeout`,
//!    whichever is first. When the deadline passed it calls [`Machine::handle_timeout`].
//! 6. Back to 1.
//!
//! ```
//! use core::time::Duration;
//! use sans_io::{Clock, DropReason, Input, Instant, Machine, Output, Verdict};
//!
//! /// Says "tick" every second, and wants no input.
//! #[derive(Default)]
//! struct Ticker {
//!     clock: Clock,
//!     due: Instant,
//!     ticks: u32,
//! }
//!
//! impl Machine for Ticker {
//!     type Event = &'static str;
//!     fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
//!         let now = self.clock.tick(now);
//!         if now >= self.due {
//!             self.ticks += 1;
//!             self.due = now.saturating_add(Duration::from_secs(1));
//!         }
//!         match input {
//!             Input::Timeout => Verdict::Consumed,
//!             Input::Received { bytes: [], .. } => Verdict::Dropped(DropReason::Malformed),
//!             _ => Verdict::Unclaimed,
//!         }
//!     }
//!     fn poll_output(&mut self) -> Output<&'static str> {
//!         if self.ticks > 0 {
//!             self.ticks -= 1;
//!             return Output::Event("tick");
//!         }
//!         Output::Timeout(Some(self.due))
//!     }
//! }
//!
//! let mut machine = Ticker::default();
//! let mut now = Instant::from_secs(10);
//! let mut ticks = 0;
//! for _ in 0..3 {
//!     machine.handle_timeout(now);
//!     loop {
//!         match machine.poll_output() {
//!             Output::Event(_) => ticks += 1,
//!             Output::Timeout(Some(at)) => break now = at, // a real driver sleeps here
//!             other => unreachable!("{other:?}"),
//!         }
//!     }
//! }
//! assert_eq!(ticks, 3);
//! ```
//!
//! # Streams
//!
//! On TCP and TLS the driver keeps what it has read in a buffer and asks [`next_frame`] where the
//! first frame ends. It offers whole frames only, as [`Input::Received`], so machines hold no
//! buffers and copy nothing.
//!
//! # The laws
//!
//! Every machine keeps these. `laws` (feature `laws`) checks them for any machine.
//!
//! 1. **Pure.** The same seed, configuration and inputs give the same outputs, byte for byte.
//! 2. **Ends.** After any input the drain reaches `Timeout` within a bound that the machine states.
//! 3. **Rest is rest.** Polling again at rest gives the same `Timeout` and nothing else.
//! 4. **Forward.** After an input at `now` and a drain, a deadline is later than `now`.
//! 5. **Early is harmless.** A wake-up before the deadline changes nothing; after a late one laws
//!    2, 4 and 8 still hold.
//! 6. **Time never runs back.** An older `now` counts as the newest one seen.
//! 7. **Late drains change nothing.** Up to a declared number of inputs may come before a drain;
//!    the order of what goes out is kept per path.
//! 8. **Bounded.** Queues and maps stay within the machine's configuration.
//! 9. **No bytes panic.**
//! 10. **`Err` means nothing happened.** A command that fails did no more than a timeout at the
//!     same `now` would have done.
//! 11. **Idle is O(1).** A poll at rest costs the same however much state there is (a bench, not a
//!     test).
//! 12. **Cuts are invisible.** Where a stream is cut into reads makes no difference.
//!
//! # What comes from where
//!
//! | fault | how it shows |
//! |---|---|
//! | hostile or broken bytes | [`Verdict::Dropped`] and a counter; never an error, event or panic |
//! | an outcome of the protocol | an event of the machine, with a closed reason enum |
//! | the caller's mistake, a limit | `Err` of the command's own error enum |
//! | a bug of ours | `debug_assert!`; a release build drops and counts |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "laws")]
extern crate std;

mod children;
mod clock;
mod drops;
mod frame;
mod input;
mod instant;
#[cfg(feature = "laws")]
pub mod laws;
mod lookup;
mod machine;
mod outbox;
mod output;
mod packet;
mod path;
mod slab;
mod small_map;
mod socket;
mod timers;
mod verdict;

pub use children::{ChildId, Children};
pub use clock::Clock;
pub use drops::{DropCounters, DropReason};
pub use frame::{Frame, MAX_FRAME, NextFrame, next_frame};
pub use input::Input;
pub use instant::Instant;
pub use lookup::{LookupAnswer, LookupFault, LookupId, LookupKind, LookupRequest};
pub use machine::Machine;
pub use outbox::{Outbox, OutboxFull};
pub use output::{Output, Transmit};
pub use packet::{HEAD_MAX, PAD_MAX, Packet, PacketMeta};
pub use path::{Path, Transport, canonical};
pub use slab::{Slab, SlabKey};
pub use small_map::SmallMap;
pub use socket::{CertificateFault, PathFault, SocketFault, SocketId, SocketIds, SocketRequest};
pub use timers::Timers;
pub use verdict::Verdict;
