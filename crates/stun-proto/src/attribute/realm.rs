//! REALM (RFC 8489 §14.9).
use super::is_short_text;

text_attribute! {
    /// The realm of a long-term credential: fewer than 128 characters to send, up to 763 bytes to
    /// receive.
    Realm = REALM, is_short_text
}
