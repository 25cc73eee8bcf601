//! The fuzz targets, as plain functions: `cargo fuzz` runs them with libFuzzer, `tests/replay.rs`
//! runs them over the committed corpora on stable Rust. README.md says how to run them.
#![forbid(unsafe_code)]

mod asked;
mod channel_data;
mod craft;
mod drive;
mod ice_agent;
mod ice_mux;
mod nat_scenario;
mod rendezvous;
mod script;
mod sdp_negotiate;
mod sdp_parse;
mod stun_client;
mod stun_parse;
mod stun_round_trip;
mod stun_server;
mod turn_client;
mod turn_server;
mod world;

pub use channel_data::{channel_data, stream_framing};
pub use ice_agent::{ice_agent, ice_tcp};
pub use ice_mux::ice_mux;
pub use nat_scenario::nat_scenario;
pub use rendezvous::rendezvous;
pub use sdp_negotiate::sdp_negotiate;
pub use sdp_parse::sdp_parse;
pub use stun_client::stun_client;
pub use stun_parse::stun_parse;
pub use stun_round_trip::stun_round_trip;
pub use stun_server::stun_server;
pub use turn_client::turn_client;
pub use turn_server::turn_server;

/// A fuzz target: panics where something is wrong.
pub type Target = fn(&[u8]);

/// All targets by name.
pub const TARGETS: &[(&str, Target)] = &[
    ("stun_parse", stun_parse),
    ("stun_round_trip", stun_round_trip),
    ("stun_client", stun_client),
    ("stun_server", stun_server),
    ("sdp_parse", sdp_parse),
    ("sdp_negotiate", sdp_negotiate),
    ("channel_data", channel_data),
    ("stream_framing", stream_framing),
    ("turn_client", turn_client),
    ("turn_server", turn_server),
    ("ice_agent", ice_agent),
    ("ice_tcp", ice_tcp),
    ("ice_mux", ice_mux),
    ("nat_scenario", nat_scenario),
    ("rendezvous", rendezvous),
];
