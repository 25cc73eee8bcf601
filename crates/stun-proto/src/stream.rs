//! STUN on a stream: each message says how long it is (RFC 8489 §6.2.2).
use crate::HEADER_LEN;
use sans_io::Frame;

/// Where the first message of a stream ends. What cannot be STUN is [`Frame::Broken`].
///
/// ```
/// use sans_io::Frame;
/// use stun_proto::stun_frame;
/// assert_eq!(stun_frame(&[0, 1, 0]), Frame::Need(4));
/// assert_eq!(stun_frame(&[0, 1, 0, 8]), Frame::Need(28));
/// assert_eq!(stun_frame(&[0; 40]), Frame::Whole(20));
/// assert_eq!(stun_frame(b"GET / HTTP/1.1"), Frame::Broken);
/// ```
pub const fn stun_frame(buffer: &[u8]) -> Frame {
    if let [first, ..] = buffer
        && *first >= 0x40
    {
        return Frame::Broken;
    }
    let [_, _, high, low, ..] = buffer else {
        return Frame::Need(4);
    };
    let length = u16::from_be_bytes([*high, *low]) as usize;
    if !length.is_multiple_of(4) {
        return Frame::Broken;
    }
    let len = HEADER_LEN + length;
    if buffer.len() < len { Frame::Need(len) } else { Frame::Whole(len) }
}

#[cfg(test)]
mod tests {
    use super::stun_frame;
    use sans_io::Frame;

    #[test]
    fn what_cannot_be_stun_is_the_end_of_the_stream() {
        for (head, frame) in [
            (&[][..], Frame::Need(4)),
            (&[0x3F], Frame::Need(4)),
            (&[0x40], Frame::Broken),
            (&[0, 1, 0, 2], Frame::Broken),
            (&[0, 1, 0xFF, 0xFC], Frame::Need(65_552)),
        ] {
            assert_eq!(stun_frame(head), frame, "{head:?}");
        }
    }
}
