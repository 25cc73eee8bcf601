//! What a description of the peer says: read once, section by section, into values of its own,
//! with what the session part gives a default for (RFC 8829 §5.8).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::agreement::AgreedSection;
use super::kind::Kind;
use super::mismatch::Mismatch;
use super::other_media::OtherMedia;
use crate::attribute::{
    Attribute, Crypto, Direction, ExtMap, Fingerprint, Group, IceOptions, IcePwd, IceUfrag,
    MaxMessageSize, MaxPacketTime, Msid, PacketTime, Rid, Rtcp, RtcpFb, Setup, Simulcast, Ssrc,
    SsrcGroup, TlsId,
};
use crate::codec::Format;
use crate::diagnostic::Code;
use crate::field::{Bandwidth, Connection, MediaLine, Timing};
use crate::line::Kind as LineKind;
use crate::section::{Section, read_field};
use crate::text::{Token, Words, is_token_byte};
use crate::value::payload_type;
use crate::{IceCredentials, Media, Session};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteFacts {
    pub(super) sections: Vec<SectionFacts>,
    /// Indices of the sections of each BUNDLE group, in the order of the group.
    pub(super) groups: Vec<Vec<usize>>,
    /// Indices of the sections of each LS group.
    pub(super) lip_sync: Vec<Vec<usize>>,
    pub(super) timings: Vec<Timing>,
    /// Extensions of ICE, named anywhere.
    ice_options: BTreeSet<String>,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SectionFacts {
    pub(super) line: MediaLine<'static>,
    pub(super) kind: Option<Kind>,
    /// The RTP formats in order.
    pub(super) formats: Vec<Format<'static>>,
    pub(super) bandwidths: Vec<Bandwidth<'static>>,
    /// The address, of the section or of the session.
    pub(super) connection: Option<Connection<'static>>,
    pub(super) said: Said,
    /// What a section says that the application may serve.
    pub(super) other: Option<OtherMedia>,
}

/// What attributes say, of one section or of the session part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) mid: Option<Token<'static>>,
    pub(super) bundle_only: bool,
    pub(super) direction: Option<Direction>,
    pub(super) ufrag: Option<IceUfrag<'static>>,
    pub(super) pwd: Option<IcePwd<'static>>,
    pub(super) fingerprints: Vec<Fingerprint<'static>>,
    pub(super) setup: Option<Setup>,
    pub(super) tls_id: Option<TlsId<'static>>,
    pub(super) rtcp_mux: bool,
    pub(super) rtcp_rsize: bool,
    pub(super) allow_mixed: bool,
    pub(super) extensions: Vec<ExtMap<'static>>,
    pub(super) rids: Vec<Rid<'static>>,
    simulcast: Vec<Simulcast<'static>>,
    pub(super) feedback: Vec<RtcpFb<'static>>,
    pub(super) sctp_port: Option<u16>,
    pub(super) max_message_size: Option<u64>,
    pub(super) crypto: Vec<Crypto<'static>>,
    pub(super) rtcp: Option<Rtcp<'static>>,
    pub(super) streams: Vec<Msid<'static>>,
    pub(super) sources: Vec<Ssrc<'static>>,
    pub(super) source_groups: Vec<SsrcGroup<'static>>,
    pub(super) packet_time: Option<PacketTime<'static>>,
    pub(super) max_packet_time: Option<MaxPacketTime<'static>>,
    ice_options: Vec<String>,
}

impl Said {
    /// Reads what can be read; the rest is among the diagnostics, which the policy has borne.
    fn read(section: &Section<'_>) -> Self {
        let mut said = Self::default();
        for attribute in section.attributes().filter_map(|attribute| attribute.typed().ok()) {
            said.hear(attribute);
        }
        said
    }

    /// Takes an attribute; of those that stand once the first.
    pub(super) fn hear(&mut self, attribute: Attribute<'_>) {
        let said = self;
        match attribute {
            Attribute::Mid(mid) => _ = said.mid.get_or_insert(mid.0.into_owned()),
            Attribute::BundleOnly(_) => said.bundle_only = true,
            Attribute::Direction(way) => _ = said.direction.get_or_insert(way),
            Attribute::IceUfrag(ufrag) => _ = said.ufrag.get_or_insert(ufrag.into_owned()),
            Attribute::IcePwd(pwd) => _ = said.pwd.get_or_insert(pwd.into_owned()),
            Attribute::Fingerprint(print) => said.fingerprints.push(print.into_owned()),
            Attribute::IceOptions(tags) => {
                said.ice_options.extend(tags.iter().map(String::from));
            }
            Attribute::Setup(setup) => _ = said.setup.get_or_insert(setup),
            Attribute::TlsId(id) => _ = said.tls_id.get_or_insert(id.into_owned()),
            Attribute::RtcpMux(_) | Attribute::RtcpMuxOnly(_) => said.rtcp_mux = true,
            Attribute::RtcpRsize(_) => said.rtcp_rsize = true,
            Attribute::ExtMapAllowMixed(_) => said.allow_mixed = true,
            Attribute::ExtMap(map) => said.extensions.push(map.into_owned()),
            Attribute::Rid(rid) => said.rids.push(rid.into_owned()),
            Attribute::Simulcast(list) => said.simulcast.push(list.into_owned()),
            Attribute::RtcpFb(feedback) => said.feedback.push(feedback.into_owned()),
            Attribute::Crypto(crypto) => said.crypto.push(crypto.into_owned()),
            Attribute::Rtcp(rtcp) => _ = said.rtcp.get_or_insert(rtcp.into_owned()),
            Attribute::Msid(msid) => said.streams.push(msid.into_owned()),
            Attribute::Ssrc(source) => said.sources.push(source.into_owned()),
            Attribute::SsrcGroup(group) => said.source_groups.push(group.into_owned()),
            Attribute::PacketTime(time) => {
                said.packet_time.get_or_insert(time.into_owned());
            }
            Attribute::MaxPacketTime(time) => {
                said.max_packet_time.get_or_insert(time.into_owned());
            }
            Attribute::SctpPort(port) => _ = said.sctp_port.get_or_insert(port.0),
            Attribute::SctpMap(map) => _ = said.sctp_port.get_or_insert(map.port),
            Attribute::MaxMessageSize(size) => {
                said.max_message_size.get_or_insert(size.0);
            }
            _ => {}
        }
    }

    /// Fills in what the session part says.
    fn default_to(&mut self, session: &Self) {
        self.direction = self.direction.or(session.direction);
        self.setup = self.setup.or(session.setup);
        self.allow_mixed |= session.allow_mixed;
        if self.ufrag.is_none() && self.pwd.is_none() {
            self.ufrag.clone_from(&session.ufrag);
            self.pwd.clone_from(&session.pwd);
        }
        if self.fingerprints.is_empty() {
            self.fingerprints.clone_from(&session.fingerprints);
        }
        if self.tls_id.is_none() {
            self.tls_id.clone_from(&session.tls_id);
        }
        if self.extensions.is_empty() {
            self.extensions.clone_from(&session.extensions);
        }
    }

    /// The simulcast, if there is one; several are none (RFC 8853 §5.3.2).
    pub(super) fn simulcast(&self) -> Option<&Simulcast<'static>> {
        let [simulcast] = &self.simulcast[..] else { return None };
        Some(simulcast)
    }

    pub(super) fn credentials(&self) -> Option<IceCredentials<'static>> {
        let (ufrag, pwd) = self.ufrag.clone().zip(self.pwd.clone())?;
        Some(IceCredentials { ufrag, pwd })
    }

    pub(super) fn max_message_size(&self) -> u64 {
        self.max_message_size.unwrap_or(MaxMessageSize::DEFAULT)
    }
}

impl SectionFacts {
    /// Port 0, and not because it waits for a BUNDLE group (RFC 9143 §6).
    pub(super) fn is_off(&self) -> bool {
        self.line.port == 0 && !self.said.bundle_only
    }

    pub(super) fn direction(&self) -> Direction {
        self.said.direction.unwrap_or_default()
    }

    /// Whether this carries the kind of media that a section carried.
    pub(super) fn continues(&self, agreed: &AgreedSection) -> bool {
        match agreed.kind {
            None | Some(Kind::Other) => self.kind.is_none() && self.line.media == agreed.line.media,
            kind @ Some(_) => self.kind == kind,
        }
    }

    /// The same of a section without ICE, which is on hold as well by an address of zeros (RFC 3264
    /// §8.4).
    pub(super) fn direct_direction(&self) -> Direction {
        let said = self.direction();
        let held = self.connection.as_ref().and_then(Connection::ip);
        let held = held.is_some_and(|ip| ip.is_unspecified());
        Direction::from_parts(said.sends(), said.receives() && !held)
    }

    /// Whether it has ICE of its own, or by a group alone.
    pub(super) fn is_ice(&self) -> bool {
        self.said.credentials().is_some() || self.said.bundle_only
    }

    pub(super) fn is_rtp(&self) -> bool {
        self.kind.is_some_and(Kind::is_rtp)
    }
}

impl RemoteFacts {
    pub(super) fn read(session: &Session<'_>) -> Result<Self, Mismatch> {
        let top = Said::read(&session.session_section());
        let mut sections: Vec<SectionFacts> = Vec::with_capacity(session.media_count());
        let mut mids = BTreeMap::new();
        for media in session.media() {
            let line = line(&media)?;
            let mut said = Said::read(&media);
            said.default_to(&top);
            let index = sections.len();
            if let Some(mid) = &said.mid
                && mids.insert(mid.clone(), index).is_some()
            {
                return Err(Mismatch::MidRepeated { section: index });
            }
            let formats = media.rtp_formats()?.into_iter().map(Format::into_owned).collect();
            let bandwidths = media.bandwidths().flatten().map(Bandwidth::into_owned).collect();
            let connection = media.connection().ok().flatten().map(Connection::into_owned);
            let kind = Kind::of(&line);
            let other =
                kind.is_none().then(|| OtherMedia::read(&line, connection.as_ref(), &media));
            let other = other.flatten();
            sections.push(SectionFacts {
                line,
                kind,
                formats,
                bandwidths,
                connection,
                said,
                other,
            });
        }
        let groups = session.session_section();
        let groups: Vec<Group<'_>> = groups.all::<Group<'_>>().flatten().collect();
        let bundled = named(&groups, &mids, "BUNDLE");
        let lip_sync = named(&groups, &mids, "LS").collect();
        let groups = disjoint(bundled, sections.len());
        let grouped: BTreeSet<usize> = groups.iter().flatten().copied().collect();
        // Outside of a group it means nothing (RFC 9143 §6).
        for (index, section) in sections.iter_mut().enumerate() {
            section.said.bundle_only &= grouped.contains(&index);
        }
        let tags = sections.iter().flat_map(|section: &SectionFacts| &section.said.ice_options);
        let ice_options = tags.chain(&top.ice_options).cloned().collect();
        Ok(Self { groups, lip_sync, timings: timings(session), ice_options, sections })
    }

    /// Those of the own extensions of ICE that the peer named as well.
    pub(super) fn common_options(
        &self,
        own: Option<&IceOptions<'static>>,
    ) -> Option<IceOptions<'static>> {
        let common = own?.iter().filter(|tag| self.ice_options.contains(*tag));
        IceOptions::new(common).ok()
    }

    /// The group that a section is in.
    pub(super) fn group_of(&self, section: usize) -> Option<&[usize]> {
        self.groups.iter().find(|group| group.contains(&section)).map(Vec::as_slice)
    }

    /// Whether RTCP shares the port: the section says so, or the one that carries its transport
    /// (RFC 9143 §7.1.3).
    pub(super) fn muxed(&self, section: usize, owner: usize) -> bool {
        let says = |index: usize| self.sections.get(index).is_some_and(|s| s.said.rtcp_mux);
        says(section) || says(owner)
    }
}

/// The `m=` line as an answer can repeat it, with those of its formats that are any. A media type
/// or a protocol that is none leaves nothing to answer.
fn line(media: &Media<'_>) -> Result<MediaLine<'static>, Mismatch> {
    let line = media.line()?.into_owned();
    match media.strict_line() {
        Err(fault) if matches!(fault.code, Code::MediaType | Code::MediaProtocol) => {
            return Err(fault.into());
        }
        Ok(()) => return Ok(line),
        Err(_) => {}
    }
    let rtp = line.is_rtp();
    let fits = |format: &&str| {
        format.bytes().all(is_token_byte) && (!rtp || payload_type(format).is_some())
    };
    let formats = Words::new(line.formats().filter(fits)).ok();
    Ok(MediaLine { formats, ..line })
}

/// The `t=` lines, which the answer repeats (RFC 3264 §6), as far as they can be read.
fn timings(session: &Session<'_>) -> Vec<Timing> {
    let lines = session.session_section().lines().filter(|line| line.kind() == LineKind::Time);
    lines.filter_map(|line| read_field(line, Timing::parse).ok()).collect()
}

/// The groups of these semantics as indices. One that names an unknown mid is ignored (RFC 5888 §6).
fn named<'g>(
    groups: &'g [Group<'_>],
    mids: &'g BTreeMap<Token<'static>, usize>,
    semantics: &'g str,
) -> impl Iterator<Item = Vec<usize>> + 'g {
    let member = |mid: &str| mids.get(&Token::new(mid).ok()?).copied();
    let groups = groups.iter().filter(move |group| group.semantics == semantics);
    groups.filter_map(move |group| group.mids().map(member).collect())
}

/// The groups with each section in the first one that has it alone.
fn disjoint(all: impl Iterator<Item = Vec<usize>>, count: usize) -> Vec<Vec<usize>> {
    let mut grouped = alloc::vec![false; count];
    let mut groups = Vec::new();
    for members in all {
        let mut fresh = Vec::new();
        for index in members {
            if let Some(seen @ false) = grouped.get_mut(index) {
                *seen = true;
                fresh.push(index);
            }
        }
        if !fresh.is_empty() {
            groups.push(fresh);
        }
    }
    groups
}
