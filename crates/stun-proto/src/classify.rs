//! Telling apart what shares a port by its first byte (RFC 7983 §7).
use crate::{id::MAGIC_COOKIE, message::HEADER_LEN};

/// What a packet looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// STUN, with the cookie of RFC 5389 and later, and a length that fits.
    Stun,
    /// ZRTP.
    Zrtp,
    /// DTLS.
    Dtls,
    /// ChannelData of TURN. Means something only on a path to a TURN server.
    ChannelData,
    /// RTP or RTCP.
    Rtp,
    /// Nothing that RFC 7983 knows.
    Unknown,
}

/// Tells what a packet looks like, from its first byte (RFC 7983 §7) and, for STUN, from its cookie
/// and length as well, so that another protocol is seldom taken for STUN.
///
/// ```
/// use stun_proto::{PacketKind, classify};
/// assert_eq!(classify(&[22, 254, 253]), PacketKind::Dtls);
/// assert_eq!(classify(b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"), PacketKind::Stun);
/// assert_eq!(classify(b"\x00\x01\x00\x00\x21\x12\xa4\x00abcdefghijkl"), PacketKind::Unknown);
/// ```
pub fn classify(packet: &[u8]) -> PacketKind {
    let Some(first) = packet.first() else {
        return PacketKind::Unknown;
    };
    match *first {
        0..=3 if is_stun(packet) => PacketKind::Stun,
        16..=19 => PacketKind::Zrtp,
        20..=63 => PacketKind::Dtls,
        64..=79 => PacketKind::ChannelData,
        128..=191 => PacketKind::Rtp,
        _ => PacketKind::Unknown,
    }
}

fn is_stun(packet: &[u8]) -> bool {
    let Some((&[_, _, high, low], rest)) = packet.split_first_chunk() else {
        return false;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    rest.starts_with(&MAGIC_COOKIE) && HEADER_LEN + length == packet.len() && length % 4 == 0
}

#[cfg(test)]
mod tests {
    use super::{PacketKind, classify};
    use alloc::vec;

    #[test]
    fn every_first_byte_has_the_kind_of_rfc_7983() {
        for first in 0..=255_u8 {
            let expected = match first {
                16..=19 => PacketKind::Zrtp,
                20..=63 => PacketKind::Dtls,
                64..=79 => PacketKind::ChannelData,
                128..=191 => PacketKind::Rtp,
                _ => PacketKind::Unknown,
            };
            assert_eq!(classify(&[first; 40]), expected, "first byte {first}");
        }
        assert_eq!(classify(&[]), PacketKind::Unknown);
    }

    #[test]
    fn stun_needs_cookie_and_length() {
        let mut packet = vec![0_u8; 28];
        packet[1] = 1;
        packet[3] = 8;
        packet[4..8].copy_from_slice(&crate::MAGIC_COOKIE);
        assert_eq!(classify(&packet), PacketKind::Stun);
        assert_eq!(classify(&packet[..27]), PacketKind::Unknown);
        packet[3] = 4;
        assert_eq!(classify(&packet), PacketKind::Unknown);
        packet[3] = 8;
        packet[7] ^= 1;
        assert_eq!(classify(&packet), PacketKind::Unknown);
    }
}
