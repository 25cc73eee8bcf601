//! Fragments: candidates and credentials that are sent after the description (RFC 8840 §9).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::attribute::{EndOfCandidates, IceOptions, IcePwd, IceUfrag};
use crate::diagnostic::{Diagnostic, Refusal};
use crate::limits::{LimitError, Limits};
use crate::media::{IceCredentials, Media};
use crate::section::Section;
use crate::session::{AcceptError, Session};
use crate::{Policy, check};

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

    /// Whether `policy` accepts this fragment.
    pub fn check(&self, policy: Policy) -> Result<(), Refusal> {
        let mut all = self.diagnostics();
        all.retain(|finding| !finding.tolerated_by(policy));
        all.first().map_or(Ok(()), |first| Err(Refusal { policy, first: *first }))
    }

    /// Everything there is to say about this fragment, in the order of lines.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        check::fragment(&self.0, &mut |finding| all.push(finding));
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
