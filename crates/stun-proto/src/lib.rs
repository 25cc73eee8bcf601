//! STUN (RFC 8489) as pure state machines: no sockets, no clock, no ambient randomness.
//!
//! # What STUN is, and when one needs to care
//!
//! Most devices sit behind a NAT, which rewrites the address and port that their packets come from.
//! A program behind one cannot see under which address the world can reach it. STUN is how it asks:
//! it sends a *Binding request* to a server outside, and the response says where the request came
//! from. On the way the NAT has made a *mapping*, which also lets packets in; sending now and then
//! keeps it.
//!
//! That is one use of three of the same message format:
//!
//! - **Alone**, to learn one's public address ([`StunClient`], [`BindingServer`]), or what the NAT in
//!   between does to packets ([`NatProbe`]), which tells whether two peers can reach each other
//!   directly.
//! - **In ICE** (RFC 8445), where two peers send Binding requests *to each other*, signed with a
//!   password that they exchanged before, to find the addresses that work and to open both NATs for
//!   each other. The crate `ice-proto` does that with [`Message`], [`MessageBuilder`] and [`Key`] of
//!   this one.
//! - **In TURN** (RFC 8656), where a client rents an address on a relay with requests in this format,
//!   signed with a user name and a password ([`LongTermClient`], [`LongTermServer`]), for when no
//!   direct way exists. The crate `turn-proto` does that.
//!
//! An application that uses an ICE agent need not care about any of this but the URI of a server. It
//! is for those who want their public address, run a server, or write such an agent.
//!
//! # What is where
//!
//! | part | where |
//! |---|---|
//! | what a packet is | [`classify`] (RFC 7983), [`stun_frame`] for streams |
//! | messages | [`Message`] reads, [`MessageBuilder`] writes, [`attribute`] has a type for each attribute |
//! | credentials | [`Credentials`], [`Key`], [`opaque_string`], [`turn_rest`], `TokenKey` (feature `oauth`) |
//! | authentication | [`LongTermClient`] and [`LongTermServer`], [`authenticate_short_term`], [`Nonces`] |
//! | transactions | [`Transactions`], [`Retransmit`], [`RttEstimate`], for any machine that sends requests |
//! | machines | [`StunClient`], [`BindingServer`], [`NatProbe`] (RFC 5780), [`Resolver`] (RFC 5928) |
//! | names of servers | [`Uri`] (RFC 7064, RFC 7065) |
//! | limits on floods | [`SourceLimiter`] |
//!
//! Reading, verifying and writing a message allocate nothing. The feature `std` lets the CRC of
//! FINGERPRINT use what the processor offers; without it a table is used.
//!
//! # Example
//!
//! A check as ICE sends it, written and read:
//!
//! ```
//! use stun_proto::{Key, Integrity, Message, MessageBuilder, MessageType, Method, TransactionId};
//! use stun_proto::attribute::{Priority, Username};
//!
//! let key = Key::new(b"VOkJxbRl1RmTxUk/WvJxBt");
//! let mut buffer = [0; 256];
//! let request = MessageType::request(Method::BINDING);
//! let bytes = MessageBuilder::new(&mut buffer, request, TransactionId([7; 12]))
//!     .with(&Username("evtj:h6vY"))
//!     .with(&Priority(0x6e00_01ff))
//!     .sign(&key, Integrity::Sha1)
//!     .fingerprint()
//!     .finish()?;
//!
//! let message = Message::parse(bytes)?;
//! assert_eq!(message.verify(&key)?, Integrity::Sha1);
//! assert_eq!(message.get::<Username>(), Some(Username("evtj:h6vY")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "oauth")]
mod access_token;
pub mod attribute;
mod base64;
mod builder;
mod classic;
mod classify;
mod client;
mod credentials;
mod data_head;
mod discovery;
mod entropy;
mod hmac_state;
mod id;
mod integrity;
mod key;
mod limiter;
mod long_term;
mod message;
mod message_type;
mod nonces;
mod prepare;
mod resolve;
mod retransmit;
mod rtt;
mod security_features;
mod seeded;
mod server;
mod short_term;
mod stream;
mod transactions;
pub mod turn_rest;
mod uri;

#[cfg(feature = "oauth")]
pub use access_token::{TokenContents, TokenError, TokenKey};
pub use attribute::{Attribute, AttributeType};
pub use builder::{MessageBuilder, SealedBuilder, SignedBuilder, WriteError};
pub use classify::{PacketKind, classify};
pub use client::{
    Auth, Binding, BindingRequest, ClientConfig, ClientEvent, RequestError, RequestFault,
    RequestId, StunClient,
};
pub use credentials::Credentials;
pub use data_head::DataHead;
pub use discovery::{
    BindingLifetime, Filtering, LifetimeConfig, Mapping, NatProbe, NatProbeConfig, NatProbeEvent,
    NatReport,
};
pub use entropy::Entropy;
pub use id::{MAGIC_COOKIE, TransactionId};
pub use integrity::{Integrity, IntegrityError};
pub use key::Key;
pub use limiter::{LimiterConfig, SourceLimiter};
pub use long_term::{
    Attempt, AuthFault, Authenticated, Discard, Login, LongTermClient, LongTermServer, Refusal,
    ResponseCheck, UserId,
};
pub use message::{HEADER_LEN, Message, ParseError};
pub use message_type::{Class, MessageType, Method};
pub use nonces::{NONCE_LEN, NonceState, Nonces};
pub use prepare::{PrepareError, opaque_string, sasl_prep};
pub use resolve::{ResolveError, ResolveEvent, ResolvedServer, Resolver, TURN_ANYCAST};
pub use retransmit::{Retransmit, RetransmitConfig, Retry};
pub use rtt::RttEstimate;
pub use security_features::SecurityFeatures;
pub use seeded::SeededState;
pub use server::{BindingServer, OtherServer, ServerConfig};
pub use short_term::authenticate_short_term;
pub use stream::stun_frame;
pub use transactions::{Due, Transaction, Transactions};
pub use uri::{Host, Scheme, Uri, UriError, UriTransport};
