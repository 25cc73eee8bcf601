//! Class and method of a message, and how they share 14 bits (RFC 8489 §5).
use core::fmt;

/// What a message is for: 12 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(u16);

impl Method {
    /// Binding (RFC 8489 §18.2).
    pub const BINDING: Self = Self(0x001);
    /// Allocate (RFC 8656 §17).
    pub const ALLOCATE: Self = Self(0x003);
    /// Refresh (RFC 8656 §17).
    pub const REFRESH: Self = Self(0x004);
    /// Send, an indication (RFC 8656 §17).
    pub const SEND: Self = Self(0x006);
    /// Data, an indication (RFC 8656 §17).
    pub const DATA: Self = Self(0x007);
    /// CreatePermission (RFC 8656 §17).
    pub const CREATE_PERMISSION: Self = Self(0x008);
    /// ChannelBind (RFC 8656 §17).
    pub const CHANNEL_BIND: Self = Self(0x009);
    /// Connect (RFC 6062 §6.1).
    pub const CONNECT: Self = Self(0x00A);
    /// ConnectionBind (RFC 6062 §6.1).
    pub const CONNECTION_BIND: Self = Self(0x00B);
    /// ConnectionAttempt, an indication (RFC 6062 §6.1).
    pub const CONNECTION_ATTEMPT: Self = Self(0x00C);

    /// The method with this number; `None` if it does not fit into 12 bits.
    pub const fn new(number: u16) -> Option<Self> {
        if number < 0x1000 { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The name in the IANA registry.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::BINDING => "Binding",
            Self::ALLOCATE => "Allocate",
            Self::REFRESH => "Refresh",
            Self::SEND => "Send",
            Self::DATA => "Data",
            Self::CREATE_PERMISSION => "CreatePermission",
            Self::CHANNEL_BIND => "ChannelBind",
            Self::CONNECT => "Connect",
            Self::CONNECTION_BIND => "ConnectionBind",
            Self::CONNECTION_ATTEMPT => "ConnectionAttempt",
            _ => return None,
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "method {:#05x}", self.0),
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What part a message plays in its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Wants an answer.
    Request,
    /// Wants none.
    Indication,
    /// Says yes.
    Success,
    /// Says no.
    Error,
}

/// The first 16 bits of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType {
    /// What the message is for.
    pub method: Method,
    /// What part it plays.
    pub class: Class,
}

impl MessageType {
    /// A request of `method`.
    pub const fn request(method: Method) -> Self {
        Self { method, class: Class::Request }
    }

    /// An indication of `method`.
    pub const fn indication(method: Method) -> Self {
        Self { method, class: Class::Indication }
    }

    /// A success response to `method`.
    pub const fn success(method: Method) -> Self {
        Self { method, class: Class::Success }
    }

    /// An error response to `method`.
    pub const fn error(method: Method) -> Self {
        Self { method, class: Class::Error }
    }

    /// Reads the first 16 bits of a message. `None`: the top two bits are not zero.
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits & 0xC000 != 0 { None } else { Some(Self::from_low_bits(bits)) }
    }

    /// The same without a look at the top two bits.
    pub(crate) const fn from_low_bits(bits: u16) -> Self {
        let class = match bits & 0x0110 {
            0x0000 => Class::Request,
            0x0010 => Class::Indication,
            0x0100 => Class::Success,
            _ => Class::Error,
        };
        let method = (bits & 0x000F) | ((bits & 0x00E0) >> 1) | ((bits & 0x3E00) >> 2);
        Self { method: Method(method), class }
    }

    /// The 16 bits, of which the top two are zero.
    pub const fn to_bits(self) -> u16 {
        let class = match self.class {
            Class::Request => 0x0000,
            Class::Indication => 0x0010,
            Class::Success => 0x0100,
            Class::Error => 0x0110,
        };
        let m = self.method.0;
        class | (m & 0x000F) | ((m & 0x0070) << 1) | ((m & 0x0F80) << 2)
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            Class::Request => "request",
            Class::Indication => "indication",
            Class::Success => "success response",
            Class::Error => "error response",
        };
        write!(f, "{} {class}", self.method)
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, MessageType, Method};

    #[test]
    fn all_types_survive_a_round_trip() {
        for bits in 0..0x4000 {
            assert_eq!(MessageType::from_bits(bits).unwrap().to_bits(), bits);
        }
        for bits in 0x4000..=0xFFFF {
            assert_eq!(MessageType::from_bits(bits), None);
        }
    }

    #[test]
    fn the_examples_of_section_5_hold() {
        assert_eq!(MessageType::request(Method::BINDING).to_bits(), 0x0001);
        assert_eq!(MessageType::success(Method::BINDING).to_bits(), 0x0101);
        let highest = MessageType { method: Method::new(0xFFF).unwrap(), class: Class::Error };
        assert_eq!(highest.to_bits(), 0x3FFF);
        assert_eq!(Method::new(0x1000), None);
    }
}
