//! Fragments: candidates and credentials that are sent after the description (RFC 8840 §9).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::attribute::{EndOfCandidates, IceOptions, IcePwd, IceUfrag};
use crate::check::AcceptError;
use crate::diagnostic::{Diagnostic, Refusal};
use crate::limits::{LimitError, Limits};
use crate::media::{IceCredentials, Media};
use crate::section::{AttributeLine, Section};
use crate::session::Session;
use crate::write::WriteError;
use crate::{Policy, check};

/// What a fragment says for all sections (RFC 8840 §9.2), besides the group.
const COMMON: [&[u8]; 6] =
    [b"ice-lite", b"ice-pacing", b"ice-options", b"ice-ufrag", b"ice-pwd", b"end-of-candidates"];
/// What it says for one, in this order: the mid comes right before the candidates (§4.4).
const OF_SECTION: [&[u8]; 5] =
    [b"ice-ufrag", b"ice-pwd", b"mid", b"candidate", b"end-of-candidates"];

/// The body of an `application/trickle-ice-sdpfrag`, as SIP and WHIP send it.
///
/// It has attribute lines and `m=` lines alone; a pseudo `m=` line with an `a=mid` says which
/// section the candidates behind it are for.
///
/// ```
/// use sdp_proto::{Fragment, Policy};
///
/// let text = b"a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
///     m=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
///     a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n";
/// let fragment = Fragment::accept(text, Policy::Strict)?;
/// let section = fragment.sections().next().expect("one section");
/// assert_eq!(section.candidates().count(), 1);
/// assert!(section.end_of_candidates());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment<'a>(Session<'a>);

impl<'a> Fragment<'a> {
    /// Takes a fragment apart under the default limits, whatever is in it.
    pub fn parse(text: &'a [u8]) -> Result<Self, LimitError> {
        Session::parse_with(Cow::Borrowed(text), Limits::default()).map(Self)
    }

    /// Parses and asks `policy`.
    pub fn accept(text: &'a [u8], policy: Policy) -> Result<Self, AcceptError> {
        let fragment = Self::parse(text)?;
        fragment.check(policy)?;
        Ok(fragment)
    }

    /// Writes what `description`, our own, says of ICE so far, for a peer that has an earlier state
    /// of it: the credentials where the description has them, and of each section in use that has
    /// something of ICE the `m=` line, the mid and all candidates in their order, since a fragment
    /// repeats those that were sent before (RFC 8840 §4.4).
    ///
    /// An error says what the description lacks or has wrong; its line is that of the fragment.
    ///
    /// ```
    /// use sdp_proto::{Fragment, Session};
    ///
    /// let candidate = "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host";
    /// let text = b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
    ///     m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
    ///     a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=sctp-port:5000\r\n";
    /// let mut ours = Session::parse(text)?;
    /// ours.insert_line(ours.line_count(), candidate)?;
    /// assert_eq!(
    ///     &*Fragment::of(&ours)?.to_bytes(),
    ///     b"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
    ///     a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=mid:0\r\n\
    ///     a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
    /// );
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn of(description: &Session<'_>) -> Result<Fragment<'static>, WriteError> {
        let mut text = Vec::new();
        let mut push = |line: &[u8]| {
            text.extend_from_slice(line);
            text.extend_from_slice(b"\r\n");
        };
        let common = description.session_section();
        for attribute in common.attributes() {
            let semantics =
                attribute.value().and_then(|value| value.split(|byte| *byte == b' ').next());
            let is_bundle = attribute.name() == b"group" && semantics == Some(b"BUNDLE");
            if is_bundle || COMMON.contains(&attribute.name()) {
                push(attribute.line().content());
            }
        }
        for section in description.media().filter(|section| !section.is_rejected()) {
            let section = *section;
            if lines_of_ice(section).any(|attribute| attribute.name() != b"mid") {
                section.lines().take(1).for_each(|line| push(line.content()));
                lines_of_ice(section).for_each(|attribute| push(attribute.line().content()));
            }
        }
        let fragment = Fragment(Session::parse_with(text.into(), *description.limits())?);
        match fragment.diagnostics().first() {
            None => Ok(fragment),
            Some(first) => Err(Refusal { policy: Policy::Strict, first: *first }.into()),
        }
    }

    /// Whether `policy` accepts this fragment.
    pub fn check(&self, policy: Policy) -> Result<(), Refusal> {
        let mut all = self.diagnostics();
        all.retain(|finding| !finding.tolerated_by(policy));
        all.first().map_or(Ok(()), |first| Err(Refusal { policy, first: *first }))
    }

    /// Everything there is to say about this fragment, in the order of lines.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        check::fragment(&self.0.document, &mut |finding| all.push(finding));
        all.sort_by_key(|finding| (finding.line, finding.columns));
        all
    }

    /// What holds for all sections: the lines before the first `m=` line.
    pub fn common(&self) -> Section<'_> {
        self.0.session_section()
    }

    /// The sections. Credentials and options fall back on the common part.
    pub fn sections(&self) -> impl ExactSizeIterator<Item = Media<'_>> {
        self.0.media()
    }

    /// The credentials in the common part: new ones mean a restart (RFC 8840 §4.4).
    pub fn ice_credentials(&self) -> Result<Option<IceCredentials<'_>>, Diagnostic> {
        let ufrag = self.common().get::<IceUfrag<'_>>()?;
        let pwd = self.common().get::<IcePwd<'_>>()?;
        Ok(ufrag.zip(pwd).map(|(ufrag, pwd)| IceCredentials { ufrag, pwd }))
    }

    /// The ICE options in the common part.
    pub fn ice_options(&self) -> Result<Option<IceOptions<'_>>, Diagnostic> {
        self.common().get()
    }

    /// Whether no more candidates will come for any section.
    pub fn end_of_candidates(&self) -> bool {
        matches!(self.common().get::<EndOfCandidates>(), Ok(Some(_)))
    }

    /// The text: borrowed if unmodified.
    pub fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.0.to_bytes()
    }

    /// The lines as a document, for everything else.
    pub const fn document(&self) -> &Session<'a> {
        &self.0
    }
}

/// What a fragment says of a section, in the order in which it does.
fn lines_of_ice(section: Section<'_>) -> impl Iterator<Item = AttributeLine<'_>> {
    let named = move |name: &'static [u8]| {
        section.attributes().filter(move |attribute| attribute.name() == name)
    };
    OF_SECTION.into_iter().flat_map(named)
}
