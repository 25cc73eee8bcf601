//! Proving that both ends know the words, without telling them: a guess costs a meeting.
//!
//! SPAKE2 gives both the same key if both had the same words, and keys that have nothing to do with each
//! other if not. Each end then proves its key, and what follows is sealed with keys made of it, one for
//! each direction. The proofs come before anything sealed, so that nothing is opened that was not sealed
//! under the one key.
use crate::Side;
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};

/// What proves a key.
pub(crate) type Confirmation = [u8; 32];

/// One end, that has said its part.
pub(crate) struct Pake {
    side: Side,
    context: Vec<u8>,
    spake: Spake2<Ed25519Group>,
    ours: Vec<u8>,
}

/// What the other end said makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Senseless;

impl Pake {
    /// Begins, with what both should know and where they meet; what the other end is to be told.
    pub(crate) fn start(side: Side, secret: &[u8], context: &[u8]) -> (Self, Vec<u8>) {
        let password = Password::new([secret, context].concat());
        let (inviter, guest) = (Identity::new(b"spool inviter"), Identity::new(b"spool guest"));
        let (spake, ours) = match side {
            Side::Inviter => Spake2::start_a(&password, &inviter, &guest),
            Side::Guest => Spake2::start_b(&password, &inviter, &guest),
        };
        let context = context.to_vec();
        (Self { side, context, spake, ours: ours.clone() }, ours)
    }

    /// Takes what the other end said.
    pub(crate) fn finish(self, theirs: &[u8]) -> Result<Keys, Senseless> {
        let shared = self.spake.finish(theirs).map_err(|_| Senseless)?;
        let (inviter, guest) = match self.side {
            Side::Inviter => (&self.ours[..], theirs),
            Side::Guest => (theirs, &self.ours[..]),
        };
        // all that was said goes in, so that who changed any of it has another key
        let transcript = [&b"spool/1"[..], &self.context, inviter, guest].concat();
        let keys = Hkdf::<Sha256>::new(Some(&transcript), &shared);
        let key = |label: &[u8]| {
            let mut key = [0; 32];
            // a length that HKDF can always give
            let _ = keys.expand(label, &mut key);
            key
        };
        Ok(Keys {
            side: self.side,
            confirmations: [key(b"inviter knows"), key(b"guest knows")],
            seals: [key(b"inviter seals"), key(b"guest seals")],
        })
    }
}

/// What both ends have if both knew the words.
pub(crate) struct Keys {
    side: Side,
    confirmations: [Confirmation; 2],
    seals: [[u8; 32]; 2],
}

impl Keys {
    fn of(side: Side) -> usize {
        match side {
            Side::Inviter => 0,
            Side::Guest => 1,
        }
    }

    fn other(&self) -> usize {
        1 - Self::of(self.side)
    }

    /// Proves that we have the keys.
    pub(crate) fn confirmation(&self) -> Confirmation {
        self.confirmations[Self::of(self.side)]
    }

    /// Whether the other end has proved it.
    pub(crate) fn is_confirmed(&self, theirs: &[u8]) -> bool {
        let Ok(theirs) = Confirmation::try_from(theirs) else { return false };
        // this comparison takes the same time whatever differs
        blake3::Hash::from(theirs) == blake3::Hash::from(self.confirmations[self.other()])
    }

    /// Seals the one message of our direction.
    pub(crate) fn seal(self: &Keys, message: &[u8]) -> Option<Vec<u8>> {
        let cipher = Aes256Gcm::new((&self.seals[Self::of(self.side)]).into());
        // each key seals once, so one nonce will do
        cipher.encrypt(&NONCE.into(), Payload { msg: message, aad: b"invitation" }).ok()
    }

    /// Opens the one message of the other direction.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let cipher = Aes256Gcm::new((&self.seals[self.other()]).into());
        cipher.decrypt(&NONCE.into(), Payload { msg: sealed, aad: b"invitation" }).ok()
    }
}

const NONCE: [u8; 12] = [0; 12];

#[cfg(test)]
mod tests {
    use super::{Keys, Pake};
    use crate::Side;

    fn meet(inviter: (&[u8], &[u8]), guest: (&[u8], &[u8])) -> [Keys; 2] {
        let (alice, a) = Pake::start(Side::Inviter, inviter.0, inviter.1);
        let (bob, b) = Pake::start(Side::Guest, guest.0, guest.1);
        let keys = [alice.finish(&b), bob.finish(&a)];
        keys.map(|keys| keys.unwrap_or_else(|_| panic!("it makes sense")))
    }

    #[test]
    fn who_knows_the_words_is_believed_and_understood() {
        let [alice, bob] = meet((b"abc", b"7"), (b"abc", b"7"));
        assert!(alice.is_confirmed(&bob.confirmation()));
        assert!(bob.is_confirmed(&alice.confirmation()));
        let sealed = alice.seal(b"at home").unwrap();
        assert!(!sealed.windows(7).any(|part| part == b"at home"), "who carries it reads nothing");
        assert_eq!(bob.open(&sealed).unwrap(), b"at home");
        assert_eq!(alice.open(&bob.seal(b"me too").unwrap()).unwrap(), b"me too");
        let mut changed = sealed.clone();
        changed[3] ^= 1;
        assert_eq!(bob.open(&changed), None);
        assert_eq!(alice.open(&sealed), None, "what comes back is not the other's");
    }

    #[test]
    fn who_guesses_learns_nothing_but_that_it_was_wrong() {
        for guest in [(&b"abd"[..], &b"7"[..]), (b"abc", b"8"), (b"", b"7")] {
            let [alice, eve] = meet((b"abc", b"7"), guest);
            assert!(!alice.is_confirmed(&eve.confirmation()));
            assert!(!eve.is_confirmed(&alice.confirmation()));
            assert_eq!(eve.open(&alice.seal(b"at home").unwrap()), None);
        }
    }

    #[test]
    fn nothing_that_was_said_can_be_said_back() {
        let (alice, a) = Pake::start(Side::Inviter, b"abc", b"7");
        assert!(alice.finish(&a).is_err(), "its own message");
        let [alice, _] = meet((b"abc", b"7"), (b"abc", b"7"));
        assert!(!alice.is_confirmed(&alice.confirmation()), "its own proof");
        assert!(!alice.is_confirmed(b"short"));
        for senseless in [&b""[..], b"B", &[0; 33], &[0xFF; 33], &[7; 400]] {
            let (alice, _) = Pake::start(Side::Inviter, b"abc", b"7");
            if let Ok(keys) = alice.finish(senseless) {
                assert!(!keys.is_confirmed(&[0; 32]));
            }
        }
    }

    /// The neutral element would make the key the same whatever the words.
    #[test]
    fn a_point_without_secret_proves_nothing() {
        let mut identity = [0; 33];
        (identity[0], identity[1]) = (b'B', 1);
        let (one, _) = Pake::start(Side::Inviter, b"abc", b"7");
        let (other, _) = Pake::start(Side::Inviter, b"xyz", b"7");
        let keys = [one.finish(&identity), other.finish(&identity)];
        if let [Ok(one), Ok(other)] = keys {
            assert_ne!(one.confirmation(), other.confirmation());
        }
    }
}
