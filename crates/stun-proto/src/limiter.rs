//! How much a source may make a server send before it has proven that it is there: a fixed table
//! of token buckets, by address prefix.
use alloc::{boxed::Box, vec};
use core::{fmt, hash::Hasher, net::IpAddr};
use sans_io::Instant;
use siphasher::sip::SipHasher13;

/// How much a prefix may have sent to it. The defaults let a busy company network bind, and make
/// this server a poor choice for whoever wants to flood a victim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimiterConfig {
    /// How many buckets there are, of 16 bytes each; at least one. Prefixes that meet in a bucket
    /// share it: with 4,096 of them, 40 busy prefixes meet a given one with a chance of 1 %.
    pub buckets: u32,
    /// How many bytes a full bucket holds.
    pub burst: u32,
    /// How many bytes flow into a bucket each second.
    pub per_second: u32,
    /// How many bits of an IPv4 address make the prefix, up to 32.
    pub prefix_v4: u8,
    /// How many bits of an IPv6 address make the prefix, up to 128.
    pub prefix_v6: u8,
}

impl Default for LimiterConfig {
    /// 4,096 buckets (64 KiB) of 32 KiB, refilled with 16 KiB a second, by /24 and /56: a thousand
    /// Binding responses at once and 512 a second.
    fn default() -> Self {
        Self {
            buckets: 4096,
            burst: 32 * 1024,
            per_second: 16 * 1024,
            prefix_v4: 24,
            prefix_v6: 56,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a byte, so that a slow refill loses nothing to rounding.
    tokens: u64,
    filled: Instant,
}

/// The table. All of its memory is taken at the start.
///
/// ```
/// use sans_io::Instant;
/// use stun_proto::{LimiterConfig, SourceLimiter};
/// let config = LimiterConfig { burst: 100, per_second: 50, ..LimiterConfig::default() };
/// let mut limiter = SourceLimiter::new(config, [7; 16]);
/// let source = "192.0.2.1".parse()?;
/// assert!(limiter.take(Instant::ZERO, source, 80));
/// assert!(!limiter.take(Instant::ZERO, source, 80));
/// assert!(limiter.take(Instant::from_secs(2), source, 80));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
pub struct SourceLimiter {
    config: LimiterConfig,
    key: [u8; 16],
    buckets: Box<[Bucket]>,
}

impl SourceLimiter {
    /// A table of full buckets. The key decides who meets whom in a bucket, and is secret.
    pub fn new(config: LimiterConfig, key: [u8; 16]) -> Self {
        let full = Bucket { tokens: u64::from(config.burst) * 1000, filled: Instant::ZERO };
        Self { config, key, buckets: vec![full; config.buckets.max(1) as usize].into() }
    }

    /// Takes `bytes` from the bucket of `source`; `false` where it does not hold so many.
    pub fn take(&mut self, now: Instant, source: IpAddr, bytes: usize) -> bool {
        let index = self.index(source);
        let burst = u64::from(self.config.burst) * 1000;
        let per_second = u64::from(self.config.per_second);
        let bucket = &mut self.buckets[index];
        let waited_ms = now.as_millis().saturating_sub(bucket.filled.as_millis());
        if waited_ms > 0 {
            let flowed = waited_ms.saturating_mul(per_second);
            bucket.tokens = bucket.tokens.saturating_add(flowed).min(burst);
            bucket.filled = now;
        }
        let cost = (bytes as u64).saturating_mul(1000);
        let enough = bucket.tokens >= cost;
        if enough {
            bucket.tokens -= cost;
        }
        enough
    }

    fn index(&self, source: IpAddr) -> usize {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        match source {
            IpAddr::V4(ip) => {
                let shift = 32_u32.saturating_sub(self.config.prefix_v4.into());
                let prefix = ip.to_bits().checked_shr(shift).unwrap_or(0);
                hasher.write(&[4]);
                hasher.write(&prefix.to_le_bytes());
            }
            IpAddr::V6(ip) => {
                let shift = 128_u32.saturating_sub(self.config.prefix_v6.into());
                let prefix = ip.to_bits().checked_shr(shift).unwrap_or(0);
                hasher.write(&[6]);
                hasher.write(&prefix.to_le_bytes());
            }
        }
        // The high half of the product spreads evenly over any number of buckets.
        let hash = u128::from(hasher.finish());
        ((hash * self.buckets.len() as u128) >> 64) as usize
    }
}

/// Keeps the key to itself.
impl fmt::Debug for SourceLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceLimiter").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{LimiterConfig, SourceLimiter};
    use core::net::IpAddr;
    use sans_io::Instant;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn prefix_shares_a_bucket() {
        let mut limiter = SourceLimiter::new(LimiterConfig::default(), [1; 16]);
        assert!(limiter.take(Instant::ZERO, ip("192.0.2.1"), 32 * 1024));
        assert!(!limiter.take(Instant::ZERO, ip("192.0.2.255"), 1));
        assert!(limiter.take(Instant::ZERO, ip("192.0.3.1"), 1));
        assert!(limiter.take(Instant::ZERO, ip("2001:db8::1"), 32 * 1024));
        assert!(!limiter.take(Instant::ZERO, ip("2001:db8:0:ff::1"), 1));
        assert!(limiter.take(Instant::ZERO, ip("2001:db8:0:100::1"), 1));
    }

    #[test]
    fn budget_is_never_exceeded() {
        let config = LimiterConfig { burst: 1000, per_second: 333, ..LimiterConfig::default() };
        let mut limiter = SourceLimiter::new(config, [1; 16]);
        let mut sent = 0;
        for ms in (0..60_000).step_by(7) {
            let now = Instant::from_millis(ms);
            while limiter.take(now, ip("192.0.2.1"), 32) {
                sent += 32;
            }
            assert!(sent <= 1000 + 333 * ms / 1000 + 1, "{sent} bytes after {ms} ms");
        }
        assert!(sent >= 333 * 59, "the budget can be used: {sent}");
    }

    #[test]
    fn rest_saves_up_no_more_than_a_full_bucket() {
        let mut limiter = SourceLimiter::new(LimiterConfig::default(), [1; 16]);
        let later = Instant::from_secs(3600);
        assert!(limiter.take(later, ip("192.0.2.1"), 32 * 1024));
        assert!(!limiter.take(later, ip("192.0.2.1"), 1));
    }

    #[test]
    fn silly_prefixes_and_no_buckets_do_no_harm() {
        for bits in [0, 32, 128, 255] {
            let config = LimiterConfig {
                buckets: 0,
                prefix_v4: bits,
                prefix_v6: bits,
                ..LimiterConfig::default()
            };
            let mut limiter = SourceLimiter::new(config, [1; 16]);
            assert!(limiter.take(Instant::FAR, ip("192.0.2.1"), 1));
            assert!(limiter.take(Instant::ZERO, ip("2001:db8::1"), 1));
        }
    }
}
