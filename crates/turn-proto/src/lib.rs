//! TURN (RFC 8656) client and server as pure state machines.
//!
//! # What TURN is
//!
//! Two hosts behind NATs cannot always be brought to send to each other: where both NATs give a new
//! port to every destination, no address that either could name would be the right one. Then they
//! need somebody in between whom both can reach. TURN (Traversal Using Relays around NAT) is how a
//! client asks for that, and for no more than that:
//!
//! * An **allocation** is an address of the server, the *relayed address*, that stands for the
//!   client. It costs the server a port and bandwidth, so the client logs in for it.
//! * A **permission** lets one peer address send to the client through it, and be sent to. Without
//!   one nothing passes in either direction, as a NAT would have it.
//! * Data travels in **indications**, which name the peer at a cost of 36 bytes a packet, or on a
//!   **channel**, a number that stands for one peer and costs 4.
//! * All of it ends on its own: an allocation after 10 minutes, a permission after 5, a channel
//!   after 10, unless it is refreshed.
//!
//! ```text
//!   client ──────────▶ server 198.51.100.1:3478
//!     ◀──────────────  "you are 198.51.100.1:54321 now"
//!   client ══channel══▶ server ──plain UDP from :54321──▶ peer
//!   client ◀═channel═══ server ◀──plain UDP to :54321──── peer      (peer needs no TURN)
//! ```
//!
//! # When you need to care
//!
//! Whenever connections have to come about, and not only most of the time: between two NATs that
//! give a new port to every destination there is no direct path, and where UDP is blocked there is
//! none to anybody. A relay sees who talks to whom and how much, but not what is said, if the data is encrypted from end to end,
//! as it is in WebRTC. It adds the way over the server to every packet, so it is the last resort:
//! an ICE agent asks for a relayed address as it asks for all the others, and uses it if nothing
//! better works.
//!
//! Whoever runs a server should know that a relay is a way into every network it can reach. So
//! [`PeerPolicy`] denies all but public addresses unless told otherwise, in whatever form they are
//! written, and the server never sends to its own listeners.
//!
//! # How it relates to the others
//!
//! TURN is an extension of STUN: its requests are STUN messages, and `stun-proto` reads, writes and
//! signs them. `ice-proto` owns a [`TurnClient`] for each server and offers its relayed address to
//! the peer as a candidate; the peer sends there as to any other address. SDP carries that
//! candidate like the others and knows nothing of TURN.
//!
//! # What is here
//!
//! * [`TurnClient`]: one allocation on one server, of one family or both, kept alive with its
//!   permissions and channels; it goes along to another local address (RFC 8016), and may relay TCP
//!   instead of datagrams (RFC 6062).
//! * [`TurnServer`]: allocations, permissions, channels and relaying, for any number of clients; it
//!   answers STUN Binding requests too.
//! * [`ChannelData`], [`ChannelNumber`] and [`stream_frame`]: the one message of TURN that is not
//!   STUN, and where it ends on a stream.
//! * [`PeerPolicy`], [`IpPrefix`], [`Users`], [`ThirdParty`], [`RelayAddress`]: what a server is told.
//!
//! Both machines keep the laws of [`sans_io`]. Relayed data is borrowed from the input that it came
//! in: it is neither copied nor queued, and relaying it allocates nothing.
//!
//! # A packet from end to end
//!
//! ```
//! use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, SocketRequest, Verdict};
//! use stun_proto::Credentials;
//! use turn_proto::{
//!     PeerPolicy, RelayAddress, TurnClient, TurnClientConfig, TurnServer, TurnServerConfig, Users,
//! };
//!
//! let users = Users::new("turn").with("user", "password")?;
//! let config = TurnServerConfig::new(users, PeerPolicy::global_only())
//!     .with_listener("198.51.100.1:3478".parse()?)
//!     .with_relay(RelayAddress::new("198.51.100.1".parse()?));
//! let mut server = TurnServer::new(config, SocketIds::root(), [1; 32])?;
//!
//! let path = Path::udp("192.0.2.9:40000".parse()?, "198.51.100.1:3478".parse()?);
//! let login = Credentials::new("user", "password")?;
//! let mut client = TurnClient::new(TurnClientConfig::new(path, login), [2; 32]);
//!
//! // Carries packets between the two until neither has anything to say; opens sockets.
//! let now = Instant::ZERO;
//! let talk = |client: &mut TurnClient, server: &mut TurnServer| loop {
//!     match client.poll_output() {
//!         Output::Timeout(_) => {}
//!         Output::Transmit(t) => {
//!             let _ = server.handle_input(now, Input::received(t.path.reversed(), &t.payload));
//!             continue;
//!         }
//!         _ => continue, // an event
//!     }
//!     match server.poll_output() {
//!         Output::Timeout(_) => break,
//!         Output::Transmit(t) => {
//!             let _ = client.handle_input(now, Input::received(t.path.reversed(), &t.payload));
//!         }
//!         Output::Socket(SocketRequest::Bind { id, local }) => {
//!             let _ = server.handle_input(now, Input::Socket { id, state: Ok(local) });
//!         }
//!         _ => {} // an event
//!     }
//! };
//! client.allocate(now)?;
//! talk(&mut client, &mut server);
//! let relayed = client.relayed().ok_or("no allocation")?;
//!
//! let peer = "8.8.8.8:53".parse()?;
//! client.bind_channel(now, peer)?;
//! talk(&mut client, &mut server);
//!
//! // Towards the peer …
//! let packet = client.send(now, peer, b"hello")?.to_vec();
//! assert_eq!(packet.len(), 4 + 5);
//! let verdict = server.handle_input(now, Input::received(path.reversed(), &packet));
//! let Verdict::Send(onward) = verdict else { return Err("not relayed".into()) };
//! assert_eq!((onward.path, onward.payload), (Path::udp(relayed, peer), &b"hello"[..]));
//!
//! // … and back.
//! let verdict = server.handle_input(now, Input::received(Path::udp(relayed, peer), b"hi"));
//! let Verdict::Send(onward) = verdict else { return Err("not relayed".into()) };
//! let packet = onward.to_vec();
//! let verdict = client.handle_input(now, Input::received(path, &packet));
//! assert!(matches!(verdict, Verdict::Deliver { bytes: b"hi", path, .. } if path.remote() == peer));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod channel;
mod channel_data;
mod client;
mod framing;
mod lifetime;
mod per_family;
mod policy;
mod prefix;
mod seeded;
mod server;

pub use channel::{ChannelNumber, ChannelRange};
pub use channel_data::{CHANNEL_DATA_HEADER, ChannelData, ChannelDataError};
pub use client::{
    AllocateError, ConnectError, ConnectionAttempt, NotAllocated, PeerError, RebindError,
    RefusedFamily, RelayedFamilies, RelayedPort, RelayedTransport, SendError, TurnClient,
    TurnClientConfig, TurnEvent, TurnFault,
};
pub use framing::{stream_frame, stream_frame_in};
pub use lifetime::{CHANNEL_LIFETIME, DEFAULT_LIFETIME, MAX_LIFETIME, PERMISSION_LIFETIME};
pub use policy::PeerPolicy;
pub use prefix::{IpPrefix, PrefixError};
pub use server::{
    AllocationEnd, AlternateTurnServer, Common, ConfigError, Flow, Ledger, LedgerLock, NonceKey,
    RealmChanged, RelayAddress, ThirdParty, Traffic, TurnRealm, TurnServer, TurnServerConfig,
    TurnServerEvent, Users,
};
