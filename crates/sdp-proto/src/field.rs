//! Lines other than attributes, typed: `o=`, `c=`, `b=`, `t=`, `r=`, `z=` and `m=` (RFC 8866 §5).

mod bandwidth;
mod connection;
mod media_line;
mod origin;
mod timing;

pub use bandwidth::{Bandwidth, BandwidthType};
pub use connection::{Connection, ConnectionAddress};
pub use media_line::MediaLine;
pub use origin::Origin;
pub use timing::{Repeat, Timing, Zones};

#[cfg(test)]
mod tests;
