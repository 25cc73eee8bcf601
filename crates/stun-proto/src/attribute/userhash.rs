//! USERHASH (RFC 8489 §14.4).
fixed_attribute! {
    /// SHA-256 of user name and realm, sent in place of USERNAME. See [`Credentials`](crate::Credentials).
    Userhash([u8; 32]) = USERHASH, 32, |v| v, |v| v
}
