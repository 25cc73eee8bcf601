//! A media section and what holds for it, with the session part as the fallback.

use core::ops::Deref;

use crate::attribute::{
    BundleOnly, Candidate, Direction, EndOfCandidates, Fingerprint, Group, IceOptions, IcePwd,
    IceUfrag, MaxMessageSize, Mid, RtcpMux, SctpPort, Setup, TlsId, TypedAttribute,
};
use crate::diagnostic::Diagnostic;
use crate::document::Document;
use crate::field::{Connection, MediaLine};
use crate::section::{Section, read_field};
use crate::text::Token;

/// A media section: an `m=` line and what follows it.
///
/// Dereferences to its [`Section`], whose getters look at this section alone. The getters here
/// know which attributes the session part gives a default for.
#[derive(Clone, Copy, Debug)]
pub struct Media<'s> {
    pub(crate) section: Section<'s>,
}

impl<'s> Deref for Media<'s> {
    type Target = Section<'s>;

    fn deref(&self) -> &Section<'s> {
        &self.section
    }
}

/// The pair that authenticates connectivity checks (RFC 8839 §5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceCredentials<'a> {
    /// The user name fragment.
    pub ufrag: IceUfrag<'a>,
    /// The password.
    pub pwd: IcePwd<'a>,
}

impl<'s> Media<'s> {
    /// The section at `index`, from 0.
    pub(crate) fn at(document: &'s Document<'s>, index: usize) -> Option<Self> {
        let lines = document.section(index)?;
        let (first, last) = (lines.start, lines.end);
        Some(Self { section: Section { document, media: Some(index), first, last } })
    }

    /// All sections in order.
    pub(crate) fn all(
        document: &'s Document<'s>,
    ) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..document.section_count()).map(|index| {
            let lines = document.section(index).unwrap_or_default();
            let (first, last) = (lines.start, lines.end);
            Self { section: Section { document, media: Some(index), first, last } }
        })
    }

    /// The first section with this identification tag.
    pub(crate) fn by_mid(document: &'s Document<'s>, mid: &str) -> Option<Self> {
        let named = |media: &Self| media.mid().ok().flatten().is_some_and(|m| m.as_str() == mid);
        Self::all(document).find(named)
    }

    /// The session part of the same description.
    fn session(&self) -> Section<'s> {
        Section::session(self.section.document)
    }

    /// Index of this section among the media sections, from 0.
    pub fn media_index(&self) -> usize {
        self.section.media.unwrap_or_default()
    }

    /// The `m=` line (RFC 8866 §5.14).
    pub fn line(&self) -> Result<MediaLine<'s>, Diagnostic> {
        match self.section.lines().next() {
            Some(line) => read_field(line, MediaLine::parse),
            // A section starts with its m= line, so this is out of reach.
            None => MediaLine::parse("").map_err(|e| Diagnostic {
                line: self.section.first + 1,
                columns: (1, 1),
                code: e.code,
            }),
        }
    }

    /// What the grammar says about an `m=` line that can be read.
    pub(crate) fn strict_line(&self) -> Result<(), Diagnostic> {
        let line = self.section.lines().next();
        line.map_or(Ok(()), |line| read_field(line, MediaLine::strict))
    }

    /// The identification tag (RFC 5888 §4).
    pub fn mid(&self) -> Result<Option<Token<'s>>, Diagnostic> {
        Ok(self.get::<Mid>()?.map(|mid| mid.0))
    }

    /// Whether the section is switched off: port 0, and not because it waits for BUNDLE.
    ///
    /// Port 0 together with `a=bundle-only` offers a section that is only wanted inside a
    /// BUNDLE group (RFC 9143 §6); it is not a rejection. In an answer `bundle-only` does not
    /// occur, and port 0 rejects (RFC 3264 §6).
    pub fn is_rejected(&self) -> bool {
        self.line().is_ok_and(|line| line.port == 0) && !self.is_bundle_only()
    }

    /// Whether `a=bundle-only` is present (RFC 9143 §6).
    pub fn is_bundle_only(&self) -> bool {
        matches!(self.get::<BundleOnly>(), Ok(Some(_)))
    }

    /// The section whose transport this one uses: its own, unless it is in a BUNDLE group and
    /// has no ICE credentials. Then it is the first section of the group, which alone carries
    /// the attributes of the shared transport (RFC 9143 §7.1.3).
    #[must_use]
    pub fn transport(&self) -> Self {
        let Ok(Some(mid)) = self.mid() else { return *self };
        if self.has("ice-ufrag") {
            return *self;
        }
        let mut groups = self.session().all::<Group<'s>>().flatten();
        let group = groups.find(|g| g.is_bundle() && g.mids().any(|m| m == mid.as_str()));
        let tagged =
            group.and_then(|group| Self::by_mid(self.section.document, group.mids().next()?));
        tagged.unwrap_or(*self)
    }

    /// The ICE candidates (RFC 8839 §5.1). One that cannot be read does not hide the others.
    pub fn candidates(&self) -> impl Iterator<Item = Result<Candidate<'s>, Diagnostic>> + use<'s> {
        self.all::<Candidate<'s>>()
    }

    /// Whether no more candidates will come (RFC 8840 §8.2); the session part counts as well.
    pub fn end_of_candidates(&self) -> bool {
        matches!(self.get_or_session::<EndOfCandidates>(), Ok(Some(_)))
    }

    /// The ICE credentials of this section or, failing that, of the session part (RFC 8839
    /// §5.4). `None` when either half is missing.
    pub fn ice_credentials(&self) -> Result<Option<IceCredentials<'s>>, Diagnostic> {
        let ufrag = self.get_or_session::<IceUfrag<'s>>()?;
        let pwd = self.get_or_session::<IcePwd<'s>>()?;
        Ok(ufrag.zip(pwd).map(|(ufrag, pwd)| IceCredentials { ufrag, pwd }))
    }

    /// The ICE options of this section or, failing that, of the session part (RFC 8839 §5.6).
    pub fn ice_options(&self) -> Result<Option<IceOptions<'s>>, Diagnostic> {
        self.get_or_session()
    }

    /// The certificate fingerprints of this section or, failing that, of the session part
    /// (RFC 8122 §5).
    pub fn fingerprints(
        &self,
    ) -> impl Iterator<Item = Result<Fingerprint<'s>, Diagnostic>> + use<'s> {
        let here = self.has(Fingerprint::NAMES.first().copied().unwrap_or_default());
        let section = if here { self.section } else { self.session() };
        section.all::<Fingerprint<'s>>()
    }

    /// Who opens the DTLS association (RFC 8842 §5.1).
    pub fn setup(&self) -> Result<Option<Setup>, Diagnostic> {
        self.get_or_session()
    }

    /// The identity of the DTLS association (RFC 8842 §4).
    pub fn tls_id(&self) -> Result<Option<TlsId<'s>>, Diagnostic> {
        self.get_or_session()
    }

    /// The SCTP port (RFC 8841 §5.1).
    pub fn sctp_port(&self) -> Result<Option<u16>, Diagnostic> {
        Ok(self.get::<SctpPort>()?.map(|port| port.0))
    }

    /// The largest message that the sender of this description takes; 0 means any size, and
    /// without the attribute it is 64 KiB (RFC 8841 §6.1).
    pub fn max_message_size(&self) -> Result<u64, Diagnostic> {
        Ok(self.get::<MaxMessageSize>()?.map_or(MaxMessageSize::DEFAULT, |size| size.0))
    }

    /// Whether RTP and RTCP may share a port (RFC 5761 §5.1.1).
    pub fn rtcp_mux(&self) -> bool {
        matches!(self.get::<RtcpMux>(), Ok(Some(_)))
    }

    /// The direction: of this section, of the session part, or `sendrecv` (RFC 8866 §6.7).
    pub fn direction(&self) -> Direction {
        let session = || self.session().own_direction();
        self.own_direction().or_else(session).unwrap_or_default()
    }

    /// The address that media goes to: `c=` of this section or of the session (RFC 8866 §5.7).
    pub fn connection(&self) -> Result<Option<Connection<'s>>, Diagnostic> {
        match self.own_connection()? {
            Some(connection) => Ok(Some(connection)),
            None => self.session().own_connection(),
        }
    }

    /// The first `T` of this section or, failing that, of the session part.
    pub fn get_or_session<T: TypedAttribute<'s>>(&self) -> Result<Option<T>, Diagnostic> {
        match self.get::<T>()? {
            Some(value) => Ok(Some(value)),
            None => self.session().get::<T>(),
        }
    }
}
