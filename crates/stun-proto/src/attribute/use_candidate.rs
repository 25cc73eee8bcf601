//! USE-CANDIDATE (RFC 8445 §7.1.2).
flag_attribute! {
    /// The controlling agent nominates the pair of this check.
    UseCandidate = USE_CANDIDATE
}
