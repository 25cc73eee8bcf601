//! Attribute types, and what every attribute can do (RFC 8489 §14).
use crate::TransactionId;
use core::fmt;

#[macro_use]
mod macros;
pub(crate) mod registry;

pub(crate) mod address;

mod access_token;
mod additional_address_family;
mod address_error_code;
mod address_family;
mod alternate_domain;
mod alternate_server;
mod change_request;
mod changed_address;
mod channel_number;
mod connection_id;
mod data;
mod dont_fragment;
mod error_code;
mod even_port;
mod ice_controlled;
mod ice_controlling;
mod icmp;
mod lifetime;
mod mapped_address;
mod mobility_ticket;
mod network_cost;
mod nomination;
mod nonce;
mod other_address;
mod padding;
mod password_algorithm;
mod password_algorithms;
mod priority;
mod realm;
mod requested_address_family;
mod requested_transport;
mod reservation_token;
mod response_origin;
mod response_port;
mod software;
mod source_address;
mod third_party_authorization;
mod unknown_attributes;
mod use_candidate;
mod userhash;
mod username;
mod xor_mapped_address;
mod xor_peer_address;
mod xor_relayed_address;

pub use access_token::AccessToken;
pub use additional_address_family::AdditionalAddressFamily;
pub use address_error_code::AddressErrorCode;
pub use address_family::AddressFamily;
pub use alternate_domain::AlternateDomain;
pub use alternate_server::AlternateServer;
pub use change_request::ChangeRequest;
pub use changed_address::ChangedAddress;
pub use channel_number::ChannelNumber;
pub use connection_id::ConnectionId;
pub use data::Data;
pub use dont_fragment::DontFragment;
pub use error_code::{Code, ErrorCode};
pub use even_port::EvenPort;
pub use ice_controlled::IceControlled;
pub use ice_controlling::IceControlling;
pub use icmp::Icmp;
pub use lifetime::Lifetime;
pub use mapped_address::MappedAddress;
pub use mobility_ticket::MobilityTicket;
pub use network_cost::NetworkCost;
pub use nomination::Nomination;
pub use nonce::Nonce;
pub use other_address::OtherAddress;
pub use padding::Padding;
pub use password_algorithm::{Algorithm, PasswordAlgorithm};
pub use password_algorithms::PasswordAlgorithms;
pub use priority::Priority;
pub use realm::Realm;
pub use requested_address_family::RequestedAddressFamily;
pub use requested_transport::RequestedTransport;
pub use reservation_token::ReservationToken;
pub use response_origin::ResponseOrigin;
pub use response_port::ResponsePort;
pub use software::Software;
pub use source_address::SourceAddress;
pub use third_party_authorization::ThirdPartyAuthorization;
pub use unknown_attributes::UnknownAttributes;
pub use use_candidate::UseCandidate;
pub use userhash::Userhash;
pub use username::Username;
pub use xor_mapped_address::XorMappedAddress;
pub use xor_peer_address::XorPeerAddress;
pub use xor_relayed_address::XorRelayedAddress;

/// The number of an attribute. The constants are those that this crate understands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeType(pub u16);

impl AttributeType {
    /// Whether a receiver that does not understand the attribute must refuse the message
    /// (RFC 8489 §14: types below 0x8000).
    pub const fn is_required(self) -> bool {
        self.0 < 0x8000
    }

    /// Whether this crate understands the attribute.
    pub const fn is_known(self) -> bool {
        self.name().is_some()
    }
}

/// The name in the IANA registry, or the number.
impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

impl fmt::Debug for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A typed attribute, borrowing from the message it was read from.
///
/// [`Message::get`](crate::Message::get) reads one and
/// [`MessageBuilder::with`](crate::MessageBuilder::with) writes one. The integrity attributes and
/// FINGERPRINT are not among them, since their place in a message is fixed.
pub trait Attribute<'a>: Sized {
    /// The number.
    const TYPE: AttributeType;

    /// Reads the value, which has no padding. `None`: it is malformed.
    fn decode(value: &'a [u8], id: &TransactionId) -> Option<Self>;

    /// Whether the value keeps to the limits on sending, which are tighter than those on
    /// receiving for some attributes.
    fn is_valid(&self) -> bool {
        true
    }

    /// The length of the value without padding, in bytes.
    fn value_len(&self) -> usize;

    /// Writes the value; `out` has [`value_len`](Self::value_len) bytes, and all must be written.
    fn encode(&self, id: &TransactionId, out: &mut [u8]);
}

/// The longest text that must be taken on receiving, in bytes (RFC 8489 §14.3, §14.8 to §14.14).
pub(crate) const TEXT_MAX: usize = 763;

/// The longest value that fits into a message, in bytes.
pub(crate) const VALUE_MAX: usize = 65_528;

/// Reads a text of at most [`TEXT_MAX`] bytes.
pub(crate) fn decode_text(value: &[u8]) -> Option<&str> {
    if value.len() > TEXT_MAX {
        return None;
    }
    core::str::from_utf8(value).ok()
}

/// Whether a text is fit for sending: fewer than 128 characters, so at most 508 bytes.
pub(crate) fn is_short_text(text: &str) -> bool {
    text.len() < 128 || text.chars().nth(127).is_none()
}
