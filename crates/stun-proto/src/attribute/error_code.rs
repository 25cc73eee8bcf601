//! ERROR-CODE (RFC 8489 §14.8).
use super::{Attribute, AttributeType, decode_text, is_short_text};
use crate::TransactionId;
use core::fmt;

/// The number of an error: 300 to 699.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

macro_rules! codes {
    ($($name:ident = $number:literal $reason:literal, $rfc:literal;)*) => {
        impl Code {
            $(#[doc = concat!($reason, " (RFC ", $rfc, ").")]
            pub const $name: Self = Self($number);)*

            /// The reason phrase that the RFC recommends.
            pub const fn reason(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($reason),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    TRY_ALTERNATE = 300 "Try Alternate", "8489 §14.8";
    BAD_REQUEST = 400 "Bad Request", "8489 §14.8";
    UNAUTHENTICATED = 401 "Unauthenticated", "8489 §14.8";
    FORBIDDEN = 403 "Forbidden", "8656 §19";
    MOBILITY_FORBIDDEN = 405 "Mobility Forbidden", "8016 §3.4";
    UNKNOWN_ATTRIBUTE = 420 "Unknown Attribute", "8489 §14.8";
    ALLOCATION_MISMATCH = 437 "Allocation Mismatch", "8656 §19";
    STALE_NONCE = 438 "Stale Nonce", "8489 §14.8";
    ADDRESS_FAMILY_NOT_SUPPORTED = 440 "Address Family not Supported", "8656 §19";
    WRONG_CREDENTIALS = 441 "Wrong Credentials", "8656 §19";
    UNSUPPORTED_TRANSPORT = 442 "Unsupported Transport Protocol", "8656 §19";
    PEER_ADDRESS_FAMILY_MISMATCH = 443 "Peer Address Family Mismatch", "8656 §19";
    CONNECTION_ALREADY_EXISTS = 446 "Connection Already Exists", "6062 §6.3";
    CONNECTION_FAILURE = 447 "Connection Timeout or Failure", "6062 §6.3";
    ALLOCATION_QUOTA_REACHED = 486 "Allocation Quota Reached", "8656 §19";
    ROLE_CONFLICT = 487 "Role Conflict", "8445 §16.2";
    SERVER_ERROR = 500 "Server Error", "8489 §14.8";
    INSUFFICIENT_CAPACITY = 508 "Insufficient Capacity", "8656 §19";
}

impl Code {
    /// The code with this number; `None` outside 300 to 699.
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            300..=699 => Some(Self(number)),
            _ => None,
        }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Reads hundreds digit and the rest from their two bytes.
    pub(super) const fn from_wire(class: u8, number: u8) -> Option<Self> {
        let class = class & 7;
        if class < 3 || class > 6 || number > 99 {
            return None;
        }
        Some(Self(class as u16 * 100 + number as u16))
    }

    pub(crate) const fn to_wire(self) -> [u8; 2] {
        [(self.0 / 100) as u8, (self.0 % 100) as u8]
    }
}

/// Number and, where known, reason.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{} {reason}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode<'a> {
    /// The number.
    pub code: Code,
    /// For people. Our servers leave it empty, to send little to where a spoofed source points.
    pub reason: &'a str,
}

impl From<Code> for ErrorCode<'_> {
    fn from(code: Code) -> Self {
        Self { code, reason: "" }
    }
}

impl<'a> Attribute<'a> for ErrorCode<'a> {
    const TYPE: AttributeType = AttributeType::ERROR_CODE;

    fn decode(value: &'a [u8], _: &TransactionId) -> Option<Self> {
        let (&[_, _, class, number], reason) = value.split_first_chunk()?;
        Some(Self { code: Code::from_wire(class, number)?, reason: decode_text(reason)? })
    }

    fn is_valid(&self) -> bool {
        is_short_text(self.reason)
    }

    fn value_len(&self) -> usize {
        4 + self.reason.len()
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        let [class, number] = self.code.to_wire();
        out[..4].copy_from_slice(&[0, 0, class, number]);
        out[4..].copy_from_slice(self.reason.as_bytes());
    }
}
