//! The ChannelData message (RFC 8656 §12.4 to §12.6).
use crate::{ChannelNumber, ChannelRange};
use thiserror::Error;

/// The length of the header: channel number and data length, 16 bits each.
pub const CHANNEL_DATA_HEADER: usize = 4;

/// A ChannelData message over somebody else's bytes.
///
/// ```
/// use turn_proto::{ChannelData, ChannelNumber};
/// let message = ChannelData::parse(b"\x40\x01\x00\x05hello\0\0\0")?;
/// assert_eq!(message.channel.get(), 0x4001);
/// assert_eq!(message.data, b"hello");
/// assert_eq!(ChannelData::header(message.channel, 5), Some(*b"\x40\x01\x00\x05"));
/// assert_eq!(ChannelData::padding(5), 3);
/// # Ok::<(), turn_proto::ChannelDataError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelData<'a> {
    /// The channel that the data travels on.
    pub channel: ChannelNumber,
    /// The application's bytes, without padding. May be empty.
    pub data: &'a [u8],
}

/// Why bytes are not a ChannelData message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChannelDataError {
    /// Its channel number lies outside of 0x4000 to 0x4FFF.
    #[error("{0:#06x} is no channel number")]
    ChannelOutOfRange(u16),
    /// It is shorter than its header says, or than a header.
    #[error("{actual} bytes where {needed} are needed")]
    TooShort {
        /// How many bytes it would take.
        needed: usize,
        /// How many there are.
        actual: usize,
    },
    /// More follows the data than its padding.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
}

impl<'a> ChannelData<'a> {
    /// Reads one message that fills `bytes`, with or without its padding. The content of the
    /// padding does not matter.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ChannelDataError> {
        Self::parse_in(ChannelRange::Rfc8656, bytes)
    }

    /// The same where other numbers may be channels.
    pub fn parse_in(range: ChannelRange, bytes: &'a [u8]) -> Result<Self, ChannelDataError> {
        let actual = bytes.len();
        let Some(([n0, n1, l0, l1], rest)) = bytes.split_first_chunk() else {
            return Err(ChannelDataError::TooShort { needed: CHANNEL_DATA_HEADER, actual });
        };
        let number = u16::from_be_bytes([*n0, *n1]);
        let channel = range.number(number).ok_or(ChannelDataError::ChannelOutOfRange(number))?;
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let Some((data, trailing)) = rest.split_at_checked(length) else {
            return Err(ChannelDataError::TooShort {
                needed: CHANNEL_DATA_HEADER + length,
                actual,
            });
        };
        if trailing.len() > usize::from(Self::padding(length)) {
            return Err(ChannelDataError::Trailing(trailing.len()));
        }
        Ok(Self { channel, data })
    }

    /// The header in front of `length` bytes of data; `None` when they are too many for it.
    pub fn header(channel: ChannelNumber, length: usize) -> Option<[u8; CHANNEL_DATA_HEADER]> {
        let [n0, n1] = channel.get().to_be_bytes();
        let [l0, l1] = u16::try_from(length).ok()?.to_be_bytes();
        Some([n0, n1, l0, l1])
    }

    /// How many zero bytes follow `length` bytes of data on a stream.
    pub const fn padding(length: usize) -> u8 {
        (length.wrapping_neg() & 3) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn a_message_of_no_data_is_valid() {
        let message = ChannelData::parse(&[0x4F, 0xFF, 0, 0]).unwrap();
        assert_eq!(message, ChannelData { channel: ChannelNumber::MAX, data: &[] });
    }

    #[test]
    fn a_length_beyond_the_datagram_is_refused() {
        let error = ChannelData::parse(&[0x40, 0, 0, 5, 1, 2, 3, 4]).unwrap_err();
        assert_eq!(error, ChannelDataError::TooShort { needed: 9, actual: 8 });
        for cut in 0..4 {
            let error = ChannelData::parse(&[0x40, 0, 0, 0][..cut]).unwrap_err();
            assert_eq!(error, ChannelDataError::TooShort { needed: 4, actual: cut });
        }
    }

    #[test]
    fn padding_may_follow_but_nothing_else() {
        let padded = [0x40, 0, 0, 1, 7, 9, 9, 9];
        assert_eq!(ChannelData::parse(&padded).unwrap().data, [7]);
        assert_eq!(
            ChannelData::parse(&[0x40, 0, 0, 4, 1, 2, 3, 4, 0]),
            Err(ChannelDataError::Trailing(1))
        );
    }

    #[test]
    fn only_numbers_of_the_range_are_channels() {
        for number in 0..=u16::MAX {
            let [a, b] = number.to_be_bytes();
            let parsed = ChannelData::parse(&[a, b, 0, 0]).is_ok();
            assert_eq!(parsed, (0x4000..=0x4FFF).contains(&number), "{number:#x}");
        }
    }

    #[test]
    fn a_header_holds_at_most_65535_bytes() {
        assert_eq!(ChannelData::header(ChannelNumber::MIN, 65_535), Some([0x40, 0x00, 0xFF, 0xFF]));
        assert_eq!(ChannelData::header(ChannelNumber::MIN, 65_536), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            number in 0x4000u16..=0x4FFF,
            data in proptest::collection::vec(any::<u8>(), 0..100),
            padded in any::<bool>(),
        ) {
            let channel = ChannelNumber::new(number).unwrap();
            let mut bytes = Vec::from(ChannelData::header(channel, data.len()).unwrap());
            bytes.extend_from_slice(&data);
            if padded {
                bytes.resize(bytes.len() + usize::from(ChannelData::padding(data.len())), 0);
                prop_assert_eq!(bytes.len() % 4, 0);
            }
            prop_assert_eq!(ChannelData::parse(&bytes), Ok(ChannelData { channel, data: &data }));
        }

        #[test]
        fn data_lies_within_the_input(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(message) = ChannelData::parse(&bytes) {
                prop_assert_eq!(message.data.as_ptr(), bytes[4..].as_ptr());
                prop_assert!(message.data.len() + 4 <= bytes.len());
            }
        }
    }
}
