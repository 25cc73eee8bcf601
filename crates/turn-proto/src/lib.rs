//! TURN (RFC 8656) client and server as pure state machines.
