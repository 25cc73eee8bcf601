//! SOURCE-ADDRESS, for RFC 3489 clients (RFC 3489 §11.2.5).
address_attribute! {
    /// Where the response was sent from; RESPONSE-ORIGIN took its place.
    SourceAddress = SOURCE_ADDRESS, plain
}
