//! Writing a description of this side out of the drafts of its sections (RFC 8829 §5.2.1, §5.3.1).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use super::config::Config;
use super::custom::Custom;
use super::direct::Carriage;
use super::kind::Kind;
use super::own_ice::OwnIce;
use super::section_draft::SectionDraft;
use crate::attribute::{
    BundleOnly, Candidate, Direction, EndOfCandidates, ExtMapAllowMixed, Group, IceLite,
    IceOptions, Mid, Rtcp, RtcpMux, RtcpMuxOnly, RtcpRsize, Setup,
};
use crate::codec::Format;
use crate::data_channel::{DISCARD_PORT, default_destination};
use crate::field::{Connection, ConnectionAddress, MediaLine, Origin, Timing};
use crate::text::{Text, Token};
use crate::{Builder, IceCredentials, Limits, Session, WriteError};

/// No address yet, of the family of IPv6.
const UNKNOWN6: Connection<'static> = Connection {
    address: ConnectionAddress::Ip(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
    ttl: None,
    count: None,
};

/// The addresses of a transport, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    pub(super) candidates: Vec<Candidate<'static>>,
    pub(super) complete: bool,
}

/// Candidates by the mid of the section that they are for; `None` for all others.
pub(super) type Candidates = BTreeMap<Option<Token<'static>>, Gathered>;

/// What a description is made of.
pub(super) struct Writer<'w> {
    pub(super) config: &'w Config,
    pub(super) candidates: &'w Candidates,
    pub(super) version: u64,
    pub(super) timings: &'w [Timing],
    /// Extensions of ICE, in an answer those of the offer (RFC 8829 §5.3.1).
    pub(super) ice_options: Option<IceOptions<'static>>,
    pub(super) drafts: &'w [SectionDraft],
    pub(super) groups: &'w [Vec<usize>],
    pub(super) lip_sync: &'w [Vec<usize>],
}

impl Writer<'_> {
    pub(super) fn write(&self) -> Result<Session<'static>, WriteError> {
        let origin = Origin::anonymous(self.config.session_id, self.version);
        let mut builder = Builder::new(&origin)?;
        for timing in self.timings {
            builder.timing(timing)?;
        }
        let bundles = self.groups.iter().map(|group| ("BUNDLE", group));
        // Sections without ICE are in no group, and alone they say nothing of one.
        let live = || self.drafts.iter().filter(|draft| draft.live);
        let alone = live().next().is_some() && live().all(|draft| !draft.carriage.is_ice());
        let bundles = bundles.filter(|(_, group)| !(alone && group.is_empty()));
        for (name, group) in bundles.chain(self.lip_sync.iter().map(|group| ("LS", group))) {
            let semantics = Token::new(name).map_err(|_| WriteError::Name)?;
            let member = |index: &usize| self.drafts.get(*index)?.mid.clone();
            builder.attribute(&Group::new(semantics, group.iter().filter_map(member)))?;
        }
        if self.config.ice_lite {
            builder.attribute(&IceLite)?;
        }
        if let Some(options) = self.ice_options.as_ref().filter(|_| !alone) {
            builder.attribute(options)?;
        }
        // A lite agent sends no checks that could be paced (RFC 8839 §4.3.1).
        if let Some(pacing) = self.config.ice_pacing.as_ref().filter(|_| !self.config.ice_lite) {
            builder.attribute(pacing)?;
        }
        for attribute in &self.config.attributes {
            custom(&mut builder, attribute)?;
        }
        // All transports show the same certificates, so that these may stand here (RFC 8829 §5.2.1).
        // They have to: of bundled sections without a fingerprint Chromium rejects all but one.
        let dtls = !alone || live().any(|draft| draft.carriage.has_dtls());
        for fingerprint in self.config.fingerprints.iter().filter(|_| dtls) {
            builder.attribute(fingerprint)?;
        }
        for (index, draft) in self.drafts.iter().enumerate() {
            self.section(&mut builder, index, draft)?;
        }
        // What the peer may send says nothing about what this side may write.
        builder.finish_within(Limits::unlimited())
    }

    fn section(
        &self,
        builder: &mut Builder,
        index: usize,
        draft: &SectionDraft,
    ) -> Result<(), WriteError> {
        let gathered = self.gathered(draft.owner);
        let (connection, port) = self.destination(index, draft);
        let line = MediaLine { port, port_count: None, ..draft.line.clone() };
        builder.media(&line)?.connection(&connection)?;
        for bandwidth in &draft.own.bandwidths {
            builder.bandwidth(bandwidth)?;
        }
        if let Some(mid) = &draft.mid {
            builder.attribute(&Mid(mid.clone()))?;
        }
        if !draft.live {
            builder.attribute(&Direction::Inactive)?;
            return Ok(());
        }
        if draft.bundle_only {
            builder.attribute(&BundleOnly)?;
        }
        match (draft.carriage, draft.setup) {
            (Carriage::Ice, Some(setup)) => self.transport(builder, draft, setup, gathered)?,
            (Carriage::Ice, None) => {}
            (_, setup) => direct(builder, draft, setup, gathered)?,
        }
        if let Some(other) = &draft.other {
            if draft.direction != Direction::SendRecv {
                builder.attribute(&draft.direction)?;
            }
            other.attributes().iter().try_for_each(|own| custom(builder, own))?;
        }
        match draft.kind {
            Some(Kind::Data) => self.data(builder, draft)?,
            Some(Kind::Audio | Kind::Video | Kind::Text) => media(builder, draft)?,
            Some(Kind::Other) | None => {}
        }
        draft.attributes.iter().try_for_each(|attribute| custom(builder, attribute))
    }

    fn gathered(&self, owner: usize) -> Option<&Gathered> {
        let draft = self.drafts.get(owner)?;
        // What is gathered is for the credentials that wait.
        if draft.ice.as_ref().is_some_and(|ice| ice.waits) {
            return None;
        }
        let mid = draft.mid.clone();
        self.candidates.get(&mid).or_else(|| self.candidates.get(&None))
    }

    /// The address and port of the `m=` and `c=` lines. Within a group all addresses are of the
    /// family that the first section has (RFC 9143 §7.1.1).
    fn destination(&self, index: usize, draft: &SectionDraft) -> (Connection<'static>, u16) {
        let own = |draft: &SectionDraft| match (&draft.other, self.gathered(draft.owner)) {
            (Some(other), _) => (other.connection.clone(), other.port.get()),
            (None, Some(gathered)) => default_destination(&gathered.candidates, 1),
            (None, None) => (Connection::UNKNOWN, DISCARD_PORT),
        };
        let (connection, port) =
            if draft.live && !draft.bundle_only { own(draft) } else { (Connection::UNKNOWN, 0) };
        let group = self.groups.iter().find(|group| group.contains(&index));
        let tag = group.and_then(|group| self.drafts.get(*group.first()?));
        match tag.map(|tag| own(tag).0) {
            Some(first) if first.is_ip6() != connection.is_ip6() => {
                let unknown = if first.is_ip6() { UNKNOWN6 } else { Connection::UNKNOWN };
                (unknown, port.min(DISCARD_PORT))
            }
            Some(_) | None => (connection, port),
        }
    }

    /// The attributes of a transport, which stand in the section that carries it alone
    /// (RFC 9143 §7.1.3).
    fn transport(
        &self,
        builder: &mut Builder,
        draft: &SectionDraft,
        setup: Setup,
        gathered: Option<&Gathered>,
    ) -> Result<(), WriteError> {
        if let Some(OwnIce { credentials: IceCredentials { ufrag, pwd }, .. }) = &draft.ice {
            builder.attribute(ufrag)?.attribute(pwd)?;
        }
        builder.attribute(&setup)?;
        if let Some(tls_id) = self.config.tls_id.as_ref().filter(|_| draft.tls_id) {
            builder.attribute(tls_id)?;
        }
        let candidates = gathered.map_or(&[][..], |gathered| &gathered.candidates);
        if draft.rtcp {
            let (connection, port) = default_destination(candidates, 2);
            builder.attribute(&Rtcp { port, connection: Some(connection) })?;
        }
        for candidate in candidates {
            builder.attribute(candidate)?;
        }
        if gathered.is_some_and(|gathered| gathered.complete) {
            builder.attribute(&EndOfCandidates)?;
        }
        Ok(())
    }

    /// Data channels. A peer of before RFC 8841 is answered in its own terms.
    fn data(&self, builder: &mut Builder, draft: &SectionDraft) -> Result<(), WriteError> {
        // RTP sections of the group may be multiplexed over this transport (RFC 9143 §7.1.3).
        if draft.rtcp_mux {
            builder.attribute(&RtcpMux)?;
        }
        if draft.line.proto == "DTLS/SCTP" {
            let value = alloc::format!("{} webrtc-datachannel 1024", draft.sctp_port.0);
            builder.attribute_text("sctpmap", Some(&value))?;
        } else {
            builder.attribute(&draft.sctp_port)?;
        }
        builder.attribute(&self.config.max_message_size)?;
        Ok(())
    }
}

fn custom(builder: &mut Builder, attribute: &Custom) -> Result<(), WriteError> {
    builder.attribute_text(attribute.name(), attribute.value()).map(drop)
}

/// The attributes of a transport without ICE.
fn direct(
    builder: &mut Builder,
    draft: &SectionDraft,
    setup: Option<Setup>,
    gathered: Option<&Gathered>,
) -> Result<(), WriteError> {
    if let Some(setup) = setup {
        builder.attribute(&setup)?;
    }
    for crypto in &draft.crypto {
        builder.attribute(crypto)?;
    }
    let candidates = gathered.map_or(&[][..], |gathered| &gathered.candidates);
    if draft.rtcp && candidates.iter().any(|candidate| candidate.component == 2) {
        let (connection, port) = default_destination(candidates, 2);
        builder.attribute(&Rtcp { port, connection: Some(connection) })?;
    }
    Ok(())
}

/// What each format stands for, its feedback and its parameters.
pub(super) fn formats(
    builder: &mut Builder,
    formats: &[(Format<'static>, Vec<Text<'static>>)],
) -> Result<(), WriteError> {
    for (format, feedback) in formats {
        if let Some(codec) = &format.codec {
            builder.attribute(codec)?;
        }
        for text in feedback {
            let value = alloc::format!("{} {text}", format.payload_type);
            builder.attribute_text("rtcp-fb", Some(&value))?;
        }
        if let Some(fmtp) = &format.fmtp {
            builder.attribute(fmtp)?;
        }
    }
    Ok(())
}

fn media(builder: &mut Builder, draft: &SectionDraft) -> Result<(), WriteError> {
    builder.attribute(&draft.direction)?;
    for stream in draft.own.streams.iter().filter(|_| draft.direction.sends()) {
        builder.attribute(stream)?;
    }
    if let Some(time) = &draft.own.packet_time {
        builder.attribute(time)?;
    }
    if let Some(time) = &draft.own.max_packet_time {
        builder.attribute(time)?;
    }
    if draft.rtcp_mux {
        builder.attribute(&RtcpMux)?;
    }
    if draft.rtcp_mux_only {
        builder.attribute(&RtcpMuxOnly)?;
    }
    if draft.rtcp_rsize {
        builder.attribute(&RtcpRsize)?;
    }
    if draft.allow_mixed {
        builder.attribute(&ExtMapAllowMixed)?;
    }
    for extension in &draft.extensions {
        builder.attribute(extension)?;
    }
    formats(builder, &draft.formats)?;
    for rid in draft.simulcast.rids() {
        builder.attribute(&rid)?;
    }
    if let Some(simulcast) = draft.simulcast.simulcast() {
        builder.attribute_text("simulcast", Some(&simulcast))?;
    }
    for group in &draft.own.source_groups {
        builder.attribute(group)?;
    }
    for source in &draft.own.sources {
        builder.attribute(source)?;
    }
    Ok(())
}
