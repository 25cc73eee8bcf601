//! USERNAME (RFC 8489 §14.3).
text_attribute! {
    /// Names the credential. Prepared by OpaqueString, fewer than 509 bytes to send, up to 763 to receive.
    Username = USERNAME, |text| text.len() < 509
}
