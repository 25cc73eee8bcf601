//! A deterministic simulator of networks and NATs in virtual time.
