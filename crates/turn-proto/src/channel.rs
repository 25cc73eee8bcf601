//! The number of a channel (RFC 8656 §12).
use core::fmt;

/// A channel number, 0x4000 to 0x4FFF. Nothing else fits in it, so nothing else can be bound, sent
/// on or looked up.
///
/// ```
/// use turn_proto::ChannelNumber;
/// assert_eq!(ChannelNumber::new(0x4000), Some(ChannelNumber::MIN));
/// assert_eq!(ChannelNumber::new(0x5000), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelNumber(u16);

impl ChannelNumber {
    /// The first one.
    pub const MIN: Self = Self(0x4000);
    /// The last one: RFC 8656 ends the range where RFC 5766 did not, to make room for RFC 7983.
    pub const MAX: Self = Self(0x4FFF);

    /// The channel of this number; `None` outside of the range.
    pub const fn new(number: u16) -> Option<Self> {
        if number >= Self::MIN.0 && number <= Self::MAX.0 { Some(Self(number)) } else { None }
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
