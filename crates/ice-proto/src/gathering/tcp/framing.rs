//! The frames in which datagrams travel over a connection (RFC 4571): a length of 16 bits, then so
//! many bytes.
use sans_io::{Frame, Packet, Path};

/// The length of the length.
const HEAD: usize = 2;

/// Where the first frame of a buffer ends, of which a frame may be so long.
pub(crate) fn frame(buffer: &[u8], payload_max: usize) -> Frame {
    let Some(head) = buffer.first_chunk() else { return Frame::Need(HEAD) };
    let payload = usize::from(u16::from_be_bytes(*head));
    let whole = HEAD + payload;
    if payload > payload_max {
        Frame::Broken
    } else if buffer.len() < whole {
        Frame::Need(whole)
    } else {
        Frame::Whole(whole)
    }
}

/// What is in a whole frame.
pub(crate) fn payload(frame: &[u8]) -> Option<&[u8]> {
    let (head, payload) = frame.split_first_chunk()?;
    (usize::from(u16::from_be_bytes(*head)) == payload.len()).then_some(payload)
}

/// A frame around the head and payload of a packet. `None`: they are too long for one.
pub(crate) fn wrap<'a>(path: Path, inner: &Packet<'a>) -> Option<Packet<'a>> {
    let length = u16::try_from(inner.len()).ok()?.to_be_bytes();
    let packet = Packet::new(path, inner.payload);
    if inner.head().is_empty() {
        return Some(packet.with_head(&length));
    }
    let mut head = [0; sans_io::HEAD_MAX];
    let end = HEAD + inner.head().len();
    head[..HEAD].copy_from_slice(&length);
    head.get_mut(HEAD..end)?.copy_from_slice(inner.head());
    Some(packet.with_head(&head[..end]))
}

#[cfg(test)]
mod tests {
    use super::{frame, payload, wrap};
    use alloc::vec;
    use sans_io::{Frame, Packet, Path, Transport};

    fn path() -> Path {
        Path::new(Transport::Tcp, "192.0.2.1:9".parse().unwrap(), "192.0.2.2:9".parse().unwrap())
    }

    #[test]
    fn a_frame_is_as_long_as_it_says() {
        assert_eq!(frame(&[0], 9), Frame::Need(2));
        assert_eq!(frame(&[0, 3, 1], 9), Frame::Need(5));
        assert_eq!(frame(&[0, 3, 1, 2, 3, 4], 9), Frame::Whole(5));
        assert_eq!(frame(&[0, 0], 9), Frame::Whole(2));
        assert_eq!(frame(&[0, 10], 9), Frame::Broken);
        assert_eq!(frame(&[0xFF, 0xFF], 65_535), Frame::Need(65_537));
    }

    #[test]
    fn what_is_wrapped_is_found_again() {
        let whole = wrap(path(), &Packet::new(path(), b"abc").with_head(b"12")).unwrap().to_vec();
        assert_eq!(whole, b"\0\x0512abc");
        assert_eq!(payload(&whole), Some(&b"12abc"[..]));
        assert_eq!(payload(&whole[..6]), None);
        assert_eq!(payload(b"\0"), None);
        assert_eq!(payload(b"\0\0"), Some(&b""[..]));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let long = vec![7; 65_535];
        assert!(wrap(path(), &Packet::new(path(), &long)).is_some());
        assert!(wrap(path(), &Packet::new(path(), &long).with_head(b"1")).is_none());
    }
}
