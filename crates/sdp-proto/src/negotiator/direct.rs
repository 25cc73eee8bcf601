//! Sections without ICE, as SIP phones and trunks have them: RTP in clear, with keys in the
//! descriptions, or over DTLS (RFC 3264, RFC 4568, RFC 5763).

use alloc::vec::Vec;

use super::agreement::{AgreedSection, AgreedTransport, DtlsRole};
use super::capability::Codec;
use super::config::Config;
use super::create_offer::LocalSection;
use super::explain::Reason;
use super::facts::SectionFacts;
use super::mismatch::Mismatch;
use super::transport::{bears_actpass, fingerprints, role_of_answer, role_of_offer};
use crate::WriteError;
use crate::attribute::{Crypto, Fingerprint, TlsId};
use crate::field::Connection;
use crate::text::Word;

/// What is borne of sections without ICE. Default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Direct {
    /// RTP in clear: `RTP/AVP` and `RTP/AVPF`.
    pub plain: bool,
    /// DTLS to the address that the description names (RFC 5763).
    pub dtls: bool,
    /// Keys of this side, one line a suite, in order of preference (RFC 4568): for `RTP/SAVP` and
    /// `RTP/SAVPF`, and for SRTP that is offered as RTP in clear. Without any no such section is
    /// accepted. The keys are random and the application's; tags of an answer are those of the
    /// offer.
    pub crypto: Vec<Crypto<'static>>,
}

/// How an own offer has the media of a section travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Carriage {
    /// Over ICE and DTLS, as browsers do.
    #[default]
    Ice,
    /// Over DTLS, to the address of the answer.
    Dtls,
    /// With the keys of [`Direct::crypto`], as `RTP/SAVP`.
    Sdes,
    /// With these keys if the peer has some, else in clear: as `RTP/AVP`.
    BestEffort,
    /// In clear, as `RTP/AVP`.
    Plain,
}

/// Where and how the peer takes the media of a section without ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectTransport {
    /// Its address.
    pub connection: Connection<'static>,
    /// Its port for RTP.
    pub port: u16,
    /// Its address for RTCP, where that is another one (RFC 3605).
    pub rtcp_connection: Option<Connection<'static>>,
    /// Its port for RTCP: the same with rtcp-mux, else the next one unless it names another.
    pub rtcp_port: u16,
    /// What protects the media.
    pub protection: Protection,
}

/// What protects the media of a section without ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing.
    None,
    /// SRTP with keys from the descriptions.
    Sdes {
        /// With what this side encrypts.
        local: Crypto<'static>,
        /// With what the peer does.
        remote: Crypto<'static>,
    },
    /// SRTP with keys from DTLS.
    Dtls {
        /// The peer's certificates.
        fingerprints: Vec<Fingerprint<'static>>,
        /// The identity that the peer gives the association.
        tls_id: Option<TlsId<'static>>,
        /// The part of this side.
        role: DtlsRole,
    },
}

impl Carriage {
    /// The protocol of RTP, with or without feedback.
    const fn proto(self, feedback: bool) -> &'static str {
        match (self, feedback) {
            (Self::Ice, _) | (Self::Dtls, true) => "UDP/TLS/RTP/SAVPF",
            (Self::Dtls, false) => "UDP/TLS/RTP/SAVP",
            (Self::Sdes, true) => "RTP/SAVPF",
            (Self::Sdes, false) => "RTP/SAVP",
            (Self::BestEffort | Self::Plain, true) => "RTP/AVPF",
            (Self::BestEffort | Self::Plain, false) => "RTP/AVP",
        }
    }

    /// The protocol for these codecs.
    pub(super) fn protocol(self, codecs: &[Codec]) -> Result<Word<'static>, WriteError> {
        let feedback = codecs.iter().any(|codec| !codec.feedback.is_empty());
        Word::new(self.proto(feedback)).map_err(|_| WriteError::NotALine)
    }

    pub(super) fn is_ice(self) -> bool {
        self == Self::Ice
    }

    pub(super) const fn has_dtls(self) -> bool {
        matches!(self, Self::Ice | Self::Dtls)
    }

    pub(super) const fn has_keys(self) -> bool {
        matches!(self, Self::Sdes | Self::BestEffort)
    }

    /// That of an answer, with the own DTLS role and the line with the own key.
    pub(super) fn answering(
        ice: Option<&AgreedTransport>,
        direct: Option<&DirectTransport>,
    ) -> (Self, Option<DtlsRole>, Vec<Crypto<'static>>) {
        match (ice, direct.map(|direct| &direct.protection)) {
            (Some(ice), _) => (Self::Ice, Some(ice.role), Vec::new()),
            (None, None) => (Self::Ice, None, Vec::new()),
            (None, Some(Protection::None)) => (Self::Plain, None, Vec::new()),
            (None, Some(Protection::Sdes { local, .. })) => {
                (Self::Sdes, None, [local.clone()].into())
            }
            (None, Some(Protection::Dtls { role, .. })) => (Self::Dtls, Some(*role), Vec::new()),
        }
    }

    /// That of a section that was agreed.
    pub(super) fn of(section: &AgreedSection) -> Self {
        let secure = section.line.proto.contains("SAVP");
        match section.direct.as_ref().map(|direct| &direct.protection) {
            None => Self::Ice,
            Some(Protection::Dtls { .. }) => Self::Dtls,
            Some(Protection::Sdes { .. }) if secure => Self::Sdes,
            Some(Protection::Sdes { .. }) => Self::BestEffort,
            Some(Protection::None) => Self::Plain,
        }
    }
}

impl DirectTransport {
    fn new(facts: &SectionFacts, protection: Protection) -> Self {
        let said = &facts.said;
        let port = facts.line.port;
        let next = if said.rtcp_mux { port } else { port.saturating_add(1) };
        Self {
            connection: facts.connection.clone().unwrap_or(Connection::UNKNOWN),
            port,
            rtcp_connection: said.rtcp.as_ref().and_then(|rtcp| rtcp.connection.clone()),
            rtcp_port: said.rtcp.as_ref().filter(|_| !said.rtcp_mux).map_or(next, |r| r.port),
            protection,
        }
    }

    fn role(&self) -> Option<(DtlsRole, &[Fingerprint<'static>])> {
        match &self.protection {
            Protection::Dtls { fingerprints, role, .. } => Some((*role, fingerprints)),
            Protection::None | Protection::Sdes { .. } => None,
        }
    }
}

/// Whether RTP of this protocol may do without ICE here.
pub(super) fn allows(config: &Config, proto: &str) -> bool {
    let Direct { plain, dtls, crypto } = &config.direct;
    match proto {
        "RTP/AVP" | "RTP/AVPF" => *plain || !crypto.is_empty(),
        "RTP/SAVP" | "RTP/SAVPF" => *dtls || !crypto.is_empty(),
        "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" => *dtls,
        _ => false,
    }
}

/// What a section offers without ICE. `before` is what it had.
pub(super) fn of_offer(
    config: &Config,
    facts: &SectionFacts,
    before: Option<&DirectTransport>,
) -> Result<DirectTransport, Reason> {
    let proto = facts.line.proto.as_str();
    // The answer would have to name the same address (RFC 3264 §6.2), and this side has its own.
    if is_multicast(facts) {
        return Err(Reason::Multicast);
    }
    if facts.kind.is_none() {
        return Ok(DirectTransport::new(facts, Protection::None));
    }
    if !facts.is_rtp() || !allows(config, proto) {
        return Err(Reason::NoCredentials);
    }
    let keys = || {
        let own = &config.direct.crypto;
        let pair = facts.said.crypto.iter().find_map(|remote| {
            let local = own.iter().find(|own| own.suite == remote.suite)?;
            Some((Crypto { tag: remote.tag, ..local.clone() }, remote.clone()))
        });
        pair.map(|(local, remote)| Protection::Sdes { local, remote }).ok_or(Reason::NoKeys)
    };
    let dtls = || {
        let fingerprints = fingerprints(&facts.said);
        if fingerprints.is_empty() || !config.direct.dtls {
            return Err(Reason::NoFingerprint);
        }
        let before = before.and_then(DirectTransport::role);
        let before = before.filter(|(_, prints)| *prints == &fingerprints[..]);
        let role = role_of_offer(config, facts.said.setup, before.map(|(role, _)| role))?;
        Ok(Protection::Dtls { fingerprints, tls_id: facts.said.tls_id.clone(), role })
    };
    let protection = match proto {
        "RTP/AVP" | "RTP/AVPF" if config.direct.plain => keys().unwrap_or(Protection::None),
        "RTP/AVP" | "RTP/AVPF" => keys()?,
        "RTP/SAVP" | "RTP/SAVPF" if !facts.said.crypto.is_empty() => {
            // A fingerprint may be that of other sections; who offers DTLS says its role as well
            // (RFC 5763 §5).
            let dtls = || facts.said.setup.and_then(|_| dtls().ok()).ok_or(Reason::NoKeys);
            keys().or_else(|_| dtls())?
        }
        _ => dtls()?,
    };
    Ok(DirectTransport::new(facts, protection))
}

/// Whether media is to go to a group of hosts.
fn is_multicast(facts: &SectionFacts) -> bool {
    facts.connection.as_ref().and_then(Connection::ip).is_some_and(|ip| ip.is_multicast())
}

/// What an answered section has without ICE. `before` is what it had.
pub(super) fn of_answer(
    config: &Config,
    facts: &SectionFacts,
    ours: &LocalSection,
    before: Option<&DirectTransport>,
    section: usize,
) -> Result<DirectTransport, Mismatch> {
    // One host was offered, so that one answers (RFC 3264 §6.1).
    if is_multicast(facts) {
        return Err(Mismatch::NoTransport { section });
    }
    let keys = || {
        facts.said.crypto.iter().find_map(|remote| {
            let same = |own: &&Crypto<'_>| own.tag == remote.tag && own.suite == remote.suite;
            let local = ours.draft.crypto.iter().find(same)?.clone();
            Some(Protection::Sdes { local, remote: remote.clone() })
        })
    };
    let protection = match ours.draft.carriage {
        Carriage::Plain => Protection::None,
        Carriage::BestEffort => keys().unwrap_or(Protection::None),
        Carriage::Sdes => keys().ok_or(Mismatch::NoTransport { section })?,
        Carriage::Dtls | Carriage::Ice => {
            let fingerprints = fingerprints(&facts.said);
            if fingerprints.is_empty() {
                return Err(Mismatch::NoTransport { section });
            }
            let before = before.filter(|_| bears_actpass(config)).and_then(DirectTransport::role);
            let in_force = before.filter(|(_, prints)| *prints == &fingerprints[..]);
            let in_force = in_force.map(|(role, _)| role);
            let role = role_of_answer(facts.said.setup, in_force, section)?;
            Protection::Dtls { fingerprints, tls_id: facts.said.tls_id.clone(), role }
        }
    };
    Ok(DirectTransport::new(facts, protection))
}
