//! PADDING (RFC 5780 §7.6).
use super::VALUE_MAX;

bytes_attribute! {
    /// Bytes that only make the message long. They mean nothing.
    Padding = PADDING, VALUE_MAX
}
