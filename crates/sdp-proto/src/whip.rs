//! What WHIP and WHEP allow in the bodies of their requests and responses (RFC 9725, read as
//! draft-ietf-wish-whip-16, and draft-ietf-wish-whep-02): one stream one way, all sections in one
//! BUNDLE group. A client of WHIP sends the stream, a player of WHEP receives it.

use alloc::vec::Vec;

use crate::attribute::{Direction, Group, Msid, RtcpMuxOnly, Setup};
use crate::diagnostic::Diagnostic;
use crate::media::Media;
use crate::session::Session;
use crate::text::Token;

/// Why a description is no offer of WHIP or WHEP, or no answer to one. A server says it with 422.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhipError {
    /// There is no section that is switched on.
    #[error("there is no media")]
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
    /// A section with neither `a=rtcp-mux` nor `a=rtcp-mux-only`, in a group whose first section
    /// has neither. The rules ask for the latter, which browsers do not write.
    #[error("section {media} does not multiplex RTCP")]
    RtcpNotMultiplexed {
        /// Index of the section.
        media: usize,
    },
    /// A client of WHIP sends, its server receives; with WHEP it is the other way round.
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
    /// A section that is switched off, in an offer or in an answer of WHIP, which takes all or
    /// nothing.
    #[error("section {media} is switched off")]
    Rejected {
        /// Index of the section.
        media: usize,
    },
}

impl Session<'_> {
    /// Whether this is an offer that a WHIP client may send.
    pub fn check_whip_offer(&self) -> Result<(), WhipError> {
        WHIP_OFFER.check(self)
    }

    /// Whether this is an answer that a WHIP server may give to `offer`.
    pub fn check_whip_answer(&self, offer: &Session<'_>) -> Result<(), WhipError> {
        WHIP_ANSWER.check_answer(self, offer)
    }

    /// Whether this is an offer that a WHEP player may send.
    pub fn check_whep_offer(&self) -> Result<(), WhipError> {
        WHEP_OFFER.check(self)
    }

    /// Whether this is an answer that a WHEP server may give to `offer`. Unlike one of WHIP it may
    /// switch sections off, such as the one for video of a stream that has none, yet not all.
    pub fn check_whep_answer(&self, offer: &Session<'_>) -> Result<(), WhipError> {
        WHEP_ANSWER.check_answer(self, offer)
    }
}

/// What one of the four kinds of description may say.
struct Rules {
    directions: &'static [Direction],
    roles: &'static [Setup],
    /// Whether it is who sends, and so says to which stream each section belongs.
    sends: bool,
    /// Whether sections may be switched off.
    rejects: bool,
}

const WHIP_OFFER: Rules = Rules {
    directions: &[Direction::SendOnly, Direction::SendRecv],
    roles: &[Setup::ActPass, Setup::Active],
    sends: true,
    rejects: false,
};
const WHIP_ANSWER: Rules = Rules {
    directions: &[Direction::RecvOnly],
    roles: &[Setup::Passive, Setup::Active],
    sends: false,
    rejects: false,
};
/// WHEP has no word on DTLS, so that the offer leaves the role to the other side (RFC 8842 §5.2).
const WHEP_OFFER: Rules = Rules {
    directions: &[Direction::RecvOnly, Direction::SendRecv],
    roles: &[Setup::ActPass],
    sends: false,
    rejects: false,
};
const WHEP_ANSWER: Rules = Rules {
    directions: &[Direction::SendOnly],
    roles: &[Setup::Passive, Setup::Active],
    sends: true,
    rejects: true,
};

impl Rules {
    fn check_answer(&self, answer: &Session<'_>, offer: &Session<'_>) -> Result<(), WhipError> {
        let counts = (answer.media_count(), offer.media_count());
        if counts.0 > 0 && counts.0 != counts.1 {
            return Err(WhipError::SectionCount { answer: counts.0, offer: counts.1 });
        }
        let group = group(offer)?;
        match Bundle::new(offer, &group)?.role {
            // Who opens the handshake waits for one who does not.
            Some(Setup::Active) => Self { roles: &[Setup::Passive], ..*self }.check(answer),
            _ => self.check(answer),
        }
    }

    fn check(&self, session: &Session<'_>) -> Result<(), WhipError> {
        let group = group(session)?;
        let bundle = Bundle::new(session, &group)?;
        let mut stream = None;
        // Audio and video, each once; of other kinds there may be several.
        let mut seen = [false; 2];
        let mut empty = true;
        for media in session.media() {
            let index = media.media_index();
            // The examples of the drafts answer a bundled section with port 0 and `bundle-only`, as
            // RFC 8843 did (RFC 9143 §7.4.1).
            if media.is_rejected() {
                if self.rejects {
                    continue;
                }
                return Err(WhipError::Rejected { media: index });
            }
            empty = false;
            bundle.check(&media, self.roles)?;
            let direction = media.direction();
            if !self.directions.contains(&direction) {
                return Err(WhipError::Direction { media: index, direction });
            }
            if self.sends {
                single_stream(&media, &mut stream)?;
            }
            let kind = media.line()?.media;
            let kinds = ["audio", "video"].into_iter().zip(&mut seen);
            for (_, seen) in kinds.filter(|(name, _)| kind == *name) {
                if core::mem::replace(seen, true) {
                    return Err(WhipError::SecondTrack { media: index });
                }
            }
        }
        if empty { Err(WhipError::Empty) } else { Ok(()) }
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
    /// Whether the first member multiplexes RTCP, which then holds for all (RFC 9143 §7.1.3).
    mux: bool,
}

impl<'g> Bundle<'g> {
    fn new(session: &Session<'_>, group: &'g Group<'_>) -> Result<Self, WhipError> {
        let tagged = group.mids().next().and_then(|mid| session.media_by_mid(mid));
        let role = tagged.map(|media| media.setup()).transpose()?.flatten();
        let mux = tagged.map(|media| muxed(&media)).transpose()?.unwrap_or_default();
        let mut mids: Vec<&str> = group.mids().collect();
        mids.sort_unstable();
        Ok(Self { mids, role, mux })
    }

    /// BUNDLE, RTCP on the same port, and the DTLS role.
    fn check(&self, media: &Media<'_>, roles: &[Setup]) -> Result<(), WhipError> {
        let index = media.media_index();
        let mid = media.mid()?;
        if mid.is_none_or(|mid| self.mids.binary_search(&mid.as_str()).is_err()) {
            return Err(WhipError::NotBundled { media: index });
        }
        if !(self.mux || muxed(media)?) {
            return Err(WhipError::RtcpNotMultiplexed { media: index });
        }
        match media.setup()?.or(self.role) {
            Some(role) if roles.contains(&role) => Ok(()),
            Some(_) | None => Err(WhipError::Setup { media: index }),
        }
    }
}

fn muxed(media: &Media<'_>) -> Result<bool, Diagnostic> {
    Ok(media.rtcp_mux() || media.get::<RtcpMuxOnly>()?.is_some())
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
