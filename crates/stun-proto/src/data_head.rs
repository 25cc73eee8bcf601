//! What stands before the data of a Send or Data indication (RFC 8656 §11), for data that is
//! forwarded without being copied.
use crate::{
    AttributeType, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{DontFragment, XorPeerAddress},
};
use core::net::SocketAddr;

const MAX_LEN: usize = 52;
const HEADER_LEN: usize = 20;
const MAX_BODY_LEN: usize = 65_532;

/// Everything of a Send or Data indication up to its data, at most 52 bytes.
///
/// ```
/// use stun_proto::{DataHead, Message, Method, TransactionId, attribute::Data};
/// let peer = "192.0.2.1:9".parse()?;
/// let head = DataHead::new(Method::SEND, TransactionId([1; 12]), peer, false, 5).unwrap();
/// let mut packet = head.as_bytes().to_vec();
/// packet.extend_from_slice(b"hello");
/// packet.resize(packet.len() + usize::from(head.pad()), 0);
/// assert_eq!(Message::parse(&packet)?.get(), Some(Data(b"hello")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DataHead {
    bytes: [u8; MAX_LEN],
    len: u8,
    pad: u8,
}

impl DataHead {
    /// The head of an indication of `method` (Send or Data) that carries `data_len` bytes to or
    /// from `peer`. `None`: so much data does not fit into a message.
    pub fn new(
        method: Method,
        id: TransactionId,
        peer: SocketAddr,
        dont_fragment: bool,
        data_len: usize,
    ) -> Option<Self> {
        let mut bytes = [0; MAX_LEN];
        let flag = dont_fragment.then_some(DontFragment);
        let written = MessageBuilder::new(&mut bytes, MessageType::indication(method), id)
            .with(&XorPeerAddress(peer))
            .with_some(flag.as_ref())
            .finish()
            .ok()?
            .len();
        let padded = data_len.checked_next_multiple_of(4)?;
        let len = written + 4;
        let length = len.checked_add(padded)? - HEADER_LEN;
        if length > MAX_BODY_LEN {
            return None;
        }
        bytes[2..4].copy_from_slice(&(length as u16).to_be_bytes());
        bytes[written..][..2].copy_from_slice(&AttributeType::DATA.0.to_be_bytes());
        bytes[written..][2..4].copy_from_slice(&(data_len as u16).to_be_bytes());
        Some(Self { bytes, len: len as u8, pad: (padded - data_len) as u8 })
    }

    /// The bytes that go before the data.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many zero bytes go behind the data: 0 to 3.
    pub const fn pad(&self) -> u8 {
        self.pad
    }
}

#[cfg(test)]
mod tests {
    use super::DataHead;
    use crate::{
        Message, Method, TransactionId,
        attribute::{Data, DontFragment, XorPeerAddress},
    };
    use alloc::vec;

    #[test]
    fn head_data_and_padding_make_the_message() {
        let id = TransactionId([9; 12]);
        for peer in ["192.0.2.1:9", "[2001:db8::1]:9"] {
            for (dont_fragment, len) in [(false, 0), (true, 1), (false, 2), (true, 3), (true, 1200)]
            {
                let peer = peer.parse().unwrap();
                let head = DataHead::new(Method::DATA, id, peer, dont_fragment, len).unwrap();
                let data = vec![0xAB; len];
                let mut packet = head.as_bytes().to_vec();
                packet.extend_from_slice(&data);
                packet.resize(packet.len() + usize::from(head.pad()), 0);
                let message = Message::parse(&packet).unwrap();
                assert_eq!(message.get(), Some(XorPeerAddress(peer)));
                assert_eq!(message.get(), dont_fragment.then_some(DontFragment));
                assert_eq!(message.get(), Some(Data(&data)));
            }
        }
    }

    #[test]
    fn data_that_does_not_fit_is_refused() {
        let id = TransactionId([9; 12]);
        let peer = "192.0.2.1:9".parse().unwrap();
        assert!(DataHead::new(Method::DATA, id, peer, false, 65_516).is_some());
        assert!(DataHead::new(Method::DATA, id, peer, false, 65_517).is_none());
        assert!(DataHead::new(Method::DATA, id, peer, false, usize::MAX).is_none());
    }
}
