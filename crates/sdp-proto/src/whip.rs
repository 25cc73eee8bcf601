//! What WHIP allows in the bodies of its requests and responses (RFC 9725, read as
//! draft-ietf-wish-whip-16): one stream one way, all sections in one BUNDLE group.

use alloc::vec::Vec;

use crate::attribute::{Direction, Group, Msid, RtcpMuxOnly, Setup};
use crate::diagnostic::Diagnostic;
use crate::media::Media;
use crate::session::Session;
use crate::text::Token;

/// Why a description is no WHIP offer or no answer to one. A server says it with 422.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhipError {
    /// There is no section.
    #[error("there is nothing to ingest")]
    Empty,
    /// A line that the rules are about cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Diagnostic),
    /// A section without mid, or one that the first BUNDLE group does not list.
    #[error("section {media} is not in the BUNDLE group")]
    NotBundled {
        /// Index of the section.
        media: usize,
    },
    /// A section with neither `a=rtcp-mux` nor `a=rtcp-mux-only`. The rules ask for the latter,
    /// which browsers do not write.
    #[error("section {media} does not multiplex RTCP")]
    RtcpNotMultiplexed {
        /// Index of the section.
        media: usize,
    },
    /// A client sends, a server receives.
    #[error("section {media} is {direction}", direction = direction.as_str())]
    Direction {
        /// Index of the section.
        media: usize,
        /// The direction it has.
        direction: Direction,
    },
    /// A section without `a=msid`, or with another stream than the first.
    #[error("section {media} is not of the one stream")]
    Stream {
        /// Index of the section.
        media: usize,
    },
    /// A second section of audio or of video.
    #[error("section {media} is the second of its kind")]
    SecondTrack {
        /// Index of the section.
        media: usize,
    },
    /// The DTLS role is missing or one that this side may not have.
    #[error("section {media} has no DTLS role that fits")]
    Setup {
        /// Index of the section.
        media: usize,
    },
    /// An answer with another number of sections than the offer.
    #[error("the answer has {answer} sections, the offer {offer}")]
    SectionCount {
        /// Sections of the answer.
        answer: usize,
        /// Sections of the offer.
        offer: usize,
    },
    /// An answer that switches a section off: WHIP takes all or nothing.
    #[error("section {media} is rejected")]
    Rejected {
        /// Index of the section.
        media: usize,
    },
}

impl Session<'_> {
    /// Whether this is an offer that a WHIP client may send.
    pub fn check_whip_offer(&self) -> Result<(), WhipError> {
        let group = group(self)?;
        let bundle = Bundle::new(self, &group)?;
        let mut stream = None;
        // Audio and video, each once; of other kinds there may be several.
        let mut seen = [false; 2];
        for media in self.media() {
            bundle.check(&media, &[Setup::ActPass, Setup::Active])?;
            let direction = media.direction();
            if !direction.sends() {
                return Err(WhipError::Direction { media: media.media_index(), direction });
            }
            single_stream(&media, &mut stream)?;
            let kind = media.line()?.media;
            let kinds = ["audio", "video"].into_iter().zip(&mut seen);
            for (_, seen) in kinds.filter(|(name, _)| kind == *name) {
                if core::mem::replace(seen, true) {
                    return Err(WhipError::SecondTrack { media: media.media_index() });
                }
            }
        }
        Ok(())
    }

    /// Whether this is an answer that a WHIP server may give to `offer`.
    pub fn check_whip_answer(&self, offer: &Session<'_>) -> Result<(), WhipError> {
        let group = group(self)?;
        let bundle = Bundle::new(self, &group)?;
        let counts = (self.media_count(), offer.media_count());
        if counts.0 != counts.1 {
            return Err(WhipError::SectionCount { answer: counts.0, offer: counts.1 });
        }
        for media in self.media() {
            let index = media.media_index();
            // The example of the draft answers a bundled section with port 0 and `bundle-only`, as
            // RFC 8843 did (RFC 9143 §7.4.1).
            if media.is_rejected() {
                return Err(WhipError::Rejected { media: index });
            }
            bundle.check(&media, &[Setup::Passive, Setup::Active])?;
            let direction = media.direction();
            if direction != Direction::RecvOnly {
                return Err(WhipError::Direction { media: index, direction });
            }
        }
        Ok(())
    }
}

/// The first BUNDLE group.
fn group<'s>(session: &'s Session<'_>) -> Result<Group<'s>, WhipError> {
    if session.media_count() == 0 {
        return Err(WhipError::Empty);
    }
    for group in session.session_section().all::<Group<'_>>() {
        let group = group?;
        if group.is_bundle() {
            return Ok(group);
        }
    }
    Err(WhipError::NotBundled { media: 0 })
}

/// The group that all sections must be in, looked up once.
struct Bundle<'g> {
    /// The mids of the members, sorted.
    mids: Vec<&'g str>,
    /// The DTLS role of the first member, for those without their own.
    role: Option<Setup>,
}

impl<'g> Bundle<'g> {
    fn new(session: &Session<'_>, group: &'g Group<'_>) -> Result<Self, WhipError> {
        let tagged = group.mids().next().and_then(|mid| session.media_by_mid(mid));
        let role = tagged.map(|media| media.setup()).transpose()?.flatten();
        let mut mids: Vec<&str> = group.mids().collect();
        mids.sort_unstable();
        Ok(Self { mids, role })
    }

    /// BUNDLE, RTCP on the same port, and the DTLS role.
    fn check(&self, media: &Media<'_>, roles: &[Setup]) -> Result<(), WhipError> {
        let index = media.media_index();
        let mid = media.mid()?;
        if mid.is_none_or(|mid| self.mids.binary_search(&mid.as_str()).is_err()) {
            return Err(WhipError::NotBundled { media: index });
        }
        if !media.rtcp_mux() && media.get::<RtcpMuxOnly>()?.is_none() {
            return Err(WhipError::RtcpNotMultiplexed { media: index });
        }
        match media.setup()?.or(self.role) {
            Some(role) if roles.contains(&role) => Ok(()),
            Some(_) | None => Err(WhipError::Setup { media: index }),
        }
    }
}

fn single_stream<'s>(media: &Media<'s>, stream: &mut Option<Token<'s>>) -> Result<(), WhipError> {
    let fault = WhipError::Stream { media: media.media_index() };
    let msid = media.get::<Msid<'s>>()?.ok_or(fault.clone())?;
    if *stream.get_or_insert_with(|| msid.stream.clone()) == msid.stream {
        Ok(())
    } else {
        Err(fault)
    }
}

#[cfg(test)]
mod tests;
