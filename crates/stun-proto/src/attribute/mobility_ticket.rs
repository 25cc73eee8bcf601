//! MOBILITY-TICKET (RFC 8016 §3.3).
use super::VALUE_MAX;

bytes_attribute! {
    /// Proves that an allocation is the client's when its address has changed; empty to ask for one.
    MobilityTicket = MOBILITY_TICKET, VALUE_MAX
}
