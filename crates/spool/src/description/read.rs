//! Reading the peer's description.
use super::RemoteDescriptionError;
use ice_proto::{Candidate, CandidateTransport, IceCredentials};
use sdp_proto::{
    Fragment, Media, Policy, Session,
    attribute::{self, IceLite, IcePacing},
};
use std::time::Duration;

/// What an agent needs to know of the peer.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// The text, for the answer to mirror.
    pub(crate) text: String,
    pub(crate) credentials: IceCredentials,
    pub(crate) candidates: Vec<Candidate>,
    /// Candidates that cannot be used: other transports, names, and what cannot be read.
    pub(crate) skipped: usize,
    /// No more candidates will come.
    pub(crate) complete: bool,
    pub(crate) pacing: Option<Duration>,
    /// The peer is a lite implementation (RFC 8445 §2.5).
    pub(crate) lite: bool,
}

impl Remote {
    pub(crate) fn parse(text: &str) -> Result<Self, RemoteDescriptionError> {
        let session = Session::parse(text.as_bytes())?;
        session.check(Policy::Compat).map_err(|refusal| refusal.first)?;
        let media =
            session.data_channel().ok_or(RemoteDescriptionError::NoDataChannel)?.transport();
        let credentials = media.ice_credentials()?.ok_or(RemoteDescriptionError::NoCredentials)?;
        let credentials =
            IceCredentials::new(credentials.ufrag.as_str(), credentials.pwd.as_str())?;
        let pacing = session.session_section().get::<IcePacing>()?.map(IcePacing::interval);
        let (candidates, skipped) = candidates_of(&session, &media);
        Ok(Self {
            credentials,
            skipped,
            candidates,
            complete: is_complete(&media),
            pacing,
            lite: session.session_section().get::<IceLite>()?.is_some(),
            text: text.to_owned(),
        })
    }
}

impl Remote {
    /// Passes over the candidates of the peer that are over TCP.
    pub(crate) fn without_tcp(mut self) -> Self {
        let before = self.candidates.len();
        self.candidates.retain(|candidate| candidate.transport == CandidateTransport::Udp);
        self.skipped += before - self.candidates.len();
        self
    }
}

/// What a peer says of ICE after the description (RFC 8840 §9).
#[derive(Clone, Debug)]
pub(crate) struct RemoteFragment {
    pub(crate) credentials: IceCredentials,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) complete: bool,
}

impl RemoteFragment {
    pub(crate) fn parse(text: &str) -> Result<Self, RemoteDescriptionError> {
        let fragment = Fragment::parse(text.as_bytes())?;
        fragment.check(Policy::Compat).map_err(|refusal| refusal.first)?;
        let mut sections = fragment.sections();
        let section = sections.next().ok_or(RemoteDescriptionError::NoDataChannel)?;
        let own = section.ice_credentials()?;
        let credentials = match own {
            Some(own) => own,
            None => fragment.ice_credentials()?.ok_or(RemoteDescriptionError::NoCredentials)?,
        };
        let credentials =
            IceCredentials::new(credentials.ufrag.as_str(), credentials.pwd.as_str())?;
        let candidates = section.candidates().filter_map(|line| usable(&line.ok()?)).collect();
        let complete = section.end_of_candidates() || fragment.end_of_candidates();
        Ok(Self { credentials, candidates, complete })
    }
}

/// The candidates of a section that can be used, and how many cannot. A section that shares the
/// transport of another may leave them to that one, which then has the same credentials
/// (RFC 9143 §7.1.3). One that is not understood is no reason to do without the others
/// (RFC 8839 §5.1).
fn candidates_of(session: &Session<'_>, media: &Media<'_>) -> (Vec<Candidate>, usize) {
    let credentials = |media: &Media<'_>| {
        let credentials = media.ice_credentials().ok().flatten();
        credentials.map(|both| (both.ufrag.as_str().to_owned(), both.pwd.as_str().to_owned()))
    };
    let ours = credentials(media);
    let others = session.media().filter(|other| credentials(other) == ours);
    let mut sections = std::iter::once(*media).chain(others);
    let Some(media) = sections.find(|media| media.candidates().next().is_some()) else {
        return (Vec::new(), 0);
    };
    let usable: Vec<_> = media.candidates().filter_map(|line| usable(&line.ok()?)).collect();
    let skipped = media.candidates().count() - usable.len();
    (usable, skipped)
}

/// Whether no more candidates will come: the description says so, or says nothing of trickle
/// (RFC 8838 §3).
fn is_complete(media: &Media<'_>) -> bool {
    let trickles = media.ice_options().ok().flatten().is_some_and(|o| o.contains("trickle"));
    media.end_of_candidates() || !trickles
}

/// Candidates with an address. A name needs multicast DNS, which is not there yet; the checks that come
/// from it make it a peer-reflexive candidate all the same.
fn usable(text: &attribute::Candidate<'_>) -> Option<Candidate> {
    Candidate::from_sdp(text).ok()
}
