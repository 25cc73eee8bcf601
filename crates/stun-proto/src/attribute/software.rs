//! SOFTWARE (RFC 8489 §14.14).
use super::is_short_text;

text_attribute! {
    /// What software sent this: fewer than 128 characters to send, up to 763 bytes to receive.
    Software = SOFTWARE, is_short_text
}
