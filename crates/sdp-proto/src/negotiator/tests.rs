//! Unit tests of the negotiator.
