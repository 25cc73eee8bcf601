//! LIFETIME (RFC 8656 §18.2).
use core::time::Duration;

fixed_attribute! {
    /// How long an allocation lasts, in seconds.
    Lifetime(u32) = LIFETIME, 4, u32::from_be_bytes, u32::to_be_bytes
}

impl Lifetime {
    /// The same as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}
