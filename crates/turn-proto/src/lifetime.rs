//! How long allocations, permissions and channels live (RFC 8656 §7.2, §8.2, §9, §12).
use core::time::Duration;

/// What an allocation gets unless more is asked for (RFC 8656 §6).
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
/// The longest that a server is recommended to grant (RFC 8656 §7.2).
pub const MAX_LIFETIME: Duration = Duration::from_secs(3600);
/// How long a permission lives (RFC 8656 §9).
pub const PERMISSION_LIFETIME: Duration = Duration::from_secs(300);
/// How long a channel binding lives (RFC 8656 §12).
pub const CHANNEL_LIFETIME: Duration = Duration::from_secs(600);
/// How long before the end of an allocation or a permission it is refreshed (RFC 8656 §8).
const REFRESH_MARGIN: Duration = Duration::from_secs(60);

/// What the server grants to a client that asks for `requested` seconds, or for nothing. It never
/// grants less than its default, nor more than its maximum.
pub(crate) fn granted(requested: Option<u32>, default: Duration, maximum: Duration) -> Duration {
    requested.map_or(default, |secs| Duration::from_secs(secs.into()).min(maximum).max(default))
}

/// How long after it was granted a client renews what lives for `lifetime`: a minute before its
/// end, or half-way where that is later than a minute before the end could be.
pub(crate) fn refresh_after(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(REFRESH_MARGIN).max(lifetime / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_grants_between_its_default_and_its_maximum() {
        let grant = |asked| granted(asked, DEFAULT_LIFETIME, MAX_LIFETIME).as_secs();
        assert_eq!(grant(None), 600);
        assert_eq!(grant(Some(1)), 600);
        assert_eq!(grant(Some(601)), 601);
        assert_eq!(grant(Some(3600)), 3600);
        assert_eq!(grant(Some(u32::MAX)), 3600);
    }

    #[test]
    fn a_client_refreshes_a_minute_early_or_half_way() {
        let after = |secs| refresh_after(Duration::from_secs(secs)).as_secs();
        assert_eq!(after(600), 540);
        assert_eq!(after(300), 240);
        assert_eq!(after(120), 60);
        assert_eq!(after(60), 30);
        assert_eq!(after(0), 0);
    }
}
