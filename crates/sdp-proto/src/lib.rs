//! SDP (RFC 8866): byte-exact documents, typed attributes, diagnostics.
