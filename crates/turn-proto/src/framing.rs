//! Where one STUN or ChannelData message of a TCP or TLS stream ends (RFC 8656 §12.5, RFC 8489
//! §6.2.2).
use crate::ChannelRange;
use sans_io::Frame;

/// Finds the end of the first message in `buffer`, which is a STUN message, or a ChannelData
/// message with its padding. Pure, and looks at four bytes only. What is neither is
/// [`Frame::Broken`].
///
/// ```
/// use sans_io::Frame;
/// use turn_proto::stream_frame;
/// assert_eq!(stream_frame(b"\x40"), Frame::Need(4));
/// assert_eq!(stream_frame(b"\x40\x00\x00\x05hell"), Frame::Need(12));
/// assert_eq!(stream_frame(b"\x40\x00\x00\x05hello\0\0\0\x40"), Frame::Whole(12));
/// ```
pub fn stream_frame(buffer: &[u8]) -> Frame {
    stream_frame_in(ChannelRange::Rfc8656, buffer)
}

/// The same where other numbers may be channels.
pub fn stream_frame_in(channels: ChannelRange, buffer: &[u8]) -> Frame {
    let [first, _, l0, l1, ..] = buffer else {
        return Frame::Need(4);
    };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    let whole = match first {
        0x00..=0x03 if length % 4 == 0 => 20 + length,
        first if channels.begins(*first) => (4 + length).next_multiple_of(4),
        _ => return Frame::Broken,
    };
    if buffer.len() < whole { Frame::Need(whole) } else { Frame::Whole(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};
    use proptest::prelude::*;
    use sans_io::MAX_FRAME;

    #[test]
    fn a_stun_message_ends_where_its_header_says() {
        let mut message = vec![0, 1, 0, 8];
        message.resize(28, 0);
        assert_eq!(stream_frame(&message[..20]), Frame::Need(28));
        assert_eq!(stream_frame(&message), Frame::Whole(28));
    }

    #[test]
    fn the_longest_messages_fit_the_longest_frame() {
        assert_eq!(stream_frame(&[0x40, 0, 0xFF, 0xFF]), Frame::Need(65_540));
        assert_eq!(stream_frame(&[0, 1, 0xFF, 0xFC]), Frame::Need(65_552));
        const { assert!(65_552 <= MAX_FRAME) };
    }

    #[test]
    fn what_is_neither_ends_the_stream() {
        for first in [0x04, 0x14, 0x3F, 0x50, 0x80, 0xFF] {
            assert_eq!(stream_frame(&[first, 0, 0, 0]), Frame::Broken);
            assert_eq!(stream_frame(&[first; 100]), Frame::Broken);
        }
        // A STUN length is a multiple of four.
        assert_eq!(stream_frame(&[0, 1, 0, 3, 0]), Frame::Broken);
    }

    proptest! {
        #[test]
        fn an_answer_given_once_stays(bytes in proptest::collection::vec(any::<u8>(), 4..80)) {
            let mut answers: Vec<usize> = Vec::new();
            let mut broken = false;
            for end in 4..=bytes.len() {
                match stream_frame(&bytes[..end]) {
                    Frame::Whole(len) => answers.push(len),
                    Frame::Need(len) => {
                        prop_assert!(len > end && len <= MAX_FRAME);
                        prop_assert!(answers.is_empty() && !broken);
                    }
                    Frame::Broken => broken = true,
                }
            }
            prop_assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
            prop_assert!(answers.is_empty() || !broken);
        }
    }
}
