//! What the peer says of its side of a section, beyond what was agreed with it.

use alloc::vec::Vec;

use super::facts::SectionFacts;
use crate::attribute::{MaxPacketTime, Msid, PacketTime, Rid, Ssrc, SsrcGroup};
use crate::field::Bandwidth;
use crate::text::Token;

/// What the peer said of a section in its last description, typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteTerms {
    /// The MediaStreams of what it sends, with tracks (RFC 8830).
    pub streams: Vec<Msid<'static>>,
    /// Attributes of its RTP sources, `cname` among them (RFC 5576).
    pub sources: Vec<Ssrc<'static>>,
    /// Which of its sources belong together.
    pub source_groups: Vec<SsrcGroup<'static>>,
    /// Bounds of what it takes (RFC 8866 §5.8).
    pub bandwidths: Vec<Bandwidth<'static>>,
    /// How much media it would have in a packet (RFC 8866 §6.4).
    pub packet_time: Option<PacketTime<'static>>,
    /// How much there may be.
    pub max_packet_time: Option<MaxPacketTime<'static>>,
    /// Its rids with their restrictions, directions seen from its side (RFC 8851).
    pub rids: Vec<Rid<'static>>,
    /// Those of them that start paused (RFC 8853 §5.1).
    pub paused: Vec<Token<'static>>,
}

impl RemoteTerms {
    pub(super) fn new(facts: &SectionFacts) -> Self {
        let said = &facts.said;
        let lists = said.simulcast.iter().flat_map(|list| list.send.iter().chain(&list.recv));
        let paused = lists.flat_map(|list| list.streams().flatten()).filter(|rid| rid.paused);
        Self {
            streams: said.streams.clone(),
            sources: said.sources.clone(),
            source_groups: said.source_groups.clone(),
            bandwidths: facts.bandwidths.clone(),
            packet_time: said.packet_time.clone(),
            max_packet_time: said.max_packet_time.clone(),
            rids: said.rids.clone(),
            paused: paused.filter_map(|rid| rid.rid.parse().ok()).collect(),
        }
    }
}
