//! What one side says of its part in a section, beyond what is agreed on with the other.

use alloc::vec::Vec;

use super::facts::Said;
use super::section_draft::SectionDraft;
use super::transceiver::Transceiver;
use crate::attribute::{Attribute, MaxPacketTime, Msid, PacketTime, Rid, Ssrc, SsrcGroup};
use crate::field::Bandwidth;
use crate::text::Token;

/// What one side said of a section in its last description, typed: the peer or this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideTerms {
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

impl SideTerms {
    /// What attributes and `b=` lines say.
    pub(super) fn new(said: &Said, bandwidths: &[Bandwidth<'static>]) -> Self {
        let lists = said.simulcast().into_iter();
        let lists = lists.flat_map(|list| list.send.iter().chain(&list.recv));
        let paused = lists.flat_map(|list| list.streams().flatten()).filter(|rid| rid.paused);
        Self {
            streams: said.streams.clone(),
            sources: said.sources.clone(),
            source_groups: said.source_groups.clone(),
            bandwidths: bandwidths.into(),
            packet_time: said.packet_time.clone(),
            max_packet_time: said.max_packet_time.clone(),
            rids: said.rids.clone(),
            paused: paused.filter_map(|rid| rid.rid.parse().ok()).collect(),
        }
    }

    /// What is wanted of a section, its encodings apart.
    pub(super) fn wanted(wish: &Transceiver) -> Self {
        let of = |stream: Token<'static>| Msid { stream, track: wish.track.clone() };
        let none = wish.track.iter().filter(|_| wish.streams.is_empty());
        let none = none.filter_map(|_| Msid::NO_STREAM.parse().ok());
        Self {
            streams: wish.streams.iter().cloned().chain(none).map(of).collect(),
            sources: wish.sources.clone(),
            source_groups: wish.source_groups.clone(),
            bandwidths: wish.bandwidths.clone(),
            packet_time: wish.packet_time.clone(),
            max_packet_time: wish.max_packet_time.clone(),
            rids: Vec::new(),
            paused: Vec::new(),
        }
    }

    /// What an own section says, attributes of the application's own included.
    pub(super) fn written(draft: &SectionDraft) -> Self {
        let mut said = Said::default();
        let custom = draft.attributes.iter();
        let custom = custom.filter_map(|own| Attribute::read(own.name(), own.value()).ok());
        custom.for_each(|attribute| said.hear(attribute));
        let own = &draft.own;
        let streams = own.streams.iter().filter(|_| draft.direction.sends());
        Self {
            streams: streams.cloned().collect(),
            sources: own.sources.iter().chain(&said.sources).cloned().collect(),
            source_groups: own.source_groups.iter().chain(&said.source_groups).cloned().collect(),
            bandwidths: own.bandwidths.clone(),
            packet_time: own.packet_time.clone().or(said.packet_time),
            max_packet_time: own.max_packet_time.clone().or(said.max_packet_time),
            rids: draft.simulcast.rids().collect(),
            paused: draft.simulcast.paused().cloned().collect(),
        }
    }
}
