use super::{MessageBuilder, WriteError};
use crate::{
    Attribute, AttributeType, Integrity, Key, Message, MessageType, Method, TransactionId,
    attribute::{Data, Realm, Software, Username},
};
use alloc::{string::String, vec};

const ID: TransactionId = TransactionId([3; 12]);

fn request() -> MessageType {
    MessageType::request(Method::BINDING)
}

#[test]
fn padding_is_zero_over_a_dirty_buffer() {
    for len in 0..9 {
        let mut buffer = [0xEE; 64];
        let text = "x".repeat(len);
        let bytes = MessageBuilder::new(&mut buffer, request(), ID)
            .with(&Software(&text))
            .finish()
            .unwrap();
        assert!(bytes[24 + len..].iter().all(|byte| *byte == 0), "length {len}");
        assert_eq!(bytes.len() % 4, 0);
    }
}

#[test]
fn small_buffers_are_a_fault_at_every_length() {
    let key = Key::new(b"k");
    let write = |buffer: &mut [u8]| {
        MessageBuilder::new(buffer, request(), ID)
            .with(&Software("spool"))
            .sign(&key, Integrity::Sha1)
            .fingerprint()
            .finish()
            .map(<[u8]>::len)
    };
    let len = write(&mut [0; 128]).unwrap();
    for short in 0..len {
        assert_eq!(write(&mut vec![0; short]), Err(WriteError::NoRoom));
    }
    assert_eq!(write(&mut vec![0; len]), Ok(len));
}

#[test]
fn message_never_grows_past_its_length_field() {
    let mut buffer = vec![0; 70_000];
    let data = vec![1; 65_528];
    let fits = MessageBuilder::new(&mut buffer, request(), ID).with(&Data(&data)).finish();
    assert_eq!(Message::parse(fits.unwrap()).unwrap().get(), Some(Data(&data)));
    for len in 65_529..65_560 {
        let data = vec![1; len];
        let built = MessageBuilder::new(&mut buffer, request(), ID).with(&Data(&data)).finish();
        assert!(built.is_err(), "length {len}");
    }
    let signed = MessageBuilder::new(&mut buffer, request(), ID)
        .with(&Data(&data))
        .sign(&Key::new(b"k"), Integrity::Sha1)
        .finish();
    assert_eq!(signed, Err(WriteError::TooLong));
}

#[test]
fn texts_that_are_too_long_are_not_sent() {
    let mut buffer = [0; 2048];
    let mut write = |text: &str| {
        MessageBuilder::new(&mut buffer, request(), ID).with(&Realm(text)).finish().map(<[u8]>::len)
    };
    assert!(write(&"x".repeat(127)).is_ok());
    assert!(write(&"\u{1F600}".repeat(127)).is_ok());
    let invalid = Err(WriteError::Invalid(AttributeType::REALM));
    assert_eq!(write(&"x".repeat(128)), invalid);
    assert_eq!(write(&"\u{1F600}".repeat(128)), invalid);

    let name = String::from("x").repeat(509);
    let built = MessageBuilder::new(&mut buffer, request(), ID).with(&Username(&name)).finish();
    assert_eq!(built, Err(WriteError::Invalid(AttributeType::USERNAME)));
}

#[test]
fn sealed_attributes_cannot_be_pushed_raw() {
    for kind in [0x0008, 0x001C, 0x8028].map(AttributeType) {
        let mut buffer = [0; 64];
        let mut builder = MessageBuilder::new(&mut buffer, request(), ID);
        builder.push_raw(kind, &[0; 20]);
        assert_eq!(builder.finish(), Err(WriteError::Invalid(kind)));
    }
}

/// What a caller may make up: an attribute with the number of another, and of any length.
struct Forged<const KIND: u16>(usize);

impl<const KIND: u16> Attribute<'_> for Forged<KIND> {
    const TYPE: AttributeType = AttributeType(KIND);

    fn decode(_: &[u8], _: &TransactionId) -> Option<Self> {
        None
    }

    fn value_len(&self) -> usize {
        self.0
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        out.fill(0);
    }
}

#[test]
fn sealed_attributes_cannot_be_forged_with_a_type_either() {
    fn write<const KIND: u16>() -> Option<WriteError> {
        let mut buffer = [0; 64];
        let builder = MessageBuilder::new(&mut buffer, request(), ID).with(&Forged::<KIND>(4));
        builder.with(&Software("after")).finish().err()
    }
    let refused = |kind| Some(WriteError::Invalid(AttributeType(kind)));
    assert_eq!(write::<0x0008>(), refused(0x0008));
    assert_eq!(write::<0x001C>(), refused(0x001C));
    assert_eq!(write::<0x8028>(), refused(0x8028));
    assert_eq!(write::<0x7FFF>(), None);
}

#[test]
fn attribute_of_any_claimed_length_is_a_fault_and_no_overflow() {
    for len in [65_533, 65_536, usize::MAX - 4, usize::MAX - 1, usize::MAX] {
        let mut buffer = vec![0; 70_000];
        let built = MessageBuilder::new(&mut buffer, request(), ID)
            .with(&Software("before"))
            .with(&Forged::<0x7FFF>(len))
            .finish();
        assert_eq!(built, Err(WriteError::TooLong), "length {len}");
    }
}
