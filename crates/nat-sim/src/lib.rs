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
//! world.keep_log(); // for the picture
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
//!
//! // The picture: who sent what to whom, and what was dropped and why, as an SVG.
//! let picture = world.sequence_diagram(100);
//! assert!(picture.starts_with("<svg") && picture.contains("filtered by the NAT"));
//! # Ok::<(), nat_sim::TopologyError>(())
//! ```
//!
//! # What is a NAT, and when do I need to care?
//!
//! A network address translator lets many hosts share one public address. When a host sends, the
//! NAT picks a public port for its socket, a *mapping*, and sends the packet on from there; answers
//! that come to that port go back to the host. Packets that nobody asked for go nowhere. So a
//! client reaches a server without noticing, but two hosts behind NATs cannot simply call each
//! other: neither knows its own public address, and whoever sends first is turned away.
//!
//! Whether and how they meet depends on three choices of each NAT ([`Behaviour`]):
//!
//! | choice | question | if the answer is "yes" |
//! |---|---|---|
//! | [mapping](Behaviour::mapping) | does a socket get another port for each destination? | what a server says of the port is of no use to anybody else |
//! | [filtering](Behaviour::filtering) | must the host have sent to whoever wants in? | both sides have to send, at about the same time |
//! | [lifetime](Behaviour::lifetime) | does a mapping end when it is idle? | somebody has to keep it alive |
//!
//! You need to care as soon as two programs that are not servers want to talk to each other, and as
//! soon as a connection should outlive half a minute of silence.
//!
//! # What STUN, TURN and ICE do about it
//!
//! *STUN* asks a server which mapping a socket has (what `ask` does above). *TURN* gives a socket a
//! public address on a relay, for pairs of NATs that nothing else helps. *ICE* gathers all addresses
//! of both sides and tries every pair of them, both sides at once, until packets flow. Their
//! machines are in `stun-proto`, `turn-proto` and `ice-proto`; this crate knows nothing of them. It
//! is the network that they are tried on: a [`World`] runs anything that is a
//! [`Machine`](sans_io::Machine), in virtual time, and the same [seed](World::new) does exactly the
//! same again, which [`World::trace_hash`] shows.
//!
//! # What there is
//!
//! - [`Host`], [`Nat`] and [`Link`]: the topology, written down as one says it; nested NATs, several
//!   interfaces, IPv6 behind firewalls; delay, jitter, loss, bursts, reordering, rate and MTU for
//!   each direction.
//! - [`Preset`] for NATs by name, [`Behaviour`] for the choices one by one, [`LinuxNat`] for the
//!   algorithm of the Linux kernel, which is none of these combinations.
//! - [`World::run_until_event`], [`World::at`], [`World::take_events`] to drive machines and to look
//!   at what they say; [`World::reboot_nat`], [`World::roam`], [`World::cut`],
//!   [`World::jump_clock`] to make things fail.
//! - [`World::ping`] to ask whether an address is there, as people do.
//! - [`Scenario`]: all that as data and as text. [`World::write_pcapng`] and
//!   [`World::sequence_diagram`] to look at a run.
//! - [`observe`] names what a NAT does, [`conformance`] which requirements of the RFCs it meets, and
//!   [`World::direct_path_possible`] whether two sockets could meet at all.
//!
//! # What is simplified
//!
//! Fragments travel as the one packet that they make. There is no TLS, no DNS but a table, no
//! congestion control. Routers answer at once.
#![forbid(unsafe_code)]

mod conformance;
mod diagram;
mod hosted;
mod link;
mod map;
mod nat;
mod node;
mod observe;
mod oracle;
mod packet;
mod pcapng;
mod peer;
mod ping;
mod population;
mod rng;
mod scenario;
mod sockets;
mod stats;
mod tcp;
mod topology;
mod trace;
mod wire;
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
    nat64::{BadPref64, Pref64},
    preset::{Preset, UnknownPreset},
};
pub use node::Delivery;
pub use observe::{
    Observations, Observer, PortFate, TcpObservations, UnsolicitedFate, observe, observe_tcp,
};
pub use packet::{Body, IcmpError, IcmpFault, IpPacket, Protocol};
pub use peer::{Heard, Peer};
pub use ping::{Echo, Pong};
pub use population::{Access, Class, Population};
pub use rng::{Chance, Stream};
pub use scenario::{
    Fault, HostPlan, NatPlan, Place, Running, Scenario, ScenarioError, ScenarioFault, Tweak,
};
pub use stats::{DropCause, Stats};
pub use tcp::Segment;
pub use topology::{
    ACCESS_DELAY, BadPrefix, Host, HostId, Jump, MachineId, Nat, NatId, Prefix, TopologyError,
};
pub use trace::{Entry, Happening, NodeId};
pub use world::{Target, World};
