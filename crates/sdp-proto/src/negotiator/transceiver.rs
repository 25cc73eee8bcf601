//! What the application wants a section for, whether or not there is one yet (RFC 8829 §3.4.1).

use alloc::vec::Vec;

use super::capability::Capabilities;
use super::config::Bundling;
use super::custom::Custom;
use super::direct::Carriage;
use super::encoding::SimulcastStream;
use super::kind::Kind;
use super::other_media::OtherMedia;
use crate::IceCredentials;
use crate::attribute::{Direction, MaxPacketTime, PacketTime, Ssrc, SsrcGroup};
use crate::field::Bandwidth;
use crate::text::Token;

/// Names a transceiver for as long as the negotiator lives; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransceiverId(pub(super) u32);

/// What the application wants of one section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transceiver {
    /// What it carries.
    pub kind: Kind,
    /// Which way media is to flow. Means nothing for data.
    pub direction: Direction,
    /// Codecs and extensions; those of the [`Config`](super::Config) where none are given.
    pub capabilities: Option<Capabilities>,
    /// The MediaStreams that what is sent belongs to (RFC 8830).
    pub streams: Vec<Token<'static>>,
    /// The track that is sent, 1 to 64 characters: its name is the same in all of its streams (RFC
    /// 8830 §2). JSEP leaves it out (RFC 8829 §5.2.1). A track of no stream is one of the stream `-`.
    pub track: Option<Token<'static>>,
    /// Attributes of the RTP sources of what is sent (RFC 5576).
    pub sources: Vec<Ssrc<'static>>,
    /// Which of these sources belong together.
    pub source_groups: Vec<SsrcGroup<'static>>,
    /// The encodings that are sent, several of them at once (RFC 8853). In an answer those that the
    /// offer asks for, each within the bounds of both sides.
    pub encodings: Vec<SimulcastStream>,
    /// The encodings that an own offer asks the peer for, as a server does that forwards one of
    /// them. An offer of the peer names its own; the bounds of those of the same rid hold as well.
    pub receive_encodings: Vec<SimulcastStream>,
    /// How much media this side would have in a packet (RFC 8866 §6.4).
    pub packet_time: Option<PacketTime<'static>>,
    /// How much there may be.
    pub max_packet_time: Option<MaxPacketTime<'static>>,
    /// Bounds of what is to be sent to this side (RFC 8866 §5.8).
    pub bandwidths: Vec<Bandwidth<'static>>,
    /// Attributes of the application's own.
    pub attributes: Vec<Custom>,
    /// ICE credentials of the transport of its section, where that has one of its own; those of the
    /// [`Config`](super::Config) otherwise. Others than before restart ICE there (RFC 8839 §4.4.1.1.1).
    pub credentials: Option<IceCredentials<'static>>,
    /// What the application says of a section that it serves itself: one of
    /// [`Kind::Other`], and of no other kind.
    pub other: Option<OtherMedia>,
    /// Which part its section takes in the group of an own offer.
    pub bundling: Bundling,
    /// How an own offer has the media travel. An offer of the peer says it itself.
    pub carriage: Carriage,
    /// Whether a section that the peer offers may take it, as with `addTrack` of browsers;
    /// otherwise it waits for an own offer, as with `addTransceiver` (RFC 8829 §5.10).
    pub shares: bool,
}

impl Transceiver {
    /// One that sends and receives, with the capabilities of the configuration.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            direction: Direction::SendRecv,
            capabilities: None,
            streams: Vec::new(),
            track: None,
            sources: Vec::new(),
            source_groups: Vec::new(),
            encodings: Vec::new(),
            receive_encodings: Vec::new(),
            packet_time: None,
            max_packet_time: None,
            bandwidths: Vec::new(),
            attributes: Vec::new(),
            credentials: None,
            other: None,
            bundling: Bundling::Member,
            carriage: Carriage::Ice,
            shares: true,
        }
    }

    /// One of a section that the application serves itself.
    pub fn other(media: OtherMedia) -> Self {
        Self { other: Some(media), ..Self::new(Kind::Other) }
    }

    /// The same with another direction.
    #[must_use]
    pub const fn with_direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }
}

/// A transceiver and its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: TransceiverId,
    pub(super) wish: Transceiver,
    pub(super) stopped: bool,
    /// The transceiver whose section it takes, with another kind of media (RFC 3264 §8.3.3).
    pub(super) instead_of: Option<TransceiverId>,
    /// Whether an offer of the peer made it and the application has not touched it since: then
    /// it goes when the offer does (RFC 8829 §5.7).
    pub(super) implicit: bool,
}

/// All transceivers, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Transceivers {
    entries: Vec<Entry>,
    next: u32,
}

/// Ids tell nothing but identity, so that the counter is no part of the state.
impl PartialEq for Transceivers {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Transceivers {
    pub(super) fn add(&mut self, wish: Transceiver, implicit: bool) -> TransceiverId {
        let id = TransceiverId(self.next);
        self.next = self.next.wrapping_add(1);
        self.entries.push(Entry { id, wish, stopped: false, instead_of: None, implicit });
        id
    }

    pub(super) fn get(&self, id: TransceiverId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    pub(super) fn get_mut(&mut self, id: TransceiverId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
    }
}
