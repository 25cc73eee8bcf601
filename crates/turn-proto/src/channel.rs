//! The number of a channel (RFC 8656 §12).
use core::fmt;

/// A channel number, 0x4000 to 0x4FFF, and on a server that is told so ([`ChannelRange`]) to 0x7FFF.
/// Nothing else fits in it, so nothing else can be bound, sent on or looked up.
///
/// ```
/// use turn_proto::ChannelNumber;
/// assert_eq!(ChannelNumber::new(0x4000), Some(ChannelNumber::MIN));
/// assert_eq!(ChannelNumber::new(0x5000), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelNumber(u16);

/// Which numbers are channels.
///
/// ```
/// use turn_proto::ChannelRange;
/// assert_eq!(ChannelRange::Rfc8656.number(0x7000), None);
/// assert_eq!(ChannelRange::Rfc5766.number(0x7000).map(|number| number.get()), Some(0x7000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChannelRange {
    /// 0x4000 to 0x4FFF (RFC 8656 §12).
    #[default]
    Rfc8656,
    /// 0x4000 to 0x7FFF (RFC 5766, section 11), for a server with old clients: coturn's own test
    /// client draws from all of them. What begins with such a byte can be nothing else there.
    Rfc5766,
}

impl ChannelRange {
    /// The channel of this number; `None` outside of the range.
    pub const fn number(self, number: u16) -> Option<ChannelNumber> {
        let last = match self {
            Self::Rfc8656 => ChannelNumber::MAX.0,
            Self::Rfc5766 => 0x7FFF,
        };
        let is_within = ChannelNumber::MIN.0 <= number && number <= last;
        if is_within { Some(ChannelNumber(number)) } else { None }
    }

    /// Whether a message that begins with this byte is a ChannelData message.
    pub const fn begins(self, first: u8) -> bool {
        self.number(u16::from_be_bytes([first, 0])).is_some()
    }
}

impl ChannelNumber {
    /// The first one.
    pub const MIN: Self = Self(0x4000);
    /// The last one: RFC 8656 ends the range where RFC 5766 did not, to make room for RFC 7983.
    pub const MAX: Self = Self(0x4FFF);

    /// The channel of this number; `None` outside of the range.
    pub const fn new(number: u16) -> Option<Self> {
        ChannelRange::Rfc8656.number(number)
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The one after it, if there is one.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

impl fmt::Debug for ChannelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}
