//! Connects two devices behind NATs: the tokio adapter over the protocol machines.
#![forbid(unsafe_code)]

mod agent;
mod clock;
mod description;
pub mod driver;
pub mod interfaces;
mod server;
mod turn_server;

pub use agent::{
    Agent, AgentBuilder, BuildError, ConnectError, Connection, DescribeError, Endpoint, Lost,
    Outcome, PairReport, SendError, StartError,
};
pub use description::{RemoteDescriptionError, WriteDescriptionError};
pub use ice_proto::{Candidate, CandidateKind, Finding, Policy};
pub use server::{Server, ServerError};
pub use turn_proto::{IpPrefix, TurnServerEvent as TurnEvent};
pub use turn_server::{ServeError, TurnService, TurnServiceBuilder};
