//! RESPONSE-ORIGIN (RFC 5780 §7.3).
address_attribute! {
    /// Where the response was sent from.
    ResponseOrigin = RESPONSE_ORIGIN, plain
}
