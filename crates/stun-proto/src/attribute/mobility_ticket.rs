//! MOBILITY-TICKET (RFC 8016 §3.3).
bytes_attribute! {
    /// Proves that an allocation is the client's when its address has changed; empty to ask for one.
    MobilityTicket = MOBILITY_TICKET, u16::MAX as usize
}
