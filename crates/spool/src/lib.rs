//! Connects two devices behind NATs: the tokio adapter over the protocol machines.
//!
//! The machines of this workspace (ICE, STUN, TURN, SDP) only compute. This crate gives them
//! sockets, a clock, names and interfaces, and an API for programs that just want to be connected.
//!
//! - [`Agent`]: describe yourself, hear the other's description, get a [`Connection`] or an error
//!   that says what was tried on each pair of addresses and what it means.
//! - [`TurnService`]: a STUN and TURN server in a task; [`guide`] tells how to run one for others.
//! - [`driver`]: runs any [`sans_io::Machine`], for those who build something else.
//!
//! ```
//! use spool::{Agent, Connection};
//!
//! /// One side; `tell` and `hear` carry text to and from the other, by whatever way there is.
//! async fn call(
//!     tell: impl AsyncFn(String),
//!     hear: impl AsyncFn() -> String,
//! ) -> Result<Connection, Box<dyn std::error::Error>> {
//!     let mut agent = Agent::builder()
//!         .stun("stun.example.org:3478") // how others see us
//!         .turn("turn.example.org:3478", "alice", "wonderland") // where nothing else works
//!         .build()
//!         .await?;
//!     tell(agent.local_description().await?).await;
//!     agent.description_sent().await;
//!     agent.set_remote_description(&hear().await).await?;
//!     Ok(agent.connected().await?)
//! }
//! ```
//!
//! Everything here runs inside a tokio runtime with I/O and timers enabled.
//!
//! # Features
//!
//! The first two are on by default; each costs the crates that it brings.
//!
//! - `dns`: SRV and NAPTR records (RFC 5928), and address look-ups with time-outs. Without it names
//!   go through the resolver of the operating system, and mean their addresses only.
//! - `tls`: `stuns:` and `turns:` URIs, and TLS listeners of the server.
//! - `quic`: a [`Connection`] as a socket for `quinn`, `Connection::into_quic`.
//!
//! # What is not there yet
//!
//! DTLS and multicast DNS. TCP from agents to TURN servers and peers: driver and server have it,
//! the ICE agent does not ask for it yet. Encryption of what agents send each other.
#![forbid(unsafe_code)]

mod agent;
mod clock;
mod description;
pub mod driver;
pub mod guide;
pub mod interfaces;
pub mod probe;
mod server;
mod services;
mod turn_server;

#[cfg(feature = "quic")]
pub use agent::QuicSocket;
pub use agent::{
    Agent, AgentBuilder, BuildError, ConnectError, Connection, DatagramReceiver, DatagramSender,
    DescribeError, IceParameters, Lost, Outcome, PairReport, PathEnd, Paths, SendError,
    SignalError, Signals, StartError,
};
pub use description::{RemoteDescriptionError, WriteDescriptionError};
pub use ice_proto::{
    Candidate, CandidateKind, CandidatePolicy, CandidateTransport, Finding, IceCredentials, Role,
    TcpCandidates, TcpType,
};
pub use server::{Server, ServerError};
#[cfg(feature = "tls")]
pub use services::{Identity, IdentityError, Trust, TrustError};
pub use services::{Names, Services};
pub use turn_proto::{
    AllocationEnd, AlternateTurnServer, ChannelRange, Flow, IpPrefix, PeerPolicy, Traffic,
    TurnServerEvent,
};
pub use turn_server::{
    Accounts, ControlError, InheritedSockets, ServeError, TokenSecret, TurnControl, TurnService,
    TurnServiceBuilder, TurnSnapshot,
};
