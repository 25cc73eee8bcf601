//! ICE (RFC 8445) as a pure state machine: no sockets, no clock, no ambient randomness.
//!
//! # What it is
//!
//! Two programs want to send each other datagrams. Each knows some addresses at which it *may* be
//! reached: those of its interfaces, those that a NAT shows to a STUN server, those of a relay. Which
//! of them really work depends on NATs and firewalls that neither can see. ICE tries all pairs of
//! them, in the order of how good they would be, and makes both programs end up on the same one.
//!
//! [`IceAgent`] is one side of that. It *gathers* [`Candidate`]s, *checks* pairs of them with STUN
//! requests that carry the [`IceCredentials`] of the session, *nominates* one if it is the controlling
//! side, and from then on asks every five seconds for *consent*, which also keeps NATs open.
//!
//! # When you need it
//!
//! Whenever neither side can be sure to have a public address: browsers (WebRTC demands ICE), games,
//! calls, file transfer between homes. A server with a public address does not need it to be reached,
//! unless its clients speak WebRTC.
//!
//! # How it relates to the rest
//!
//! - **STUN** is what checks are made of, and how a server tells an agent what its NAT shows
//!   (`stun-proto`).
//! - **TURN** gives the address of last resort: a server that passes everything on (`turn-proto`).
//!   The agent owns its TURN clients.
//! - **SDP** is one way to tell the peer credentials and candidates (`sdp-proto`). How that gets to
//!   the peer is the application's business.
//! - **NAT** is why all this exists. A NAT lets packets in only where one went out before; both sides
//!   checking at the same time is what opens it from either side.
//!
//! ICE does not encrypt or authenticate data. DTLS or QUIC run on top of it.
//!
//! # Two agents that meet
//!
//! ```
//! use core::time::Duration;
//! use ice_proto::{IceAgent, IceConfig, IceEvent, Role};
//! use sans_io::{Input, Instant, Machine, Output, SocketIds, SocketRequest, Transmit, Verdict};
//! # use std::collections::VecDeque;
//!
//! // Seeds come from the operating system.
//! let agent = |role, seed| {
//!     IceAgent::new(IceConfig { role, ..IceConfig::default() }, [seed; 32], SocketIds::root())
//! };
//! let mut agents = [agent(Role::Controlling, 1)?, agent(Role::Controlled, 2)?];
//! let mut now = Instant::ZERO;
//! let mut wire: VecDeque<(Instant, usize, Transmit)> = VecDeque::new();
//! let mut selected = [None, None];
//!
//! // Drains an agent: opens its sockets, carries its packets (in 25 ms), notes what it tells.
//! macro_rules! drain {
//!     ($i:expr) => {
//!         loop {
//!             match agents[$i].poll_output() {
//!                 Output::Socket(SocketRequest::Bind { id, local }) => {
//!                     let local = std::net::SocketAddr::new(local.ip(), 5000);
//!                     let opened = Input::Socket { id, state: Ok(local) };
//!                     assert_eq!(agents[$i].handle_input(now, opened), Verdict::Consumed);
//!                 }
//!                 Output::Transmit(packet) => {
//!                     wire.push_back((now.saturating_add(Duration::from_millis(25)), 1 - $i, packet));
//!                 }
//!                 Output::Event(IceEvent::Selected(pair)) => selected[$i] = Some((now, pair)),
//!                 Output::Timeout(at) => break at,
//!                 _ => {}
//!             }
//!         }
//!     };
//! }
//!
//! agents[0].gather(now, &["192.0.2.1".parse()?])?;
//! agents[1].gather(now, &["192.0.2.2".parse()?])?;
//! drain!(0);
//! drain!(1);
//!
//! // The descriptions are exchanged; how is up to the application.
//! for i in [0, 1] {
//!     let credentials = agents[1 - i].local_credentials().clone();
//!     let candidates: Vec<_> = agents[1 - i].local_candidates().copied().collect();
//!     let pacing = agents[1 - i].local_pacing();
//!     agents[i].set_remote_pacing(now, Some(pacing));
//!     for candidate in candidates {
//!         agents[i].add_remote_candidate(now, candidate)?;
//!     }
//!     agents[i].set_remote_credentials(now, credentials)?;
//! }
//!
//! // Time passes from one thing to the next.
//! while selected.iter().any(Option::is_none) {
//!     let timers = [drain!(0), drain!(1)];
//!     let arrival = wire.front().map(|(at, ..)| *at);
//!     now = timers.into_iter().chain([arrival]).flatten().min().expect("something is to come");
//!     if arrival.is_some_and(|at| at <= now) {
//!         let (_, to, packet) = wire.pop_front().expect("a packet");
//!         let input = Input::received(packet.path.reversed(), &packet.payload);
//!         assert_eq!(agents[to].handle_input(now, input), Verdict::Consumed);
//!     }
//!     agents[0].handle_timeout(now);
//!     agents[1].handle_timeout(now);
//! }
//!
//! // One and a half round trips for one side, two for the other; the physical bound.
//! assert_eq!(selected[1].map(|(at, _)| at), Some(Instant::from_millis(75)));
//! assert_eq!(selected[0].map(|(at, _)| at), Some(Instant::from_millis(100)));
//!
//! let packet = agents[0].send(now, b"hello")?;
//! let input = Input::received(packet.path.reversed(), packet.payload);
//! let verdict = agents[1].handle_input(now, input);
//! assert!(matches!(verdict, Verdict::Deliver { bytes: b"hello", .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A server
//!
//! [`IceMux`] has one port for all its clients, each of which is a session with an id; lite sessions
//! ([`Implementation::Lite`]) ask nobody, and are enough for a server that everybody can reach.
//!
//! # TCP
//!
//! Some networks let no UDP through. Where [`IceConfig::tcp`] says so there are host candidates over TCP
//! beside those over UDP (RFC 6544): *active* ones connect, *passive* ones listen, and of two that are
//! for a *simultaneous open* both connect. They rank below all over UDP and above relays, and are checked
//! with the others; what works first carries data, UDP has a second to do better, and then the choice is
//! final. When it is made the other connections are closed.
//!
//! Each datagram, of the application or of ICE, is a frame with two bytes of length before it
//! (RFC 4571). The driver opens, accepts and closes what the agent asks for, and splits what it reads
//! with [`frame`](sans_io::Machine::frame); [`IceAgent::send`] gives a packet for the connection.
//! Nothing is sent again over a connection, so datagrams are late where packets are lost, and not lost.
//! In the path of a pair that this side opens from an active candidate the local port is 9, whichever
//! the connection has.
//!
//! | what happens | what follows |
//! |---|---|
//! | a connection cannot be opened within ten seconds, or is refused | its pair has failed |
//! | what answers is no ICE agent | it is closed; all pairs with that candidate have failed |
//! | somebody connects | ten seconds and 8 KB to show to be the peer; sixteen such at a time |
//! | the connection in use is lost | the side that opened it opens it again and checks it; [`IceState::Checking`] and no path meanwhile |
//! | that fails | [`RestartReason::PathLost`] |
//! | a restart | a connection that is there is used, and kept until the new generation has settled |
//!
//! A TURN server may be reached over TCP or TLS as well ([`RelayServer::transport`]), which is what is left
//! where nothing but TCP gets out, and to some port only: the agent asks for a connection for each relay.
//! What a relay lends is for UDP, whichever way it is reached. An [`IceMux`] has no TCP.
//!
//! # When it fails
//!
//! [`IceEvent::RestartNeeded`] says why nothing but a restart can help, and
//! [`IceAgent::explain`] says what was tried on each pair. [`IceAgent::restart`] begins another
//! generation: new credentials, new candidates, on request from new ports
//! ([`RestartSockets::Renewed`]). Data goes on over the old pair, if it works, until both agents have
//! settled on a new one. Whichever side restarts, the other does so when it is told the new
//! credentials with [`IceAgent::set_remote_credentials`], and both may at once.
//!
//! What the application has to do is to signal, without loss and in this order, the credentials of
//! each [`IceEvent::Restarted`] and the candidates that follow it, which are of that generation:
//!
//! ```
//! use ice_proto::{Candidate, IceAgent, IceCredentials, IceEvent};
//! use sans_io::Instant;
//!
//! /// What goes to the peer.
//! enum Signal {
//!     Credentials(IceCredentials),
//!     Candidate { ufrag: String, candidate: Candidate },
//!     EndOfCandidates { ufrag: String },
//! }
//!
//! // `ufrag` begins as that of `IceAgent::local_credentials`.
//! fn signal(ufrag: &mut String, event: IceEvent) -> Option<Signal> {
//!     let of_it = || ufrag.clone();
//!     Some(match event {
//!         IceEvent::Restarted(credentials) => {
//!             *ufrag = credentials.ufrag.to_string();
//!             Signal::Credentials(credentials)
//!         }
//!         IceEvent::Candidate(candidate) => Signal::Candidate { ufrag: of_it(), candidate },
//!         IceEvent::GatheringComplete => Signal::EndOfCandidates { ufrag: of_it() },
//!         _ => return None,
//!     })
//! }
//!
//! // Mistakes of the peer are no reason to end.
//! fn heed(agent: &mut IceAgent, now: Instant, signal: Signal) {
//!     match signal {
//!         Signal::Credentials(credentials) => {
//!             let _ = agent.set_remote_credentials(now, credentials);
//!         }
//!         Signal::Candidate { ufrag, candidate } => {
//!             let _ = agent.add_remote_candidate_of(now, &ufrag, candidate);
//!         }
//!         Signal::EndOfCandidates { ufrag } => agent.end_of_remote_candidates_of(now, &ufrag),
//!     }
//! }
//! ```
//!
//! With [`Restarts::WhenNeeded`] an agent restarts by itself, and [`IceAgent::on_network_change`] tells
//! it that the host has other addresses. How long both sides of a call are without data that way,
//! simulated, from when the network is as it should be; signals take 50 ms, packets 12.5 ms to the
//! internet, and where packets are lost that is what each host sends:
//!
//! | what happens | no loss | 10 % | 30 % |
//! |---|---:|---:|---:|
//! | nothing gets through for 45 s, signals included | 80 ms | 80 to 215 ms | 130 ms to 1.1 s |
//! | the same, but signals get through all the time | 0.7 to 2.0 s | 0.9 to 2.0 s | 1.0 to 4.3 s |
//! | a phone goes from a home to a carrier | 450 ms | 450 to 610 ms | 580 ms to 2.0 s |
//! | a laptop wakes after a minute | 165 ms | 165 to 370 ms | 300 ms to 0.9 s |
//! | a router forgets its mappings | 8 ms | 20 to 25 ms | 35 to 55 ms |
//! | a router gets another address | 13.8 to 14.5 s | 13.9 to 14.8 s | 14.0 to 16.0 s |
//! | the relay of both forgets its allocations | 14.4 to 14.9 s | 14.6 to 17.5 s | 14.9 to 30.3 s |
//!
//! The first figure is the median and the second the worst of 50 calls, of 200 in the first row. The
//! last two rows are what it takes to be sure that the peer is silent: three requests for consent.
//!
//! Where many packets are lost for long some sessions end by the letter of RFC 7675: consent is asked
//! for every four to six seconds, and ends when nothing is answered for thirty. Of 300 simulated
//! sessions 3 ended within ten minutes where each packet was lost with a chance of 10 %, 96 at 20 % and
//! 257 at 30 %.
//!
//! # How it is built
//!
//! Each noun of RFC 8445 owns its state and stands in a file of its own; what happens between them
//! stands in the folder of the machine that owns them.
//!
//! | file | what it owns |
//! |---|---|
//! | `locals`, `remotes` | the candidates of both sides, by ids of their own |
//! | `pair`, `check_list` | the pairs, their states, and which of them is checked next |
//! | `checks` | the requests that wait for an answer, and when they are sent again |
//! | `nomination`, `consent` | the choice of this side; the timers by which the peer is asked |
//! | `phase`, `opening`, `pace` | how far the session is; what may be sent at first; how fast |
//! | `messages`, `pending`, `role`, `credentials` | bytes; checks that came early; who decides; keys |
//! | `session/` | [`IceSession`]: what a request, an answer, a candidate, a slot and a timer do to these |
//! | `gathering/` | [`Gathering`]: sockets, mappings and relays, and the servers that are asked |
//! | `gathering/tcp/` | listeners, connections with what is known of who is at the other end, frames |
//! | `gathering/streams`, `session/streams`, `agent/streams` | what connections do to gathering and to pairs, and what sessions say of them |
//! | `pacer` | Ta, for all of them |
//! | `agent/` | [`IceAgent`]: which input is whose, and what one part tells the other |
//! | `agent/restart`, `session/restart`, `gathering/renewal` | two generations side by side |
//! | `session/lite` | what a lite agent does instead of checking |
//! | `generations` | the newest session of a stream, and the one before it |
//! | `mux/` | [`IceMux`]: many of these over one gathering, and which packet is whose |
//!
//! A packet goes one way: [`IceAgent`] offers it to [`Gathering`], which takes what its servers and
//! relays sent and unwraps what came through a relay or over a connection; the rest is the session's. `session/requests`
//! answers a check and lets the list queue one in return; `session/responses` takes the request out
//! of `checks`, and a success makes its pair valid. After each input `settle` lets `nomination`
//! decide, tells the application what changed, and computes the deadline; the agent then gives the
//! pacer's slot to whoever wants it first. What is sent waits in one queue until it is polled.
//!
//! A restart puts a second session beside the first, over the same gathering, and there are never
//! more than these two. A request is for the session that its user name names, an answer for the one
//! that has its question, and data is taken on the paths of both. The old one carries data until the
//! new one has settled, or the peer sends over a pair of the new one; then it asks for nothing any
//! more, and answers the peer until that has no use for it.
//!
//! # What it leaves out
//!
//! One stream with one component: BUNDLE and rtcp-mux are assumed. Server-reflexive and relayed
//! candidates over TCP are left out for the reasons in `spec/rfc6544.md`; mDNS names and renomination
//! are not there yet. A better address that appears while
//! a pair is in use is not moved to by itself: who wants it calls [`IceAgent::restart`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod agent;
mod base;
mod candidate;
mod check_list;
mod checks;
mod config;
mod consent;
mod credentials;
mod event;
mod explain;
mod foundation;
mod gathering;
mod generations;
mod ids;
mod locals;
mod messages;
mod mux;
mod nomination;
mod opening;
mod pace;
mod pacer;
mod pair;
mod pending;
mod phase;
mod priority;
mod remotes;
mod role;
#[cfg(feature = "sdp")]
mod sdp;
mod session;
mod stats;
mod transport;

pub use agent::{IceAgent, SendError};
pub use base::Base;
pub use candidate::{AddCandidateError, COMPONENT, Candidate, CandidateKind};
pub use config::{
    CandidatePolicy, ConfigError, IceConfig, Implementation, Profile, RelayServer, RelayTransport,
    Restarts, TcpCandidates,
};
pub use credentials::{CredentialsError, IceCredentials};
pub use event::{
    GatheringFailure, GatheringFault, IceEvent, IceState, RestartReason, SelectedPair,
};
pub use explain::{Explanation, Finding};
pub use foundation::{Foundation, FoundationError};
pub use gathering::{ConnectionFault, GatherError, Gathering, GatheringEvent, RestartSockets};
pub use ids::PairId;
pub use locals::LocalCandidate;
pub use mux::{AddSessionError, IceMux, MuxConfig, MuxEvent, SessionId};
pub use pacer::Pacer;
pub use pair::{PairCounters, PairFailure, PairState};
pub use role::Role;
#[cfg(feature = "sdp")]
pub use sdp::CandidateTextError;
pub use session::IceSession;
pub use stats::PairStats;
pub use transport::{CandidateTransport, TcpType};
