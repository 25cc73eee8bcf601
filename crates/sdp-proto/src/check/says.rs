//! What a line says that checks of other lines have to know.

use crate::field::{Connection, ConnectionAddress, MediaLine};
use crate::value::payload_type;

/// A bit for each RTP payload type.
pub(super) type PayloadTypes = u128;

/// The bit of a payload type.
pub(super) const fn bit(payload_type: u8) -> PayloadTypes {
    1 << (payload_type & 127)
}

/// What a line other than an attribute says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldSays<'s> {
    /// `None` where it cannot be read.
    Media(Option<MediaSays<'s>>),
    Connection(Family),
    Nothing,
}

/// Which addresses a `c=` line stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
    /// The line cannot be read.
    Unknown,
}

impl Family {
    pub(super) fn of(connection: Option<&Connection<'_>>) -> Self {
        connection.map_or(Self::Unknown, |c| match &c.address {
            ConnectionAddress::Ip(ip) if ip.is_ipv4() => Self::V4,
            ConnectionAddress::Name4(_) => Self::V4,
            ConnectionAddress::Ip(_) | ConnectionAddress::Name6(_) => Self::V6,
        })
    }
}

/// What an `m=` line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MediaSays<'s> {
    pub(super) port: u16,
    /// The protocol, where it is one of RTP.
    pub(super) rtp: Option<&'s str>,
    /// The formats, as far as they are payload types of RTP.
    pub(super) listed: PayloadTypes,
}

impl<'s> MediaSays<'s> {
    pub(super) fn new(line: &MediaLine<'s>) -> Self {
        let rtp = line.proto.borrowed().filter(|_| line.is_rtp());
        let formats = rtp.into_iter().flat_map(|_| line.formats());
        let listed = formats.filter_map(payload_type).fold(0, |all, n| all | bit(n));
        Self { port: line.port, rtp, listed }
    }
}

/// The track of a stream, where it has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track<'s>(pub(super) Option<&'s str>);

/// What an attribute says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says<'s> {
    BundleOnly,
    /// An extension, and whether it is that of the mid.
    ExtMap {
        id: u16,
        mid: bool,
    },
    /// Parameters of a payload type, and which one it goes with.
    Fmtp {
        number: u8,
        original: Option<u8>,
    },
    Group,
    IceLite,
    IcePacing,
    IcePwd(&'s str),
    IceUfrag(&'s str),
    /// `None` where it cannot be read.
    Mid(Option<&'s str>),
    /// A stream, and the track in it.
    Msid(Track<'s>),
    Rid(&'s str),
    /// Feedback, and for which payload type.
    RtcpFb(Option<u8>),
    RtcpMux,
    RtcpMuxOnly,
    /// What a payload type stands for.
    RtpMap {
        number: u8,
        rtx: bool,
    },
    Simulcast,
    Nothing,
}
