//! RESERVATION-TOKEN (RFC 8656 §18.10).
fixed_attribute! {
    /// Names a relayed address that the server holds back.
    ReservationToken([u8; 8]) = RESERVATION_TOKEN, 8, |v| v, |v| v
}
