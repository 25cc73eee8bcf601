//! A description of the peer, read once section by section, with what the session part gives a
//! default for (RFC 8829 §5.8).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::kind::Kind;
use super::mismatch::Mismatch;
use crate::attribute::{
    Attribute, Direction, ExtMap, Fingerprint, Group, IcePwd, IceUfrag, MaxMessageSize, Rid,
    RtcpFb, Setup, Simulcast, TlsId,
};
use crate::field::MediaLine;
use crate::section::Section;
use crate::text::Token;
use crate::{IceCredentials, Media, Session};

/// All of it.
pub(super) struct Remote<'s> {
    pub(super) sections: Vec<RemoteSection<'s>>,
    /// Indices of the sections of each BUNDLE group, in the order of the group.
    pub(super) groups: Vec<Vec<usize>>,
    /// Indices of the sections of each LS group.
    pub(super) lip_sync: Vec<Vec<usize>>,
}

/// One section.
pub(super) struct RemoteSection<'s> {
    pub(super) media: Media<'s>,
    pub(super) line: MediaLine<'s>,
    pub(super) kind: Option<Kind>,
    pub(super) facts: Facts<'s>,
}

/// What attributes say, of one section or of the session part.
#[derive(Clone, Default)]
pub(super) struct Facts<'s> {
    pub(super) mid: Option<Token<'s>>,
    pub(super) bundle_only: bool,
    pub(super) direction: Option<Direction>,
    pub(super) ufrag: Option<IceUfrag<'s>>,
    pub(super) pwd: Option<IcePwd<'s>>,
    pub(super) fingerprints: Vec<Fingerprint<'s>>,
    pub(super) setup: Option<Setup>,
    pub(super) tls_id: Option<TlsId<'s>>,
    pub(super) rtcp_mux: bool,
    pub(super) rtcp_rsize: bool,
    pub(super) allow_mixed: bool,
    pub(super) extensions: Vec<ExtMap<'s>>,
    pub(super) rids: Vec<Rid<'s>>,
    pub(super) simulcast: Option<Simulcast<'s>>,
    pub(super) feedback: Vec<RtcpFb<'s>>,
    pub(super) sctp_port: Option<u16>,
    pub(super) max_message_size: Option<u64>,
    groups: Vec<Group<'s>>,
}

impl<'s> Facts<'s> {
    /// Reads what can be read; the rest is among the diagnostics, which the policy has borne.
    fn read(section: &Section<'s>) -> Self {
        let mut facts = Self::default();
        for attribute in section.attributes().filter_map(|attribute| attribute.typed().ok()) {
            match attribute {
                Attribute::Mid(mid) => _ = facts.mid.get_or_insert(mid.0),
                Attribute::BundleOnly(_) => facts.bundle_only = true,
                Attribute::Direction(way) => _ = facts.direction.get_or_insert(way),
                Attribute::IceUfrag(ufrag) => _ = facts.ufrag.get_or_insert(ufrag),
                Attribute::IcePwd(pwd) => _ = facts.pwd.get_or_insert(pwd),
                Attribute::Fingerprint(print) => facts.fingerprints.push(print),
                Attribute::Setup(setup) => _ = facts.setup.get_or_insert(setup),
                Attribute::TlsId(id) => _ = facts.tls_id.get_or_insert(id),
                Attribute::RtcpMux(_) | Attribute::RtcpMuxOnly(_) => facts.rtcp_mux = true,
                Attribute::RtcpRsize(_) => facts.rtcp_rsize = true,
                Attribute::ExtMapAllowMixed(_) => facts.allow_mixed = true,
                Attribute::ExtMap(map) => facts.extensions.push(map),
                Attribute::Rid(rid) => facts.rids.push(rid),
                Attribute::Simulcast(simulcast) => _ = facts.simulcast.get_or_insert(simulcast),
                Attribute::RtcpFb(feedback) => facts.feedback.push(feedback),
                Attribute::SctpPort(port) => _ = facts.sctp_port.get_or_insert(port.0),
                Attribute::SctpMap(map) => _ = facts.sctp_port.get_or_insert(map.port),
                Attribute::MaxMessageSize(size) => {
                    facts.max_message_size.get_or_insert(size.0);
                }
                Attribute::Group(group) => facts.groups.push(group),
                _ => {}
            }
        }
        facts
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

    pub(super) fn credentials(&self) -> Option<IceCredentials<'static>> {
        let (ufrag, pwd) = self.ufrag.clone().zip(self.pwd.clone())?;
        Some(IceCredentials { ufrag: ufrag.into_owned(), pwd: pwd.into_owned() })
    }

    pub(super) fn max_message_size(&self) -> u64 {
        self.max_message_size.unwrap_or(MaxMessageSize::DEFAULT)
    }
}

impl RemoteSection<'_> {
    /// Port 0, and not because it waits for a BUNDLE group (RFC 9143 §6).
    pub(super) fn is_off(&self) -> bool {
        self.line.port == 0 && !self.facts.bundle_only
    }

    pub(super) fn direction(&self) -> Direction {
        self.facts.direction.unwrap_or_default()
    }
}

impl<'s> Remote<'s> {
    pub(super) fn read(session: &'s Session<'s>) -> Result<Self, Mismatch> {
        let top = Facts::read(&session.session_section());
        let mut sections = Vec::with_capacity(session.media_count());
        let mut mids = BTreeMap::new();
        for media in session.media() {
            let line = media.line()?;
            let mut facts = Facts::read(&media);
            facts.default_to(&top);
            let index = sections.len();
            if let Some(mid) = &facts.mid
                && mids.insert(mid.clone(), index).is_some()
            {
                return Err(Mismatch::MidRepeated { section: index });
            }
            sections.push(RemoteSection { media, kind: Kind::of(&line), line, facts });
        }
        let bundled = named(&top, &mids, "BUNDLE");
        let lip_sync = named(&top, &mids, "LS").collect();
        Ok(Self { groups: disjoint(bundled, sections.len()), lip_sync, sections })
    }

    /// The group that a section is in.
    pub(super) fn group_of(&self, section: usize) -> Option<&[usize]> {
        self.groups.iter().find(|group| group.contains(&section)).map(Vec::as_slice)
    }
}

/// The groups of these semantics as indices. One that names an unknown mid is ignored (RFC 5888 §6).
fn named<'g>(
    top: &'g Facts<'_>,
    mids: &'g BTreeMap<Token<'_>, usize>,
    semantics: &'g str,
) -> impl Iterator<Item = Vec<usize>> + 'g {
    let member = |mid: &str| mids.get(&Token::new(mid).ok()?).copied();
    let groups = top.groups.iter().filter(move |group| group.semantics == semantics);
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
