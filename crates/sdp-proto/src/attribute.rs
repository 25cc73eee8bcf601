//! Attributes: one type each, read from the text on demand and written back (RFC 8866 §5.13, §6).

mod candidate;
mod clock;
mod comedia;
mod control;
mod crypto;
mod direction;
mod extmap;
mod fingerprint;
mod flag;
mod fmtp;
mod framerate;
mod group;
mod ice_credentials;
mod ice_options;
mod ice_pacing;
mod identity;
mod imageattr;
mod mid;
mod msid;
mod packet_time;
mod range;
mod remote_candidates;
mod rid;
mod rtcp;
mod rtcp_fb;
mod rtpmap;
mod sctp;
mod setup;
mod simulcast;
mod source_filter;
mod ssrc;
mod tls_id;

pub use candidate::{
    Address, Candidate, CandidateType, Extensions, ParseCandidateError, TcpType, Transport,
};
pub use clock::{MediaClock, ReferenceClock};
pub use comedia::ConnectionReuse;
pub use control::Control;
pub use crypto::Crypto;
pub use direction::Direction;
pub(crate) use extmap::ENCRYPT;
pub use extmap::ExtMap;
pub use fingerprint::{Digest, DigestError, Fingerprint, HashFunction};
pub use flag::{
    BundleOnly, EndOfCandidates, ExtMapAllowMixed, IceLite, IceMismatch, RtcpMux, RtcpMuxOnly,
    RtcpRsize,
};
pub use fmtp::Fmtp;
pub use framerate::Framerate;
pub use group::Group;
pub(crate) use ice_credentials::is_legacy as is_legacy_credential;
pub use ice_credentials::{IcePwd, IceUfrag};
pub use ice_options::IceOptions;
pub use ice_pacing::IcePacing;
pub use identity::Identity;
pub use imageattr::ImageAttr;
pub use mid::Mid;
pub use msid::{Msid, MsidSemantic};
pub use packet_time::{MaxPacketTime, PacketTime};
pub use range::Range;
pub use remote_candidates::{RemoteCandidate, RemoteCandidates};
pub use rid::{Rid, RidDirection};
pub use rtcp::Rtcp;
pub use rtcp_fb::RtcpFb;
pub use rtpmap::RtpMap;
pub use sctp::{MaxMessageSize, SctpMap, SctpPort};
pub use setup::Setup;
pub use simulcast::{Simulcast, SimulcastList, SimulcastRid};
pub use source_filter::SourceFilter;
pub use ssrc::{Ssrc, SsrcGroup};
pub use tls_id::TlsId;

use alloc::string::String;
use core::fmt;

use crate::diagnostic::{Code, ValueError};

/// An attribute that is read into a type of its own. `Display` writes the value, without name.
pub trait TypedAttribute<'a>: Sized + fmt::Display {
    /// The names it goes by; more than one where the name is the value, as for a direction.
    const NAMES: &'static [&'static str];
    /// Where it may stand.
    const LEVEL: Level;
    /// Whether a section may have it once only.
    const ONCE: bool = false;
    /// Whether it is a name alone. An empty value behind it is a finding, and means nothing.
    const FLAG: bool = false;
    /// Whether its value, or the end of it, is text in which blanks have no grammar.
    const FREE_TEXT: bool = false;

    /// Reads the value that stands behind `name`; `None` where there is no colon.
    fn read(name: &str, value: Option<&'a str>) -> Result<Self, ValueError>;

    /// The name to write.
    fn name(&self) -> &'static str {
        Self::NAMES.first().copied().unwrap_or_default()
    }

    /// Whether it is written as its name alone.
    fn is_flag(&self) -> bool {
        false
    }
}

/// Where an attribute may stand (RFC 8866 §5.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Before the first `m=` line.
    Session,
    /// In a media section.
    Media,
    /// In either.
    Both,
}

/// The value of an attribute that must have one.
pub(crate) fn required(value: Option<&str>) -> Result<&str, ValueError> {
    match value {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) | None => Err(ValueError { code: Code::AttributeValue, start: 0, end: 0 }),
    }
}

/// The absence of a value, where there must be none. An empty one says no more than none; that it
/// is there is a finding of the checks.
pub(crate) fn refused(value: Option<&str>) -> Result<(), ValueError> {
    match value {
        None | Some("") => Ok(()),
        Some(value) => {
            Err(ValueError { code: Code::AttributeFlag, start: 0, end: value.len() as u32 })
        }
    }
}

/// Facts about an attribute type, for the checks.
#[derive(Clone, Copy)]
pub(crate) struct Traits {
    pub(crate) level: Level,
    pub(crate) once: bool,
    pub(crate) flag: bool,
    pub(crate) free_text: bool,
}

/// A name that has a type.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    name: &'static str,
    pub(crate) ordinal: Ordinal,
}

impl Known {
    /// Looks a name up in a table that is hashed by its length and three of its bytes; a chain of
    /// comparisons would cost more than reading most values.
    #[inline]
    pub(crate) fn find(name: &[u8]) -> Option<Self> {
        let mut slot = slot_of(name);
        loop {
            let known = ALL.get(usize::from(*SLOTS.get(slot % SLOTS.len())?))?;
            if known.name.as_bytes() == name {
                return Some(*known);
            }
            slot += 1;
        }
    }
}

/// Index into [`Attribute::TYPED`] by hash, the next free slot for a later one. An empty slot,
/// which no index fits, ends a search: there are more slots than names.
const SLOTS: [u8; 256] = {
    let mut slots = [u8::MAX; 256];
    let mut index = 0;
    while index < Attribute::TYPED.len() {
        let mut slot = slot_of(Attribute::TYPED[index].as_bytes()) % slots.len();
        while slots[slot] != u8::MAX {
            slot = (slot + 1) % slots.len();
        }
        slots[slot] = index as u8;
        index += 1;
    }
    slots
};

#[inline]
const fn slot_of(name: &[u8]) -> usize {
    let len = name.len();
    let [first, .., last] = name else { return 0 };
    let (first, middle, last) = (*first as usize, name[len / 2] as usize, *last as usize);
    first.wrapping_mul(7) ^ middle.wrapping_mul(31) ^ last.wrapping_mul(113) ^ len.wrapping_mul(5)
}

macro_rules! attributes {
    ($($($text:literal)|+ $name:ident $ty:ty;)*) => {
        /// An attribute of whatever type its name says.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Attribute<'a> {
            $(
                #[doc = concat!($("`a=", $text, "`. "),+)]
                $name($ty),
            )*
            /// One that this crate has no type for.
            Unknown {
                /// The name.
                name: &'a str,
                /// What follows the colon, byte for byte.
                value: Option<&'a [u8]>,
            },
        }

        /// The types that names stand for; there are fewer than 64.
        #[derive(Clone, Copy)]
        pub(crate) enum Ordinal { $($name,)* }

        /// Each name in [`Attribute::TYPED`], with its type.
        const ALL: &[Known] = &[$($(Known { name: $text, ordinal: Ordinal::$name },)+)*];

        impl<'a> Attribute<'a> {
            /// Names of all attributes that have a type.
            pub const TYPED: &'static [&'static str] = &[$($($text,)+)*];

            /// Reads the value of an attribute by its name.
            pub fn read(name: &'a str, value: Option<&'a str>) -> Result<Self, ValueError> {
                match Known::find(name.as_bytes()) {
                    Some(known) => known.read(value),
                    None => Ok(Self::Unknown { name, value: value.map(str::as_bytes) }),
                }
            }

            /// Whether there is a type for this name.
            pub fn is_typed(name: &str) -> bool {
                Known::find(name.as_bytes()).is_some()
            }
        }

        impl Known {
            /// Reads a value as the type of the name.
            pub(crate) fn read<'a>(
                self,
                value: Option<&'a str>,
            ) -> Result<Attribute<'a>, ValueError> {
                match self.ordinal {
                    $(Ordinal::$name => {
                        <$ty>::read(self.name, value).map(Attribute::$name)
                    })*
                }
            }

            /// Whether a value can be read as the type of the name. Costs less than reading it.
            pub(crate) fn check<'a>(self, value: Option<&'a str>) -> Result<(), ValueError> {
                match self.ordinal {
                    $(Ordinal::$name => <$ty>::read(self.name, value).map(drop),)*
                }
            }
        }

        impl<'a> Attribute<'a> {
            pub(crate) const fn traits(known: Known) -> Traits {
                match known.ordinal {
                    $(Ordinal::$name => Traits {
                        level: <$ty>::LEVEL,
                        once: <$ty>::ONCE,
                        flag: <$ty>::FLAG,
                        free_text: <$ty>::FREE_TEXT,
                    },)*
                }
            }
        }

        impl Attribute<'_> {
            /// The name.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name(value) => value.name(),)*
                    Self::Unknown { name, .. } => name,
                }
            }

            /// Whether it is written as its name alone.
            pub fn is_flag(&self) -> bool {
                match self {
                    $(Self::$name(value) => value.is_flag(),)*
                    Self::Unknown { value, .. } => value.is_none(),
                }
            }
        }

        /// The value, without the name; bytes that are not UTF-8 become replacement characters.
        impl fmt::Display for Attribute<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name(value) => value.fmt(f),)*
                    Self::Unknown { value, .. } => {
                        f.write_str(&String::from_utf8_lossy(value.unwrap_or_default()))
                    }
                }
            }
        }

        #[cfg(test)]
        const fn names_by_type<'a>() -> &'a [(&'static [&'static str], &'static [&'static str])] {
            &[$((&[$($text),+], <$ty>::NAMES),)*]
        }
    };
}

attributes! {
    "candidate" Candidate Candidate<'a>;
    "end-of-candidates" EndOfCandidates EndOfCandidates;
    "remote-candidates" RemoteCandidates RemoteCandidates<'a>;
    "ice-ufrag" IceUfrag IceUfrag<'a>;
    "ice-pwd" IcePwd IcePwd<'a>;
    "ice-options" IceOptions IceOptions<'a>;
    "ice-lite" IceLite IceLite;
    "ice-pacing" IcePacing IcePacing;
    "ice-mismatch" IceMismatch IceMismatch;
    "fingerprint" Fingerprint Fingerprint<'a>;
    "setup" Setup Setup;
    "connection" ConnectionReuse ConnectionReuse;
    "tls-id" TlsId TlsId<'a>;
    "mid" Mid Mid<'a>;
    "group" Group Group<'a>;
    "bundle-only" BundleOnly BundleOnly;
    "sctp-port" SctpPort SctpPort;
    "sctpmap" SctpMap SctpMap<'a>;
    "max-message-size" MaxMessageSize MaxMessageSize;
    "rtcp" Rtcp Rtcp<'a>;
    "rtcp-mux" RtcpMux RtcpMux;
    "rtcp-mux-only" RtcpMuxOnly RtcpMuxOnly;
    "rtcp-rsize" RtcpRsize RtcpRsize;
    "rtcp-fb" RtcpFb RtcpFb<'a>;
    "sendrecv" | "sendonly" | "recvonly" | "inactive" Direction Direction;
    "msid" Msid Msid<'a>;
    "msid-semantic" MsidSemantic MsidSemantic<'a>;
    "extmap" ExtMap ExtMap<'a>;
    "extmap-allow-mixed" ExtMapAllowMixed ExtMapAllowMixed;
    "rtpmap" RtpMap RtpMap<'a>;
    "fmtp" Fmtp Fmtp<'a>;
    "ptime" PacketTime PacketTime<'a>;
    "maxptime" MaxPacketTime MaxPacketTime<'a>;
    "framerate" Framerate Framerate<'a>;
    "imageattr" ImageAttr ImageAttr<'a>;
    "ssrc" Ssrc Ssrc<'a>;
    "ssrc-group" SsrcGroup SsrcGroup<'a>;
    "rid" Rid Rid<'a>;
    "simulcast" Simulcast Simulcast<'a>;
    "crypto" Crypto Crypto<'a>;
    "identity" Identity Identity<'a>;
    "control" Control Control<'a>;
    "range" Range Range<'a>;
    "source-filter" SourceFilter SourceFilter<'a>;
    "ts-refclk" ReferenceClock ReferenceClock<'a>;
    "mediaclk" MediaClock MediaClock<'a>;
}

#[cfg(test)]
mod tests;
