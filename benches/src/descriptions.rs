//! Session descriptions, as text.
