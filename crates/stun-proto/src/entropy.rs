//! All the randomness of a machine, from one seed.
use crate::TransactionId;
use core::fmt;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Random bytes from one seed: public ones for what is seen on the wire (transaction IDs,
/// tie-breakers, ports) and secret ones (passwords, nonce keys). No byte is ever both, so that
/// nothing on the wire tells anything of the secrets. A machine that owns others gives each a
/// [`fork`](Self::fork).
///
/// The seed is the key of ChaCha20, whose stream is cut into pieces, each with public bytes and
/// secret ones: a machine that is born wants some of both. What is kept is the seed, how far either
/// part was read, and the piece that was read last; the stream is set up to read another one.
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
    seed: [u8; 32],
    /// Parts the streams of several machines that share a seed.
    domain: u64,
    /// How many seeds for others were given away.
    forked: u64,
    /// How many public bytes were read, and how many secret ones.
    public_read: u64,
    secret_read: u64,
    /// The piece that was read last, and its number.
    piece: [u8; PIECE_LEN],
    number: Option<u64>,
}

/// Eight transaction IDs. Who reads on sets the stream up every eighth time.
const PUBLIC_LEN: usize = 96;
/// A key, or the credentials of an agent.
const SECRET_LEN: usize = 32;
const PIECE_LEN: usize = PUBLIC_LEN + SECRET_LEN;
/// Set in the nonces of forks, and in no other.
const FORKS: u64 = 1 << 63;

impl Entropy {
    /// The stream of this seed. Whoever knows the seed knows the secrets: take it from the
    /// operating system, and use it once.
    pub const fn new(seed: [u8; 32]) -> Self {
        let piece = [0; PIECE_LEN];
        Self { seed, domain: 0, forked: 0, public_read: 0, secret_read: 0, piece, number: None }
    }

    /// A stream of this seed for one of several machines that it is meant for: each label has one of
    /// its own. Costs nothing, where a [`fork`](Self::fork) reads a stream.
    ///
    /// ```
    /// use stun_proto::Entropy;
    /// let [mut one, mut two] = ["one", "two"].map(|label| Entropy::labelled([7; 32], label));
    /// assert_ne!(one.transaction_id(), two.transaction_id());
    /// assert_ne!(one.secret::<32>(), two.secret::<32>());
    /// ```
    pub const fn labelled(seed: [u8; 32], label: &str) -> Self {
        let mut this = Self::new(seed);
        this.domain = (fnv(label) << 2) & !FORKS;
        this
    }

    /// A stream for another machine. No two forks are alike, also with the same label.
    #[must_use]
    pub fn fork(&mut self, label: &str) -> Self {
        let mut seed = [0; 32];
        self.stream(FORKS | fnv(label), self.forked * 32).fill_bytes(&mut seed);
        self.forked += 1;
        Self::new(seed)
    }

    /// A new transaction ID (RFC 8489 §5: uniform, and cryptographically random).
    pub fn transaction_id(&mut self) -> TransactionId {
        TransactionId(self.public())
    }

    /// Random bytes that may be seen.
    pub fn public<const N: usize>(&mut self) -> [u8; N] {
        let read = self.public_read;
        self.public_read += N as u64;
        self.draw(0, PUBLIC_LEN, read)
    }

    /// A random number that may be seen.
    pub fn public_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.public())
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
        let read = self.secret_read;
        self.secret_read += N as u64;
        self.draw(PUBLIC_LEN, SECRET_LEN, read)
    }

    /// The next bytes of the part of all pieces that begins at `start`, after those that were read.
    #[inline]
    fn draw<const N: usize>(&mut self, start: usize, len: usize, mut read: u64) -> [u8; N] {
        let mut bytes = [0; N];
        let mut rest = &mut bytes[..];
        while !rest.is_empty() {
            self.turn_to(read / len as u64);
            let here = &self.piece[start..start + len][(read % len as u64) as usize..];
            let (filled, behind) = rest.split_at_mut(here.len().min(rest.len()));
            filled.copy_from_slice(&here[..filled.len()]);
            read += filled.len() as u64;
            rest = behind;
        }
        bytes
    }

    /// Reads a piece, if it is not the one at hand.
    fn turn_to(&mut self, number: u64) {
        if self.number != Some(number) {
            self.number = Some(number);
            self.stream(0, number * PIECE_LEN as u64).fill_bytes(&mut self.piece);
        }
    }

    /// A stream from some byte on, which begins a word of it.
    #[inline]
    fn stream(&self, nonce: u64, from: u64) -> ChaCha20Rng {
        let mut chacha = ChaCha20Rng::from_seed(self.seed);
        chacha.set_stream(self.domain ^ nonce);
        chacha.set_word_pos(u128::from(from / WORD));
        chacha
    }
}

/// Bytes in a word of ChaCha.
const WORD: u64 = 4;

/// A number for a label. Two labels that share one get different seeds nevertheless, for each fork
/// is read further on.
const fn fnv(label: &str) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut rest = label.as_bytes();
    while let [byte, behind @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01B3);
        rest = behind;
    }
    hash
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
    use alloc::vec::Vec;

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

    /// An ICE agent holds several of them.
    #[test]
    fn it_takes_little_room() {
        assert!(size_of::<Entropy>() <= 208, "{} bytes", size_of::<Entropy>());
    }

    #[test]
    fn however_it_is_read_the_stream_is_the_same() {
        let mut whole = Entropy::new([3; 32]);
        let mut parts = Entropy::new([3; 32]);
        let all = (whole.public::<240>(), whole.secret::<240>());
        let (mut public, mut secret) = (Vec::new(), Vec::new());
        for _ in 0..30 {
            public.extend(parts.public::<8>());
            secret.extend(parts.secret::<8>());
        }
        assert_eq!((&all.0[..], &all.1[..]), (&public[..], &secret[..]));
    }
}
