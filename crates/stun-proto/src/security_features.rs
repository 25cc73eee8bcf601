//! What a server can do, written at the head of its nonces so that nobody on the way can take it
//! back (RFC 8489 §9.2, §9.2.1, §18.1).
use crate::base64;

const MARK: &[u8; 9] = b"obMatJos2";
const PASSWORD_ALGORITHMS: u32 = 1 << 23;
const USERNAME_ANONYMITY: u32 = 1 << 22;

/// The features that a server announces in its nonce cookie.
///
/// ```
/// use stun_proto::SecurityFeatures;
/// let features = SecurityFeatures { password_algorithms: true, username_anonymity: false };
/// assert_eq!(&features.cookie(), b"obMatJos2gAAA");
/// assert_eq!(SecurityFeatures::of_nonce(b"obMatJos2gAAAxyz"), Some(features));
/// assert_eq!(SecurityFeatures::of_nonce(b"an old server's nonce"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SecurityFeatures {
    /// It sends PASSWORD-ALGORITHMS.
    pub password_algorithms: bool,
    /// It takes USERHASH.
    pub username_anonymity: bool,
}

impl SecurityFeatures {
    /// The length of the nonce cookie, in bytes.
    pub const COOKIE_LEN: usize = 13;

    /// Reads the cookie of a nonce; `None` if it has none: a server before RFC 8489.
    pub fn of_nonce(nonce: &[u8]) -> Option<Self> {
        let bits = base64::number(nonce.strip_prefix(MARK)?.get(..4)?)? as u32;
        Some(Self {
            password_algorithms: bits & PASSWORD_ALGORITHMS != 0,
            username_anonymity: bits & USERNAME_ANONYMITY != 0,
        })
    }

    /// The nonce cookie.
    pub fn cookie(self) -> [u8; Self::COOKIE_LEN] {
        let mut cookie = [0; Self::COOKIE_LEN];
        let (mark, digits) = cookie.split_at_mut(MARK.len());
        mark.copy_from_slice(MARK);
        digits.copy_from_slice(&base64::digits::<4>(self.bits().into()));
        cookie
    }

    /// The 24 bits, bit 0 of the registry first.
    const fn bits(self) -> u32 {
        let a = if self.password_algorithms { PASSWORD_ALGORITHMS } else { 0 };
        a | if self.username_anonymity { USERNAME_ANONYMITY } else { 0 }
    }
}
