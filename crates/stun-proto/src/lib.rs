//! STUN (RFC 8489) as pure state machines.
