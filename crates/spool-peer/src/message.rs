//! What the two ends say to each other beside the data: versioned, framed, and bounded.
//!
//! A message is its length (32 bits, big-endian, of what follows), its kind (a byte), and its body in
//! the format of `postcard`. A kind that is not known is passed over, and so is what follows the body
//! that is known, so that later versions can say more.
use crate::manifest::Entry;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest message taken in.
pub(crate) const MESSAGE_MAX: usize = 64 * 1024;

/// What follows the length: never empty.
const HEAD: usize = 4;

/// What somebody came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// The inviter sends files, the guest receives them.
    Files,
    /// Bytes go both ways.
    Pipe,
    /// The inviter lets the guest reach one address.
    Forward,
}

/// The first message of either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) version: u16,
    pub(crate) purpose: Purpose,
    /// The SHA-256 of the inviter's nonce; of no meaning from a guest.
    pub(crate) commitment: [u8; 32],
    /// Proves that it was there when an interrupted transfer began.
    pub(crate) resume: Option<[u8; 32]>,
}

/// What is on offer; so many entries follow in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) entries: u32,
    pub(crate) files: u32,
    pub(crate) bytes: u64,
    /// Left out by the sender: links, and what has no name that can be told.
    pub(crate) skipped: u32,
}

/// A file that the receiver has in part or whole, from an earlier time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Have {
    pub(crate) index: u32,
    /// Whole, or so many pieces of it, of which the last is proved by this.
    pub(crate) part: Part,
}

/// How much of a file there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// This one and so many behind it, whole.
    Whole(u32),
    /// So many pieces, and the proof of the last of them.
    Pieces(u32, [u8; 32]),
}

/// Why somebody does not want what is on offer, or wants no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Somebody was asked, and said no.
    Declined,
    /// There is something of this name already.
    Exists(String),
    /// It does not fit on the disk: so many bytes are wanted, so many are free.
    NoSpace(u64, u64),
    /// What was told of the files cannot be right.
    Manifest(String),
    /// The other command belongs to this one.
    Purpose(Purpose),
    /// The interrupted transfer is not known here, or was of something else.
    Resume(String),
    /// Something on this side failed.
    Failed(String),
}

/// All that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Hello(Hello),
    /// What the words are made of; see [`crate::Link::words`].
    Nonce([u8; 16]),
    Offer(Offer),
    Page(Vec<Entry>),
    Have(Vec<Have>),
    /// All that is there is told: send the rest.
    Go,
    Refuse(Refusal),
    /// So many bytes are there and proved.
    Progress(u64),
    /// The receiver cannot go on for now, and why; an empty text: it goes on.
    Paused(String),
    /// The sender cannot read this file to its end.
    GivenUp(u32, String),
    /// All is there but for so many files; said a second time, or without any, that nothing more will
    /// be said.
    Done(u32),
    /// What a forward leads to.
    Reach(Reach),
}

/// What may be reached through a forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reach {
    pub(crate) carrier: Carrier,
    /// As the inviter called it.
    pub(crate) label: String,
}

/// What is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carrier {
    /// Connections, each a stream.
    Tcp,
    /// Datagrams, each on its own.
    Udp,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Message {
    /// The message with its length in front.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Hello(body) => (1, encode(body)),
            Self::Nonce(body) => (2, encode(body)),
            Self::Offer(body) => (3, encode(body)),
            Self::Page(body) => (4, encode(body)),
            Self::Have(body) => (5, encode(body)),
            Self::Go => (6, Vec::new()),
            Self::Refuse(body) => (7, encode(body)),
            Self::Progress(body) => (8, encode(body)),
            Self::Paused(body) => (9, encode(body)),
            Self::GivenUp(index, why) => (10, encode(&(index, why))),
            Self::Done(body) => (11, encode(body)),
            Self::Reach(body) => (12, encode(body)),
        };
        let len = u32::try_from(1 + body.len()).unwrap_or(u32::MAX);
        let mut message = Vec::with_capacity(HEAD + 1 + body.len());
        message.extend_from_slice(&len.to_be_bytes());
        message.push(kind);
        message.extend_from_slice(&body);
        message
    }

    /// How long the message behind a length is.
    pub(crate) fn length(head: [u8; HEAD]) -> Result<usize, Malformed> {
        let len = u32::from_be_bytes(head) as usize;
        if (1..=MESSAGE_MAX).contains(&len) { Ok(len) } else { Err(Malformed) }
    }

    /// Reads what stands behind the length; `None`: a kind that is not known.
    pub(crate) fn decode(message: &[u8]) -> Result<Option<Self>, Malformed> {
        let (kind, body) = message.split_first().ok_or(Malformed)?;
        Ok(Some(match kind {
            1 => Self::Hello(decode(body)?),
            2 => Self::Nonce(decode(body)?),
            3 => Self::Offer(decode(body)?),
            4 => Self::Page(decode(body)?),
            5 => Self::Have(decode(body)?),
            6 => Self::Go,
            7 => Self::Refuse(decode(body)?),
            8 => Self::Progress(decode(body)?),
            9 => Self::Paused(decode(body)?),
            10 => {
                let (index, why) = decode(body)?;
                Self::GivenUp(index, why)
            }
            11 => Self::Done(decode(body)?),
            12 => Self::Reach(decode(body)?),
            _ => return Ok(None),
        }))
    }
}

fn encode(body: &impl Serialize) -> Vec<u8> {
    // of these types none fails
    postcard::to_stdvec(body).unwrap_or_default()
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    postcard::from_bytes(body).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::{Carrier, Hello, MESSAGE_MAX, Malformed, Message, Part, Purpose, Reach, Refusal};
    use crate::{
        manifest::{Entry, Kind, Modified},
        message::{Have, Offer},
    };
    use proptest::prelude::*;

    fn all() -> Vec<Message> {
        let modified = Modified { seconds: -5, nanos: 7 };
        let kind = Kind::File { size: 9, executable: true };
        let entry = Entry { depth: 0, name: "a".into(), modified, kind };
        let have = Have { index: 3, part: Part::Pieces(2, [9; 32]) };
        vec![
            Message::Hello(Hello {
                version: 1,
                purpose: Purpose::Pipe,
                commitment: [3; 32],
                resume: Some([4; 32]),
            }),
            Message::Nonce([8; 16]),
            Message::Offer(Offer { entries: 1, files: 1, bytes: 9, skipped: 0 }),
            Message::Page(vec![entry]),
            Message::Have(vec![have]),
            Message::Go,
            Message::Refuse(Refusal::NoSpace(9, 8)),
            Message::Progress(1 << 40),
            Message::Paused("full".into()),
            Message::GivenUp(3, "gone".into()),
            Message::Done(0),
            Message::Reach(Reach { carrier: Carrier::Udp, label: "localhost:53".into() }),
        ]
    }

    #[test]
    fn each_message_comes_back_as_it_was_also_with_more_behind_it() {
        for message in all() {
            let mut encoded = message.encode();
            let head = encoded[..4].try_into().unwrap();
            assert_eq!(Message::length(head), Ok(encoded.len() - 4));
            assert_eq!(Message::decode(&encoded[4..]), Ok(Some(message.clone())));
            encoded.extend_from_slice(b"of a later version");
            assert_eq!(Message::decode(&encoded[4..]), Ok(Some(message)));
        }
    }

    #[test]
    fn an_unknown_kind_is_passed_over_and_a_broken_one_is_not() {
        assert_eq!(Message::decode(&[200, 1, 2, 3]), Ok(None));
        assert_eq!(Message::decode(&[1, 1]), Err(Malformed));
        assert_eq!(Message::length([0; 4]), Err(Malformed));
        let longest = u32::try_from(MESSAGE_MAX).unwrap();
        assert_eq!(Message::length((longest + 1).to_be_bytes()), Err(Malformed));
        assert_eq!(Message::length(longest.to_be_bytes()), Ok(MESSAGE_MAX));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_nor_take_more_memory_than_they_are(bytes: Vec<u8>) {
            let _ = Message::decode(&bytes);
            for kind in 1..=13 {
                let _ = Message::decode(&[&[kind][..], &bytes].concat());
            }
        }
    }
}
