//! Writing our own description, as an offer or as the answer to one.
use super::Remote;
use ice_proto::{Candidate, IceCredentials};
use sdp_proto::{
    AnswerError, DataChannel, Fragment, Session, WriteError,
    attribute::{Fingerprint, IceOptions, IcePacing, IcePwd, IceUfrag},
    text::TextError,
};
use std::time::Duration;
use thiserror::Error;

/// What our description says besides the candidates.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) credentials: IceCredentials,
    /// The Ta that we propose (RFC 8839 §5.5).
    pub(crate) pacing: Duration,
    /// Names the session; 63 random bits (RFC 8829 §5.2.1).
    pub(crate) session_id: u64,
    /// The SHA-256 of a certificate that nobody has: see [`Agent`](crate::Agent).
    pub(crate) fingerprint: [u8; 32],
    /// Whether we are a lite implementation.
    pub(crate) lite: bool,
}

/// Why a description could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WriteDescriptionError {
    /// Part of ours cannot be written in SDP.
    #[error("our description cannot be written: {0}")]
    Text(#[from] TextError),
    /// A line of ours cannot be written.
    #[error("our description cannot be written: {0}")]
    Line(#[from] WriteError),
    /// The offer cannot be answered.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl Local {
    /// An offer with these candidates, which are all there are.
    pub(crate) fn offer(&self, candidates: &[Candidate]) -> Result<String, WriteDescriptionError> {
        Ok(self.data_channel(candidates)?.offer()?.to_string())
    }

    /// The answer to an offer: its data-channel section with these candidates, which are all there
    /// are, and every other section rejected (RFC 3264 §6).
    pub(crate) fn answer(
        &self,
        offer: &Remote,
        candidates: &[Candidate],
    ) -> Result<String, WriteDescriptionError> {
        let parsed = Session::parse(offer.text.as_bytes());
        // it was within the limits when it came
        let session = parsed.map_err(|_| AnswerError::NoDataChannel)?;
        Ok(self.data_channel(candidates)?.answer(&session)?.to_string())
    }

    /// What the peer is told after an ICE restart, in the form of a fragment (RFC 8840 §9): the
    /// credentials, all candidates so far, and whether these are all there are.
    pub(crate) fn fragment(
        &self,
        candidates: &[Candidate],
        complete: bool,
    ) -> Result<String, WriteDescriptionError> {
        let mut channel = self.data_channel(candidates)?;
        channel.end_of_candidates = complete;
        let offer = channel.offer()?;
        Ok(String::from_utf8_lossy(&Fragment::of(&offer)?.to_bytes()).into_owned())
    }

    fn data_channel(&self, candidates: &[Candidate]) -> Result<DataChannel<'_>, TextError> {
        let credentials = sdp_proto::IceCredentials {
            ufrag: IceUfrag::new(&*self.credentials.ufrag)?,
            pwd: IcePwd::new(&*self.credentials.pwd)?,
        };
        let fingerprint = Fingerprint::sha256(self.fingerprint);
        let mut channel = DataChannel::new(self.session_id, credentials, [fingerprint]);
        channel.ice_options = Some(IceOptions::new(["ice2"])?);
        let ms = u64::try_from(self.pacing.as_millis()).unwrap_or(u64::MAX);
        channel.ice_lite = self.lite;
        channel.ice_pacing = Some(IcePacing { ms });
        channel.candidates = candidates.iter().map(Candidate::to_sdp).collect();
        channel.end_of_candidates = true;
        Ok(channel)
    }
}
