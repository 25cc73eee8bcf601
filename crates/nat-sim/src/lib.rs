//! A deterministic simulator of networks and NATs in virtual time.
//!
//! Two hosts behind two NATs, a server that tells each its outside address, an echo:
//!
//! ```text
//!  alice 10.0.1.2 ── home ── 203.0.113.2 ─┐
//!                                         ├── internet ── 203.0.113.1 server
//!  bob   10.0.2.2 ── flat ── 203.0.113.3 ─┘
//! ```
//!
//! ```
//! use core::time::Duration;
//! use nat_sim::{Host, Nat, Peer, Preset, World};
//!
//! let mut world = World::new(7);
//! let server = world.add_host(Host::on_internet().named("server"))?;
//! let home = world.add_nat(Nat::of(Preset::PortRestrictedCone).named("home"))?;
//! let flat = world.add_nat(Nat::of(Preset::PortRestrictedCone).named("flat"))?;
//! let alice = world.add_host(Host::behind(home).named("alice"))?;
//! let bob = world.add_host(Host::behind(flat).named("bob"))?;
//!
//! // A machine for each host: `Peer` answers what it gets, and sends what it is told to.
//! let reflector = world.install_peer(server, 3478);
//! let a = world.install_peer(alice, 5000);
//! let b = world.install_peer(bob, 5000);
//!
//! // Both ask the server how they are seen.
//! let seen_a = world.ask(a, reflector).expect("the server answers");
//! let seen_b = world.ask(b, reflector).expect("the server answers");
//! assert_eq!(seen_a.ip(), world.outside_addresses(home)[0]);
//!
//! // Alice's packet opens her NAT towards Bob and is filtered by his; Bob's gets in.
//! world.with(a, |peer: &mut Peer, now| peer.send(now, seen_b, "knock"));
//! world.run_for(Duration::from_millis(100));
//! assert!(world.take_events::<Peer>(b).is_empty());
//! world.with(b, |peer: &mut Peer, now| peer.send(now, seen_a, "hello"));
//! world.run_for(Duration::from_millis(100));
//! let heard = world.take_events::<Peer>(a);
//! assert_eq!(heard.last().map(|(_, event)| &event.bytes[..]), Some(&b"hello"[..]));
//! # Ok::<(), nat_sim::TopologyError>(())
//! ```
#![forbid(unsafe_code)]

mod conformance;
mod hosted;
mod link;
mod map;
mod nat;
mod node;
mod observe;
mod packet;
mod peer;
mod rng;
mod stats;
mod tcp;
mod topology;
mod trace;
mod world;

pub use conformance::{Finding, Level, Outcome, Report, conformance};
pub use link::{Bursts, Link, Mtu, Rate, Reordering};
pub use nat::{
    Model,
    behaviour::{
        Behaviour, Dependence, Hairpin, IcmpErrors, Lifetime, Pooling, PortChoice, TcpTimes, Udp,
        Unsolicited, UnsolicitedSyn,
    },
    linux::{ForwardRule, LinuxNat, RouterInput, SourceRule},
    preset::{Preset, UnknownPreset},
};
pub use node::Delivery;
pub use observe::{Observations, Observer, PortFate, observe};
pub use packet::{Body, IcmpError, IcmpFault, IpPacket, Protocol};
pub use peer::{Heard, Peer};
pub use rng::{Chance, Stream};
pub use stats::{DropCause, Stats};
pub use tcp::Segment;
pub use topology::{
    ACCESS_DELAY, BadPrefix, Host, HostId, MachineId, Nat, NatId, Prefix, TopologyError,
};
pub use trace::{Entry, Happening, NodeId};
pub use world::{Target, World};
