//! NONCE (RFC 8489 §14.10).
use super::TEXT_MAX;

bytes_attribute! {
    /// The server's nonce, to be echoed as it came. Kept as bytes, for some servers send more than text.
    Nonce = NONCE, TEXT_MAX
}
