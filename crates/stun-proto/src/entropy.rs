//! All the randomness of a machine, from one seed.
use crate::TransactionId;
use core::fmt;
use hmac::{Hmac, KeyInit, Mac};
use rand_chacha::{ChaCha12Rng, ChaCha20Rng};
use rand_core::{Rng, SeedableRng};
use sha2::Sha256;

/// Two streams of random bytes from one seed: a public one for what is seen on the wire
/// (transaction IDs, tie-breakers, ports) and a secret one (passwords, nonce keys), so that nothing
/// on the wire tells anything of the secrets. A machine that owns others gives each a
/// [`fork`](Self::fork).
///
/// ```
/// use stun_proto::Entropy;
/// let mut parent = Entropy::new([7; 32]);
/// let mut first = parent.fork("turn client");
/// let mut second = parent.fork("turn client");
/// assert_ne!(first.transaction_id(), second.transaction_id());
/// let mut again = Entropy::new([7; 32]).fork("turn client");
/// assert_eq!(again.transaction_id(), Entropy::new([7; 32]).fork("turn client").transaction_id());
/// ```
pub struct Entropy {
    forks: Hmac<Sha256>,
    forked: u64,
    public: ChaCha12Rng,
    secret: ChaCha20Rng,
}

impl Entropy {
    /// The streams of this seed. Whoever knows the seed knows the secrets: take it from the
    /// operating system, and use it once.
    pub fn new(seed: [u8; 32]) -> Self {
        let root = Hmac::new(&block(seed));
        Self {
            public: ChaCha12Rng::from_seed(derive(&root, b"public", 0)),
            secret: ChaCha20Rng::from_seed(derive(&root, b"secret", 0)),
            forks: root,
            forked: 0,
        }
    }

    /// Streams for another machine. No two forks are alike, also with the same label.
    #[must_use]
    pub fn fork(&mut self, label: &str) -> Self {
        self.forked += 1;
        Self::new(derive(&self.forks, label.as_bytes(), self.forked))
    }

    /// A new transaction ID (RFC 8489 §5: uniform, and cryptographically random).
    pub fn transaction_id(&mut self) -> TransactionId {
        TransactionId(self.public())
    }

    /// Random bytes that may be seen.
    pub fn public<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.public.fill_bytes(&mut bytes);
        bytes
    }

    /// A random number that may be seen.
    pub fn public_u64(&mut self) -> u64 {
        self.public.next_u64()
    }

    /// A random number below `end` that may be seen, each equally likely; zero if `end` is zero.
    pub fn public_below(&mut self, end: u64) -> u64 {
        if end == 0 {
            return 0;
        }
        // The part of the range that is a multiple of `end`; a draw outside it is repeated.
        let fair = u64::MAX - u64::MAX % end;
        loop {
            let drawn = self.public_u64();
            if drawn < fair {
                return drawn % end;
            }
        }
    }

    /// Random bytes that are kept secret.
    pub fn secret<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.secret.fill_bytes(&mut bytes);
        bytes
    }
}

/// The seed as a key of HMAC's own block length.
fn block(seed: [u8; 32]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..32].copy_from_slice(&seed);
    block
}

fn derive(root: &Hmac<Sha256>, label: &[u8], count: u64) -> [u8; 32] {
    let mut mac = root.clone();
    mac.update(&count.to_be_bytes());
    mac.update(label);
    mac.finalize().into_bytes().into()
}

/// Keeps the seed to itself.
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").field("forked", &self.forked).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Entropy;

    #[test]
    fn streams_and_forks_differ_and_repeat() {
        let draw = || {
            let mut root = Entropy::new([1; 32]);
            let mut a = root.fork("a");
            let mut b = root.fork("b");
            [root.public::<16>(), root.secret(), a.public(), a.secret(), b.public(), b.secret()]
        };
        let drawn = draw();
        assert_eq!(drawn, draw());
        for (i, bytes) in drawn.iter().enumerate() {
            assert!(!drawn[..i].contains(bytes));
        }
    }

    #[test]
    fn numbers_below_an_end_cover_all_of_it() {
        let mut entropy = Entropy::new([2; 32]);
        let mut seen = [0_u32; 7];
        for _ in 0..700 {
            seen[entropy.public_below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (60..=140).contains(n)), "{seen:?}");
        assert_eq!(entropy.public_below(0), 0);
        assert_eq!(entropy.public_below(1), 0);
    }
}
