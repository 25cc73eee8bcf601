//! Relayed addresses that are held back for a second allocation of the same user (RFC 8656 §7.2,
//! §18.10).
use alloc::{collections::BTreeMap, sync::Arc};
use core::{fmt, net::SocketAddr, time::Duration};
use sans_io::Instant;

/// How long an address is held back. At least 30 s, counted from an answer that may take 10 s.
const HELD_FOR: Duration = Duration::from_secs(60);

/// What a client shows to get what was held back for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token(pub [u8; 8]);

/// Keeps the token to itself: whoever has it can use it.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Tokens with their addresses. No socket is open for any of them yet. What is over is cleared away
/// when the next one is added, so no timer is needed.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    by_token: BTreeMap<Token, Reservation>,
    by_address: BTreeMap<SocketAddr, Instant>,
}

#[derive(Debug)]
struct Reservation {
    address: SocketAddr,
    user: Arc<str>,
    expires: Instant,
}

impl Reservations {
    /// Holds an address back that is not held. `false`: there are `limit` already.
    pub(super) fn hold(
        &mut self,
        now: Instant,
        token: Token,
        address: SocketAddr,
        user: Arc<str>,
        limit: usize,
    ) -> bool {
        self.by_token.retain(|_, reservation| reservation.expires > now);
        self.by_address.retain(|_, expires| *expires > now);
        if self.by_token.len() >= limit {
            return false;
        }
        let expires = now.saturating_add(HELD_FOR);
        self.by_token.insert(token, Reservation { address, user, expires });
        self.by_address.insert(address, expires);
        true
    }

    /// The address that this user may have for the token.
    pub(super) fn find(&self, now: Instant, token: Token, user: &str) -> Option<SocketAddr> {
        let reservation = self.by_token.get(&token)?;
        let good = reservation.expires > now && *reservation.user == *user;
        good.then_some(reservation.address)
    }

    /// Holds an address back no longer.
    pub(super) fn release(&mut self, token: Token) {
        if let Some(reservation) = self.by_token.remove(&token) {
            self.by_address.remove(&reservation.address);
        }
    }

    /// How many are held back for this user.
    pub(super) fn count_of(&self, now: Instant, user: &str) -> usize {
        let held = self.by_token.values().filter(|held| held.expires > now);
        held.filter(|held| *held.user == *user).count()
    }

    /// Whether an address is held back.
    pub(super) fn holds(&self, now: Instant, address: SocketAddr) -> bool {
        self.by_address.get(&address).is_some_and(|expires| *expires > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_token_is_good_for_its_user_and_time() {
        let mut held = Reservations::default();
        let start = Instant::from_secs(5);
        assert!(held.hold(start, Token([1; 8]), address(1), "alice".into(), 9));
        assert_eq!(held.find(start, Token([1; 8]), "alice"), Some(address(1)));
        assert_eq!(held.find(start, Token([1; 8]), "bob"), None);
        assert_eq!(held.find(start, Token([2; 8]), "alice"), None);
        let end = start.saturating_add(HELD_FOR);
        assert!(held.holds(start, address(1)) && !held.holds(end, address(1)));
        assert_eq!(held.find(end, Token([1; 8]), "alice"), None);
    }

    #[test]
    fn no_more_are_held_than_may_be_and_what_is_over_makes_room() {
        let mut held = Reservations::default();
        let start = Instant::from_secs(5);
        assert!(held.hold(start, Token([1; 8]), address(1), "alice".into(), 1));
        assert!(!held.hold(start, Token([2; 8]), address(2), "alice".into(), 1));
        held.release(Token([1; 8]));
        assert!(!held.holds(start, address(1)));
        assert!(held.hold(start, Token([2; 8]), address(2), "alice".into(), 1));
        let end = start.saturating_add(HELD_FOR);
        assert!(held.hold(end, Token([3; 8]), address(3), "alice".into(), 1));
        assert_eq!((held.by_token.len(), held.by_address.len()), (1, 1));
    }
}
