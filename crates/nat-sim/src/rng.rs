//! Random numbers, one independent stream for each entity and purpose.

/// A stream of random numbers (SplitMix64). Not for secrets.
///
/// A stream is named by the seed of the world, the entity that draws from it and what for. Taking
/// an entity out of a scenario, or letting one draw more, leaves the numbers of all others as they
/// were, so a failing scenario can be shrunk without becoming another one.
///
/// ```
/// use nat_sim::Stream;
/// let mut a = Stream::new(7, "alice", "loss");
/// assert_eq!(a.next_u64(), Stream::new(7, "alice", "loss").next_u64());
/// assert_ne!(a.next_u64(), Stream::new(7, "alice", "jitter").next_u64());
/// assert!((10..20).contains(&a.between(10, 19)));
/// ```
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The stream of `entity` for `purpose` in the world of `seed`.
    pub fn new(seed: u64, entity: &str, purpose: &str) -> Self {
        let mut state = mix(seed ^ 0x6E61_742D_7369_6D21);
        for part in [entity, purpose] {
            for byte in part.bytes() {
                state = mix(state ^ u64::from(byte));
            }
            state = mix(state ^ 0xFFFF);
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`, or 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included; `low` when they are the wrong way round.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// Whether something that happens in `chance` of all cases happens now. A chance of never or
    /// always draws nothing.
    pub fn happens(&mut self, chance: Chance) -> bool {
        match chance.0 {
            0 => false,
            Chance::ALWAYS_PPM => true,
            ppm => self.below(u64::from(Chance::ALWAYS_PPM)) < u64::from(ppm),
        }
    }
}

/// The finalizer of SplitMix64.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// How often something happens, in parts per million: whole numbers, so that scenarios compare,
/// print and replay exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u32);

impl Chance {
    const ALWAYS_PPM: u32 = 1_000_000;
    /// Not once.
    pub const NEVER: Self = Self(0);
    /// Each time.
    pub const ALWAYS: Self = Self(Self::ALWAYS_PPM);

    /// So many in a million; at most all of them.
    pub const fn ppm(ppm: u32) -> Self {
        Self(if ppm > Self::ALWAYS_PPM { Self::ALWAYS_PPM } else { ppm })
    }

    /// So many in a hundred; at most all of them.
    pub const fn percent(percent: u32) -> Self {
        Self::ppm(percent.saturating_mul(10_000))
    }

    /// In parts per million.
    pub const fn as_ppm(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_happens_as_often_as_it_says() {
        let mut stream = Stream::new(1, "x", "y");
        let hits = (0..100_000).filter(|_| stream.happens(Chance::percent(20))).count();
        assert!((19_500..20_500).contains(&hits), "{hits}");
        assert!((0..1000).all(|_| !stream.happens(Chance::NEVER)));
        assert!((0..1000).all(|_| stream.happens(Chance::ALWAYS)));
    }

    #[test]
    fn bounds_are_kept_and_reached() {
        let mut stream = Stream::new(1, "x", "y");
        let mut seen = [false; 4];
        for _ in 0..1000 {
            seen[(stream.between(5, 8) - 5) as usize] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!((stream.below(0), stream.below(1), stream.between(9, 3)), (0, 0, 9));
    }

    #[test]
    fn names_are_not_run_together() {
        let mut a = Stream::new(1, "ab", "c");
        let mut b = Stream::new(1, "a", "bc");
        assert_ne!(a.next_u64(), b.next_u64());
    }
}
