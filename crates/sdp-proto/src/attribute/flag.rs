//! Attributes that are a name alone: RFC 8839 §5.3, RFC 8840 §8.2, RFC 9143 §6, RFC 5761 §5.1.1,
//! RFC 8858 §3, RFC 5506 §5, RFC 8285 §6.

use core::fmt;

use super::{Level, TypedAttribute, refused};
use crate::diagnostic::ValueError;

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident $text:literal $level:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl TypedAttribute<'_> for $name {
            const NAMES: &'static [&'static str] = &[$text];
            const LEVEL: Level = Level::$level;
            const ONCE: bool = true;
            const FLAG: bool = true;

            fn read(_: &str, value: Option<&str>) -> Result<Self, ValueError> {
                refused(value).map(|()| Self)
            }

            fn is_flag(&self) -> bool {
                true
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                Ok(())
            }
        }
    )*};
}

flags! {
    /// `a=ice-lite`: the sender answers checks and sends none (RFC 8839 §5.3).
    IceLite "ice-lite" Session;
    /// `a=ice-mismatch`: the default destination had no candidate, so no ICE (RFC 8839 §5.3).
    IceMismatch "ice-mismatch" Media;
    /// `a=end-of-candidates`: no more will be trickled (RFC 8840 §8.2).
    EndOfCandidates "end-of-candidates" Both;
    /// `a=bundle-only`: port 0, yet wanted inside the BUNDLE group (RFC 9143 §6).
    BundleOnly "bundle-only" Media;
    /// `a=rtcp-mux`: RTP and RTCP on one port (RFC 5761 §5.1.1).
    RtcpMux "rtcp-mux" Media;
    /// `a=rtcp-mux-only`: RTP and RTCP on one port or not at all (RFC 8858 §3).
    RtcpMuxOnly "rtcp-mux-only" Media;
    /// `a=rtcp-rsize`: RTCP packets of reduced size (RFC 5506 §5).
    RtcpRsize "rtcp-rsize" Media;
    /// `a=extmap-allow-mixed`: one- and two-byte header extensions in one stream (RFC 8285 §6).
    ExtMapAllowMixed "extmap-allow-mixed" Both;
}
