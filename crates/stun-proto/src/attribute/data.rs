//! DATA (RFC 8656 §18.4).
use super::VALUE_MAX;

bytes_attribute! {
    /// What a peer sent, or is to get.
    Data = DATA, VALUE_MAX
}
