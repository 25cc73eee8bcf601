//! Nonces that a server can recognise without having kept them (RFC 8489 §9.2, §9.2.4).
use crate::{SecurityFeatures, base64};
use core::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use hmac::{Hmac, KeyInit, Mac};
use sans_io::Instant;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The length of a nonce, in bytes: the cookie of 13, and 19 digits that hold 32 bits of time and
/// 80 bits of MAC.
pub const NONCE_LEN: usize = 32;
const DIGITS: usize = NONCE_LEN - SecurityFeatures::COOKIE_LEN;
const MAC_LEN: usize = 10;
const MAC_BITS: usize = MAC_LEN * 8;

/// What a server makes of a nonce that a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NonceState {
    /// It was issued to this client, and not long ago.
    Fresh,
    /// Too old, issued to another address, or never issued.
    Stale,
}

/// Issues and checks nonces: an HMAC over the time and the client's address and port, so that no
/// two clients get the same one, and nothing is remembered.
///
/// ```
/// use core::time::Duration;
/// use sans_io::Instant;
/// use stun_proto::{NonceState, Nonces, SecurityFeatures};
/// let nonces = Nonces::new([7; 32], Duration::from_secs(600), SecurityFeatures::default());
/// let client = "192.0.2.1:40000".parse()?;
/// let nonce = nonces.issue(Instant::from_secs(5), client);
/// assert_eq!(nonces.check(Instant::from_secs(604), client, &nonce), NonceState::Fresh);
/// assert_eq!(nonces.check(Instant::from_secs(605), client, &nonce), NonceState::Stale);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone)]
pub struct Nonces {
    mac: Hmac<Sha256>,
    lifetime_s: u64,
    cookie: [u8; SecurityFeatures::COOKIE_LEN],
}

impl Nonces {
    /// Servers with the same secret and clock take each other's nonces. A nonce is good for
    /// `lifetime`, in whole seconds.
    pub fn new(secret: [u8; 32], lifetime: Duration, features: SecurityFeatures) -> Self {
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        key[..32].copy_from_slice(&secret);
        Self { mac: Hmac::new(&key), lifetime_s: lifetime.as_secs(), cookie: features.cookie() }
    }

    /// Announces other features from now on; nonces of before become stale.
    pub fn set_features(&mut self, features: SecurityFeatures) {
        self.cookie = features.cookie();
    }

    /// The nonce of this client for this second.
    pub fn issue(&self, now: Instant, client: SocketAddr) -> [u8; NONCE_LEN] {
        let issued_s = (now.as_millis() / 1000) as u32;
        let tag = self.tag(issued_s, client);
        let number = u128::from(issued_s) << MAC_BITS | tag;
        let mut nonce = [0; NONCE_LEN];
        let (cookie, digits) = nonce.split_at_mut(SecurityFeatures::COOKIE_LEN);
        cookie.copy_from_slice(&self.cookie);
        digits.copy_from_slice(&base64::digits::<DIGITS>(number));
        nonce
    }

    /// Judges a nonce that came from this client.
    pub fn check(&self, now: Instant, client: SocketAddr, nonce: &[u8]) -> NonceState {
        match self.issued_at(client, nonce) {
            Some(issued_s) => {
                let now_s = now.as_millis() / 1000;
                // One issued by another server may seem to come from a second ahead.
                let age_s = now_s.saturating_sub(u64::from(issued_s));
                let ahead_s = u64::from(issued_s).saturating_sub(now_s);
                if age_s < self.lifetime_s && ahead_s <= 1 {
                    NonceState::Fresh
                } else {
                    NonceState::Stale
                }
            }
            None => NonceState::Stale,
        }
    }

    /// Whether a nonce was issued to this client at most so long ago, be it good or not: then the
    /// client is at that address, or was.
    pub fn was_issued(
        &self,
        now: Instant,
        client: SocketAddr,
        nonce: &[u8],
        within: Duration,
    ) -> bool {
        let now_s = now.as_millis() / 1000;
        self.issued_at(client, nonce)
            .is_some_and(|issued_s| now_s.saturating_sub(u64::from(issued_s)) < within.as_secs())
    }

    /// When a nonce was issued to this client, if it was.
    fn issued_at(&self, client: SocketAddr, nonce: &[u8]) -> Option<u32> {
        let digits = nonce.strip_prefix(&self.cookie).filter(|digits| digits.len() == DIGITS)?;
        let number = base64::number(digits)?;
        let issued_s = u32::try_from(number >> MAC_BITS).ok()?;
        let tag = number & ((1 << MAC_BITS) - 1);
        let good: bool = tag.to_be_bytes().ct_eq(&self.tag(issued_s, client).to_be_bytes()).into();
        good.then_some(issued_s)
    }

    fn tag(&self, issued_s: u32, client: SocketAddr) -> u128 {
        let mut mac = self.mac.clone();
        mac.update(&self.cookie);
        mac.update(&issued_s.to_be_bytes());
        mac.update(&client.port().to_be_bytes());
        match client.ip() {
            IpAddr::V4(ip) => mac.update(&ip.octets()),
            IpAddr::V6(ip) => mac.update(&ip.octets()),
        }
        let mac = mac.finalize().into_bytes();
        mac[..MAC_LEN].iter().fold(0, |tag, byte| tag << 8 | u128::from(*byte))
    }
}

/// Keeps the secret to itself.
impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces").field("lifetime_s", &self.lifetime_s).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{NonceState, Nonces};
    use crate::SecurityFeatures;
    use core::{net::SocketAddr, time::Duration};
    use sans_io::Instant;

    fn nonces(secret: u8) -> Nonces {
        Nonces::new([secret; 32], Duration::from_secs(60), SecurityFeatures::default())
    }

    #[test]
    fn nonce_is_of_one_client_and_one_secret() {
        let now = Instant::from_secs(1000);
        let clients = ["192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "[2001:db8::1]:1"];
        for mine in clients {
            let nonce = nonces(1).issue(now, mine.parse().unwrap());
            for theirs in clients {
                let state = nonces(1).check(now, theirs.parse().unwrap(), &nonce);
                assert_eq!(state == NonceState::Fresh, mine == theirs);
            }
            let other = nonces(2).check(now, mine.parse().unwrap(), &nonce);
            assert_eq!(other, NonceState::Stale);
        }
    }

    #[test]
    fn any_changed_byte_makes_a_nonce_stale() {
        let now = Instant::from_secs(1000);
        let client: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let good = nonces(1).issue(now, client);
        for at in 0..good.len() {
            for with in [0, b'A', b'/', b'z', 0xFF] {
                let mut bad = good;
                bad[at] = with;
                let state = nonces(1).check(now, client, &bad);
                assert_eq!(state == NonceState::Fresh, bad == good, "byte {at} = {with}");
            }
        }
        assert_eq!(nonces(1).check(now, client, &good[..31]), NonceState::Stale);
        assert_eq!(nonces(1).check(now, client, &[]), NonceState::Stale);
    }

    #[test]
    fn an_old_nonce_is_known_for_as_long_as_is_asked() {
        let client: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let nonce = nonces(1).issue(Instant::from_secs(100), client);
        let known = |secret: u8, client: SocketAddr, now_s: u64| {
            let within = Duration::from_secs(600);
            nonces(secret).was_issued(Instant::from_secs(now_s), client, &nonce, within)
        };
        assert!(known(1, client, 100) && known(1, client, 699));
        assert!(!known(1, client, 700), "too old");
        assert!(!known(2, client, 100) && !known(1, "192.0.2.1:2".parse().unwrap(), 100));
    }

    #[test]
    fn nonce_of_the_future_is_stale() {
        let client: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let nonce = nonces(1).issue(Instant::from_secs(100), client);
        assert_eq!(nonces(1).check(Instant::from_secs(99), client, &nonce), NonceState::Fresh);
        assert_eq!(nonces(1).check(Instant::from_secs(98), client, &nonce), NonceState::Stale);
    }
}
