//! A section as this side is going to write it, in an offer or an answer (RFC 8829 §5.2.1, §5.3.1).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::config::Config;
use super::kind::Kind;
use super::simulcast;
use crate::attribute::{
    BundleOnly, Candidate, Direction, EndOfCandidates, ExtMap, ExtMapAllowMixed, Group, IceLite,
    Mid, Msid, Rtcp, RtcpMux, RtcpMuxOnly, RtcpRsize, Setup,
};
use crate::codec::Format;
use crate::data_channel::{DISCARD_PORT, default_destination};
use crate::field::{Connection, MediaLine, Origin, Timing};
use crate::text::{Text, Token, Words};
use crate::{Builder, IceCredentials, Session, WriteError};

/// All that is written of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SectionDraft {
    /// Media word, protocol and formats.
    pub(super) line: MediaLine<'static>,
    pub(super) mid: Option<Token<'static>>,
    pub(super) kind: Option<Kind>,
    /// Rejected, or switched off, where not.
    pub(super) live: bool,
    pub(super) bundle_only: bool,
    /// The section that carries the transport: this one, or another of its BUNDLE group.
    pub(super) owner: usize,
    /// The DTLS role to write, where the transport is this section's own.
    pub(super) setup: Option<Setup>,
    pub(super) tls_id: bool,
    pub(super) direction: Direction,
    pub(super) formats: Vec<(Format<'static>, Vec<Text<'static>>)>,
    pub(super) extensions: Vec<ExtMap<'static>>,
    pub(super) allow_mixed: bool,
    pub(super) streams: Vec<Token<'static>>,
    pub(super) simulcast: simulcast::Lines,
    /// Whether to say where RTCP goes if it has a port of its own.
    pub(super) rtcp: bool,
    pub(super) rtcp_mux: bool,
    pub(super) rtcp_mux_only: bool,
    pub(super) rtcp_rsize: bool,
}

/// The addresses of a transport, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    pub(super) candidates: Vec<Candidate<'static>>,
    pub(super) complete: bool,
}

/// Candidates by the mid of the section that they are for; `None` for all others.
pub(super) type Candidates = BTreeMap<Option<Token<'static>>, Gathered>;

impl SectionDraft {
    /// The MediaStreams of a section of media that is in use.
    pub(super) fn streams(&self) -> Option<&[Token<'static>]> {
        let media = self.live && self.kind != Some(Kind::Data);
        media.then_some(&self.streams[..])
    }

    /// A section that is off: port 0, at least one format (RFC 3264 §6).
    pub(super) fn off(
        line: MediaLine<'static>,
        mid: Option<Token<'static>>,
        owner: usize,
        kind: Option<Kind>,
    ) -> Self {
        Self {
            line,
            mid,
            kind,
            live: false,
            bundle_only: false,
            owner,
            setup: None,
            tls_id: false,
            direction: Direction::Inactive,
            formats: Vec::new(),
            extensions: Vec::new(),
            allow_mixed: false,
            streams: Vec::new(),
            simulcast: simulcast::Lines::default(),
            rtcp: false,
            rtcp_mux: false,
            rtcp_mux_only: false,
            rtcp_rsize: false,
        }
    }
}

/// The `m=` line for these formats.
pub(super) fn line(
    kind: Kind,
    formats: &[Format<'static>],
) -> Result<MediaLine<'static>, WriteError> {
    let media = Token::new(kind.as_str()).map_err(|_| WriteError::NotALine)?;
    let numbers: Vec<alloc::string::String> = match kind {
        Kind::Data => ["webrtc-datachannel".into()].into(),
        Kind::Audio | Kind::Video => {
            formats.iter().map(|format| alloc::format!("{}", format.payload_type)).collect()
        }
    };
    MediaLine::new(media, 0, kind.proto(), numbers).map_err(|_| WriteError::NotALine)
}

/// What a description is made of.
pub(super) struct Writer<'w> {
    pub(super) config: &'w Config,
    pub(super) credentials: &'w IceCredentials<'static>,
    pub(super) candidates: &'w Candidates,
    pub(super) version: u64,
    pub(super) timings: &'w [Timing],
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
        for (name, group) in bundles.chain(self.lip_sync.iter().map(|group| ("LS", group))) {
            let semantics = Token::new(name).map_err(|_| WriteError::Name)?;
            let member = |index: &usize| self.drafts.get(*index)?.mid.clone();
            builder.attribute(&Group::new(semantics, group.iter().filter_map(member)))?;
        }
        if self.config.ice_lite {
            builder.attribute(&IceLite)?;
        }
        if let Some(pacing) = &self.config.ice_pacing {
            builder.attribute(pacing)?;
        }
        // All transports show the same certificates, so that these may stand here (RFC 8829 §5.2.1).
        // They have to: of bundled sections without a fingerprint Chromium rejects all but one.
        for fingerprint in &self.config.fingerprints {
            builder.attribute(fingerprint)?;
        }
        for draft in self.drafts {
            self.section(&mut builder, draft)?;
        }
        builder.finish()
    }

    fn section(&self, builder: &mut Builder, draft: &SectionDraft) -> Result<(), WriteError> {
        let off = !draft.live || draft.bundle_only;
        let gathered = self.gathered(draft.owner);
        let (connection, port) = match gathered {
            _ if off => (Connection::UNKNOWN, 0),
            Some(gathered) => default_destination(&gathered.candidates, 1),
            None => (Connection::UNKNOWN, DISCARD_PORT),
        };
        let line = MediaLine { port, port_count: None, ..draft.line.clone() };
        builder.media(&line)?.connection(&connection)?;
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
        if let Some(setup) = draft.setup {
            self.transport(builder, draft, setup, gathered)?;
        }
        match draft.kind {
            Some(Kind::Data) => self.data(builder, draft),
            Some(Kind::Audio | Kind::Video) | None => media(builder, draft),
        }
    }

    fn gathered(&self, owner: usize) -> Option<&Gathered> {
        let mid = self.drafts.get(owner)?.mid.clone();
        self.candidates.get(&mid).or_else(|| self.candidates.get(&None))
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
        builder.attribute(&self.credentials.ufrag)?.attribute(&self.credentials.pwd)?;
        if let Some(options) = &self.config.ice_options {
            builder.attribute(options)?;
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
        match draft.line.formats().next().filter(|_| draft.line.proto == "DTLS/SCTP") {
            Some(port) => {
                let value = alloc::format!("{port} webrtc-datachannel 1024");
                builder.attribute_text("sctpmap", Some(&value))?;
            }
            None => {
                builder.attribute(&self.config.sctp_port)?;
            }
        }
        builder.attribute(&self.config.max_message_size)?;
        Ok(())
    }
}

fn media(builder: &mut Builder, draft: &SectionDraft) -> Result<(), WriteError> {
    builder.attribute(&draft.direction)?;
    for stream in draft.streams.iter().filter(|_| draft.direction.sends()) {
        builder.attribute(&Msid { stream: stream.clone(), track: None })?;
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
    for (format, feedback) in &draft.formats {
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
    for rid in &draft.simulcast.rids {
        builder.attribute(rid)?;
    }
    if let Some(simulcast) = &draft.simulcast.simulcast {
        builder.attribute_text("simulcast", Some(simulcast))?;
    }
    Ok(())
}

/// The formats of an `m=` line as they were or, where there are none, one that stands for none.
pub(super) fn rejected(line: MediaLine<'static>) -> MediaLine<'static> {
    let formats = line.formats.or_else(|| Words::new(["0"]).ok());
    MediaLine { port: 0, port_count: None, formats, ..line }
}
