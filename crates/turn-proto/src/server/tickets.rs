//! Tickets, which move an allocation to another address of its client (RFC 8016 §3.1.2, §5).
use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use alloc::{boxed::Box, vec::Vec};
use core::fmt;
use stun_proto::Entropy;

/// The length of the nonce of AES-GCM.
const NONCE_LEN: usize = 12;

/// The number of a ticket, which is inside it. Each number is given out once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TicketNumber(u64);

/// Makes tickets and reads them. A ticket holds a number, encrypted and authenticated with a key
/// that only this server has, and nothing that its holder could learn.
pub(super) struct Tickets {
    cipher: Box<Aes256Gcm>,
    next: u64,
}

impl Tickets {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { cipher: Box::new(Aes256Gcm::new(&key.into())), next: 0 }
    }

    /// A number that no ticket has had.
    pub(super) const fn take_number(&mut self) -> TicketNumber {
        let number = TicketNumber(self.next);
        self.next = self.next.wrapping_add(1);
        number
    }

    /// A ticket with this number, 36 bytes; each time another one.
    pub(super) fn seal(&self, number: TicketNumber, entropy: &mut Entropy) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = entropy.public();
        let mut ticket = nonce.to_vec();
        let plain = number.0.to_be_bytes();
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), Payload { msg: &plain, aad: b"" });
        debug_assert!(sealed.is_ok(), "eight bytes can always be sealed");
        ticket.extend(sealed.unwrap_or_default());
        ticket
    }

    /// The number of a ticket. `None`: this server did not make it.
    pub(super) fn open(&self, ticket: &[u8]) -> Option<TicketNumber> {
        let (nonce, sealed) = ticket.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload { msg: sealed, aad: b"" };
        let plain = self.cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
        Some(TicketNumber(u64::from_be_bytes(plain.try_into().ok()?)))
    }
}

/// Keeps the key to itself.
impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("next", &self.next).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticket_is_of_one_server_and_cannot_be_changed() {
        let mut entropy = Entropy::new([1; 32]);
        let mut tickets = Tickets::new([2; 32]);
        let number = tickets.take_number();
        let ticket = tickets.seal(number, &mut entropy);
        assert_eq!(ticket.len(), 36);
        assert_eq!(tickets.open(&ticket), Some(number));
        assert_eq!(Tickets::new([3; 32]).open(&ticket), None);
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(tickets.open(&changed), None, "{at}");
            assert_eq!(tickets.open(&ticket[..at]), None);
        }
    }

    #[test]
    fn nothing_can_be_gleaned_from_two_tickets_of_one_number() {
        let mut entropy = Entropy::new([1; 32]);
        let mut tickets = Tickets::new([2; 32]);
        let number = tickets.take_number();
        let (one, other) = (tickets.seal(number, &mut entropy), tickets.seal(number, &mut entropy));
        let same = one.iter().zip(&other).filter(|(a, b)| a == b).count();
        assert!(same < 8, "{same} bytes are the same");
        assert_ne!(tickets.take_number(), number);
    }
}
