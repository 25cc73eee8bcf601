//! What goes over the stream: a kind (a byte), a length (16 bits, big-endian), and so many bytes.
use alloc::vec::Vec;
use sans_io::Frame;
use thiserror::Error;

/// The longest message that one leaves for the other.
pub const MESSAGE_MAX: usize = u16::MAX as usize;

/// Kind and length.
const HEAD: usize = 3;

/// Names a mailbox that two agreed on before. It must not be guessed: who knows it can claim it.
pub type MailboxName = [u8; 16];

/// What a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToServer<'a> {
    /// Opens a mailbox; the answer is its number.
    Open,
    /// Claims a mailbox that somebody has opened.
    Claim(u32),
    /// Opens the mailbox of this name, or claims it if the other was there first.
    Meet(MailboxName),
    /// Leaves a message for the other end.
    Put(&'a [u8]),
    /// Has done, or has found that the other is not the right one. The mailbox is gone with it.
    Close(Closing),
}

/// What the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToClient<'a> {
    /// The mailbox is open, and this is its number; 0 for one that has a name.
    Opened(u32),
    /// The mailbox is claimed: the other end is there.
    Claimed,
    /// Somebody has claimed the mailbox that we opened.
    Joined,
    /// The other end left this.
    Message(&'a [u8]),
    /// The mailbox is gone.
    Closed(Closing),
    /// There is no mailbox for this client.
    Refused(RefusedClaim),
}

/// Why a mailbox is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// An end has left, with all that it wanted or without.
    Left,
    /// An end found that the other does not know the secret.
    WrongSecret,
    /// Its time is over.
    Expired,
    /// More was put there than it takes.
    Full,
}

/// Why a client gets no mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RefusedClaim {
    /// There is none of this number: it was never opened, or is gone.
    #[error("there is no such mailbox")]
    Unknown,
    /// Two are there already.
    #[error("the mailbox is in use")]
    Taken,
    /// The server has as many as it takes.
    #[error("the server is full")]
    Full,
    /// This source asks too often.
    #[error("too many attempts from this network")]
    TooOften,
}

/// Bytes are no message of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the bytes are no message of a rendezvous")]
pub struct Malformed;

/// Where the first message of a stream ends.
pub fn stream_frame(buffer: &[u8]) -> Frame {
    match *buffer {
        [_, high, low, ..] => {
            let len = HEAD + usize::from(u16::from_be_bytes([high, low]));
            if buffer.len() < len { Frame::Need(len) } else { Frame::Whole(len) }
        }
        _ => Frame::Need(HEAD),
    }
}

fn encode(kind: u8, body: &[u8]) -> Vec<u8> {
    let body = body.get(..MESSAGE_MAX).unwrap_or(body);
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.push(kind);
    bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Kind and body of exactly one message.
fn split(bytes: &[u8]) -> Result<(u8, &[u8]), Malformed> {
    match bytes {
        [kind, high, low, body @ ..]
            if body.len() == usize::from(u16::from_be_bytes([*high, *low])) =>
        {
            Ok((*kind, body))
        }
        _ => Err(Malformed),
    }
}

impl<'a> ToServer<'a> {
    /// The bytes. A message longer than [`MESSAGE_MAX`] is cut.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Open => encode(1, &[]),
            Self::Claim(number) => encode(2, &number.to_be_bytes()),
            Self::Meet(name) => encode(3, name),
            Self::Put(message) => encode(4, message),
            Self::Close(closing) => encode(5, &[closing.number()]),
        }
    }

    /// Reads one message.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (kind, body) = split(bytes)?;
        match kind {
            1 if body.is_empty() => Ok(Self::Open),
            2 => Ok(Self::Claim(number(body)?)),
            3 => body.try_into().map(Self::Meet).map_err(|_| Malformed),
            4 => Ok(Self::Put(body)),
            5 => Closing::read(body).map(Self::Close),
            _ => Err(Malformed),
        }
    }
}

impl<'a> ToClient<'a> {
    /// The bytes. A message longer than [`MESSAGE_MAX`] is cut.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Opened(number) => encode(129, &number.to_be_bytes()),
            Self::Claimed => encode(130, &[]),
            Self::Joined => encode(131, &[]),
            Self::Message(message) => encode(132, message),
            Self::Closed(closing) => encode(133, &[closing.number()]),
            Self::Refused(refused) => encode(134, &[refused.number()]),
        }
    }

    /// Reads one message.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (kind, body) = split(bytes)?;
        match kind {
            129 => Ok(Self::Opened(number(body)?)),
            130 if body.is_empty() => Ok(Self::Claimed),
            131 if body.is_empty() => Ok(Self::Joined),
            132 => Ok(Self::Message(body)),
            133 => Closing::read(body).map(Self::Closed),
            134 => RefusedClaim::read(body).map(Self::Refused),
            _ => Err(Malformed),
        }
    }
}

fn number(body: &[u8]) -> Result<u32, Malformed> {
    body.try_into().map(u32::from_be_bytes).map_err(|_| Malformed)
}

impl Closing {
    fn number(self) -> u8 {
        match self {
            Self::Left => 0,
            Self::WrongSecret => 1,
            Self::Expired => 2,
            Self::Full => 3,
        }
    }

    fn read(body: &[u8]) -> Result<Self, Malformed> {
        match body {
            [0] => Ok(Self::Left),
            [1] => Ok(Self::WrongSecret),
            [2] => Ok(Self::Expired),
            [3] => Ok(Self::Full),
            _ => Err(Malformed),
        }
    }
}

impl RefusedClaim {
    fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Taken => 1,
            Self::Full => 2,
            Self::TooOften => 3,
        }
    }

    fn read(body: &[u8]) -> Result<Self, Malformed> {
        match body {
            [0] => Ok(Self::Unknown),
            [1] => Ok(Self::Taken),
            [2] => Ok(Self::Full),
            [3] => Ok(Self::TooOften),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Closing, MESSAGE_MAX, Malformed, RefusedClaim, ToClient, ToServer, stream_frame};
    use alloc::{vec, vec::Vec};
    use proptest::prelude::*;
    use sans_io::Frame;

    #[test]
    fn each_message_comes_back_as_it_was() {
        let long = vec![7; MESSAGE_MAX];
        let to_server = [
            ToServer::Open,
            ToServer::Claim(7),
            ToServer::Meet([9; 16]),
            ToServer::Put(&long),
            ToServer::Put(b""),
            ToServer::Close(Closing::Left),
            ToServer::Close(Closing::WrongSecret),
        ];
        for message in to_server {
            let bytes = message.encode();
            assert_eq!(stream_frame(&bytes), Frame::Whole(bytes.len()));
            assert_eq!(ToServer::decode(&bytes), Ok(message));
            assert_eq!(ToServer::decode(&bytes[1..]), Err(Malformed));
        }
        let mut to_client = vec![
            ToClient::Opened(7),
            ToClient::Claimed,
            ToClient::Joined,
            ToClient::Message(&long),
        ];
        let closings = [Closing::Left, Closing::WrongSecret, Closing::Expired, Closing::Full];
        to_client.extend(closings.map(ToClient::Closed));
        let refusals = [
            RefusedClaim::Unknown,
            RefusedClaim::Taken,
            RefusedClaim::Full,
            RefusedClaim::TooOften,
        ];
        to_client.extend(refusals.map(ToClient::Refused));
        for message in to_client {
            let bytes = message.encode();
            assert_eq!(ToClient::decode(&bytes), Ok(message));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = (ToServer::decode(&bytes), ToClient::decode(&bytes), stream_frame(&bytes));
        }
    }
}
