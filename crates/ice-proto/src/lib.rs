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
//! # When it fails
//!
//! [`IceEvent::RestartNeeded`] says why nothing but a restart can help, and
//! [`IceAgent::explain`] says what was tried on each pair. A restart is a new agent on each side: new
//! credentials, new local ports, new candidates. The old agent may go on carrying data until the new
//! one has found its pair; then it is closed.
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
//! | `pacer` | Ta, for all of them |
//! | `agent/` | [`IceAgent`]: which input is whose, and what one part tells the other |
//!
//! A packet goes one way: [`IceAgent`] offers it to [`Gathering`], which takes what its servers and
//! relays sent and unwraps what came through a relay; the rest is the session's. `session/requests`
//! answers a check and lets the list queue one in return; `session/responses` takes the request out
//! of `checks`, and a success makes its pair valid. After each input `settle` lets `nomination`
//! decide, tells the application what changed, and computes the deadline; the agent then gives the
//! pacer's slot to whoever wants it first. What is sent waits in one queue until it is polled.
//!
//! # What it leaves out
//!
//! One stream with one component: BUNDLE and rtcp-mux are assumed. Candidates over TCP, mDNS names,
//! renomination, being ICE-lite, and many agents on one socket are not there yet.
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
mod ids;
mod locals;
mod messages;
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

pub use agent::{IceAgent, SendError};
pub use base::Base;
pub use candidate::{AddCandidateError, COMPONENT, Candidate, CandidateKind};
pub use config::{
    CandidatePolicy, ConfigError, IceConfig, Implementation, Profile, RelayServer, Restarts,
};
pub use credentials::{CredentialsError, IceCredentials};
pub use event::{
    GatheringFailure, GatheringFault, IceEvent, IceState, RestartReason, SelectedPair,
};
pub use explain::{Explanation, Finding};
pub use foundation::{Foundation, FoundationError};
pub use gathering::{GatherError, Gathering, GatheringEvent, RestartSockets};
pub use ids::PairId;
pub use locals::LocalCandidate;
pub use pacer::Pacer;
pub use pair::{PairCounters, PairFailure, PairState};
pub use role::Role;
#[cfg(feature = "sdp")]
pub use sdp::CandidateTextError;
pub use session::IceSession;
pub use stats::PairStats;
