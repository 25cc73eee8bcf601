//! ChannelData, and where the messages of a stream end.
use sans_io::{Frame, MAX_FRAME};
use stun_proto::stun_frame;
use turn_proto::{ChannelData, ChannelNumber, stream_frame};

/// What is read is what was written, and lies within the input.
pub fn channel_data(data: &[u8]) {
    if let Ok(message) = ChannelData::parse(data) {
        let (channel, len) = (message.channel, message.data.len());
        let header = ChannelData::header(channel, len).expect("it came with a header");
        assert!(data.starts_with(&header) && data[4..].starts_with(message.data));
        let mut whole = data[..4 + len].to_vec();
        assert_eq!(ChannelData::parse(&whole), Ok(message), "padding makes a difference");
        whole.resize(4 + len + usize::from(ChannelData::padding(len)), 0xFF);
        assert_eq!(ChannelData::parse(&whole), Ok(message), "padding makes a difference");
        assert_eq!(stream_frame(&whole), Frame::Whole(whole.len()));
    }
    let number = data.first_chunk().map_or(0x4000, |bytes| u16::from_be_bytes(*bytes));
    let Some(channel) = ChannelNumber::new(number) else {
        assert!(!(0x4000..=0x4FFF).contains(&number));
        return;
    };
    let Some(header) = ChannelData::header(channel, data.len()) else { return };
    let written = [&header[..], data].concat();
    assert_eq!(ChannelData::parse(&written), Ok(ChannelData { channel, data }));
}

/// The end of a frame is found once and for all, and nobody waits for more than the longest frame.
pub fn stream_framing(data: &[u8]) {
    frames(data, stream_frame);
    frames(data, stun_frame);
}

fn frames(mut data: &[u8], frame: fn(&[u8]) -> Frame) {
    while let Frame::Whole(len) = frame(data) {
        assert!(0 < len && len <= data.len() && len <= MAX_FRAME);
        // However it is cut, it ends there, and what follows does not matter.
        for cut in [1, 3, 4, len / 2, len - 1] {
            match frame(&data[..cut.min(len - 1)]) {
                Frame::Need(need) => assert!(cut.min(len - 1) < need && need <= len),
                other => panic!("{cut} bytes of a frame of {len} are {other:?}"),
            }
        }
        assert_eq!(frame(&data[..len]), Frame::Whole(len));
        data = &data[len..];
    }
    if let Frame::Need(need) = frame(data) {
        assert!(data.len() < need && need <= MAX_FRAME);
    }
}
