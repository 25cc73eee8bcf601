//! Reading the peer's description.
use super::RemoteDescriptionError;
use ice_proto::{Candidate, CandidateKind, IceCredentials};
use sans_io::Transport;
use sdp_proto::{
    Media, Policy, Session,
    attribute::{self, CandidateType, IceLite, IcePacing},
};
use std::{net::SocketAddr, time::Duration};

/// What an agent needs to know of the peer.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// The text, for the answer to mirror.
    pub(crate) text: String,
    pub(crate) credentials: IceCredentials,
    pub(crate) candidates: Vec<Candidate>,
    /// Candidates that cannot be used: other transports, and names.
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
        let credentials = IceCredentials::new(credentials.ufrag.as_str(), credentials.pwd.as_str())?;
        let pacing = session.session_section().get::<IcePacing>()?.map(IcePacing::interval);
        let all = candidates_of(&session, &media);
        let candidates: Vec<_> = all.iter().filter_map(usable).collect();
        Ok(Self {
            credentials,
            skipped: all.len() - candidates.len(),
            candidates,
            complete: is_complete(&media),
            pacing,
            lite: session.session_section().get::<IceLite>()?.is_some(),
            text: text.to_owned(),
        })
    }
}

/// The candidates of a section. One that shares the transport of another may leave them to that
/// one, which then has the same credentials (RFC 9143 §7.1.3). One that cannot be read is no reason
/// to do without the others.
fn candidates_of<'s>(session: &'s Session<'_>, media: &Media<'s>) -> Vec<attribute::Candidate<'s>> {
    let credentials = |media: &Media<'_>| {
        let credentials = media.ice_credentials().ok().flatten();
        credentials.map(|both| (both.ufrag.as_str().to_owned(), both.pwd.as_str().to_owned()))
    };
    let ours = credentials(media);
    let others = session.media().filter(|other| credentials(other) == ours);
    std::iter::once(*media)
        .chain(others)
        .map(|media| media.candidates().filter_map(Result::ok).collect::<Vec<_>>())
        .find(|candidates| !candidates.is_empty())
        .unwrap_or_default()
}

/// Whether no more candidates will come: the description says so, or says nothing of trickle
/// (RFC 8838 §3).
fn is_complete(media: &Media<'_>) -> bool {
    let trickles = media.ice_options().ok().flatten().is_some_and(|o| o.contains("trickle"));
    media.end_of_candidates() || !trickles
}

/// UDP candidates with an address. A name needs multicast DNS, which is not there yet; the checks
/// that come from it make it a peer-reflexive candidate all the same.
fn usable(candidate: &attribute::Candidate<'_>) -> Option<Candidate> {
    let kind = match candidate.typ {
        CandidateType::Host => CandidateKind::Host,
        CandidateType::ServerReflexive => CandidateKind::ServerReflexive,
        CandidateType::PeerReflexive => CandidateKind::PeerReflexive,
        CandidateType::Relayed => CandidateKind::Relayed,
        CandidateType::Other(_) => return None,
    };
    if candidate.transport != attribute::Transport::Udp {
        return None;
    }
    Some(Candidate {
        foundation: candidate.foundation.as_str().parse().ok()?,
        component: candidate.component,
        transport: Transport::Udp,
        priority: candidate.priority,
        address: SocketAddr::new(candidate.address.ip()?, candidate.port),
        kind,
        related: None,
    })
}
