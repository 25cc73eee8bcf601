use super::{Message, ParseError};
use crate::{
    AttributeType, Integrity, IntegrityError, Key, MessageBuilder, MessageType, Method,
    TransactionId,
    attribute::{
        AlternateDomain, ChangeRequest, ChannelNumber, Code, ErrorCode, EvenPort, Lifetime,
        MappedAddress, Nonce, Priority, Realm, RequestedTransport, Software, Username,
        XorMappedAddress, XorPeerAddress,
    },
};
use alloc::{vec, vec::Vec};

const ID: TransactionId = TransactionId([3; 12]);

fn request() -> MessageType {
    MessageType::request(Method::BINDING)
}

/// A message with these attributes, written byte by byte.
fn raw(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    bytes.extend_from_slice(&ID.0);
    for (kind, value) in attributes {
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0xFF);
    }
    let len = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&len.to_be_bytes());
    bytes
}

#[test]
fn header_faults_are_told_apart() {
    let good = raw(&[(0x8022, b"abcd")]);
    assert!(Message::parse(&good).is_ok());
    for len in 0..20 {
        assert_eq!(Message::parse(&good[..len]).unwrap_err(), ParseError::NotStun);
    }
    assert_eq!(Message::parse(&good[..24]).unwrap_err(), ParseError::Length);
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(Message::parse(&longer).unwrap_err(), ParseError::Length);
    for byte in [0, 4, 5, 6, 7] {
        let mut bad = good.clone();
        bad[byte] ^= 0x80;
        assert_eq!(Message::parse(&bad).unwrap_err(), ParseError::NotStun, "byte {byte}");
    }
    let mut odd = raw(&[]);
    odd[3] = 2;
    odd.extend_from_slice(&[0, 0]);
    assert_eq!(Message::parse(&odd).unwrap_err(), ParseError::Length);
}

#[test]
fn attribute_past_the_end_is_refused() {
    let mut bytes = raw(&[(0x8022, b"abcd")]);
    bytes[23] = 5;
    assert_eq!(Message::parse(&bytes).unwrap_err(), ParseError::Overrun);
}

#[test]
fn padding_is_ignored_on_receiving() {
    let bytes = raw(&[(0x8022, b"abcde"), (0x000D, &[0, 0, 0, 9])]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.get(), Some(Software("abcde")));
    assert_eq!(message.get(), Some(Lifetime(9)));
}

#[test]
fn first_of_two_counts() {
    let bytes = raw(&[(0x000D, &[0, 0, 0, 1]), (0x000D, &[0, 0, 0, 2])]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.get(), Some(Lifetime(1)));
    assert_eq!(message.get_all().collect::<Vec<Lifetime>>(), [Lifetime(1), Lifetime(2)]);
    assert_eq!(message.value(AttributeType::LIFETIME), Some(&[0, 0, 0, 1][..]));
}

#[test]
fn malformed_first_of_two_hides_the_second() {
    let bytes = raw(&[(0x000D, &[0, 0, 0]), (0x000D, &[0, 0, 0, 2])]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.malformed(), Some(AttributeType::LIFETIME));
    assert_eq!(message.get::<Lifetime>(), None);
}

#[test]
fn malformed_optional_attribute_is_as_good_as_absent() {
    let bytes = raw(&[(0x8022, &[0xFF, 0xFE])]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.malformed(), None);
    assert_eq!(message.get::<Software>(), None);
    assert_eq!(message.value(AttributeType::SOFTWARE), Some(&[0xFF, 0xFE][..]));
}

#[test]
fn unknown_required_attributes_are_listed_and_optional_ones_are_not() {
    let bytes = raw(&[(0x7001, &[]), (0xF001, &[]), (0x0024, &[0; 4]), (0x7002, &[])]);
    let message = Message::parse(&bytes).unwrap();
    let unknown: Vec<_> = message.unknown_required().collect();
    assert_eq!(unknown, [AttributeType(0x7001), AttributeType(0x7002)]);
    let nothing: Vec<_> = message.unknown_required_to(|_| false).collect();
    assert_eq!(nothing.len(), 3);
}

#[test]
fn attributes_after_integrity_are_not_seen() {
    for which in [Integrity::Sha1, Integrity::Sha256] {
        let key = Key::new(b"k");
        let mut buffer = [0; 256];
        let mut bytes = MessageBuilder::new(&mut buffer, request(), ID)
            .with(&Username("u"))
            .sign(&key, which)
            .finish()
            .unwrap()
            .to_vec();
        bytes.extend_from_slice(&[0, 0x24, 0, 4, 0, 0, 0, 1]); // PRIORITY
        bytes.extend_from_slice(&[0x70, 1, 0, 0]); // unknown and required
        bytes.extend_from_slice(&[0, 0x0D, 0, 1, 0, 0, 0, 0]); // a malformed LIFETIME
        let len = (bytes.len() - 20) as u16;
        bytes[2..4].copy_from_slice(&len.to_be_bytes());
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get(), Some(Username("u")));
        assert_eq!(message.get::<Priority>(), None);
        assert_eq!(message.unknown_required().count(), 0);
        assert_eq!(message.malformed(), None);
        assert_eq!(message.verify(&key), Ok(which));
    }
}

#[test]
fn sha256_after_sha1_counts_and_sha1_after_sha256_does_not() {
    let key = Key::new(b"k");
    let mut buffer = [0; 256];
    let both = MessageBuilder::new(&mut buffer, request(), ID).sign_both(&key).finish().unwrap();
    let message = Message::parse(both).unwrap();
    assert_eq!(message.integrity(), Some(Integrity::Sha256));
    assert_eq!(message.verify(&key), Ok(Integrity::Sha256));
    assert_eq!(message.verify(&Key::new(b"l")), Err(IntegrityError::Mismatch));

    let bytes = raw(&[(0x001C, &[0; 32]), (0x0008, &[0; 20])]);
    assert_eq!(Message::parse(&bytes).unwrap().integrity(), Some(Integrity::Sha256));
}

#[test]
fn integrity_after_the_one_that_counts_is_not_looked_at() {
    let key = Key::new(b"k");
    let mut buffer = [0; 256];
    let good =
        MessageBuilder::new(&mut buffer, request(), ID).sign(&key, Integrity::Sha256).finish();
    for (kind, len) in [(0x0008, 16), (0x001C, 8), (0x001C, 32)] {
        let mut bytes = good.unwrap().to_vec();
        bytes.extend_from_slice(&raw(&[(kind, &vec![0; len])])[20..]);
        let len = (bytes.len() - 20) as u16;
        bytes[2..4].copy_from_slice(&len.to_be_bytes());
        assert_eq!(Message::parse(&bytes).unwrap().verify(&key), Ok(Integrity::Sha256));
    }
}

#[test]
fn any_flipped_bit_breaks_integrity() {
    for which in [Integrity::Sha1, Integrity::Sha256] {
        let key = Key::new(b"secret");
        let mut buffer = [0; 256];
        let len = MessageBuilder::new(&mut buffer, request(), ID)
            .with(&Username("abcd"))
            .sign(&key, which)
            .finish()
            .unwrap()
            .len();
        for bit in 0..len * 8 {
            let mut bytes = buffer[..len].to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let proven = Message::parse(&bytes).is_ok_and(|message| message.verify(&key).is_ok());
            assert!(!proven, "bit {bit}");
        }
    }
}

#[test]
fn unsigned_message_is_not_verified() {
    let bytes = raw(&[]);
    let verdict = Message::parse(&bytes).unwrap().verify(&Key::new(b"k"));
    assert_eq!(verdict, Err(IntegrityError::Missing));
}

#[test]
fn sha256_may_be_cut_only_where_the_usage_says_so() {
    let key = Key::new(b"k");
    for len in (0..=36).step_by(2) {
        let mut bytes = raw(&[(0x001C, &vec![0; len])]);
        if !(16..=32).contains(&len) || len % 4 != 0 {
            assert_eq!(Message::parse(&bytes).unwrap_err(), ParseError::Integrity);
            continue;
        }
        let mac = key.sha256(&bytes[..20], (4 + len) as u16);
        bytes[24..24 + len].copy_from_slice(&mac.as_flattened()[..len]);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.verify_truncated(&key, 16), Ok(Integrity::Sha256));
        let full = if len == 32 { Ok(Integrity::Sha256) } else { Err(IntegrityError::Truncated) };
        assert_eq!(message.verify(&key), full);
    }
}

#[test]
fn sha1_tag_of_another_length_is_refused() {
    let bytes = raw(&[(0x0008, &[0; 16])]);
    assert_eq!(Message::parse(&bytes).unwrap_err(), ParseError::Integrity);
}

#[test]
fn fingerprint_is_checked_and_must_be_last() {
    let mut buffer = [0; 64];
    let len = MessageBuilder::new(&mut buffer, request(), ID).fingerprint().finish().unwrap().len();
    let good = &buffer[..len];
    assert!(Message::parse(good).unwrap().has_fingerprint());
    for byte in 8..len {
        let mut bad = good.to_vec();
        bad[byte] ^= 0x10;
        let outcome = Message::parse(&bad);
        assert!(!outcome.is_ok_and(|m| m.has_fingerprint()), "byte {byte}");
    }
    let mut followed = good.to_vec();
    followed.extend_from_slice(&[0x80, 0x22, 0, 0]);
    followed[3] += 4;
    assert_eq!(Message::parse(&followed).unwrap_err(), ParseError::Fingerprint);
}

#[test]
fn several_peers_are_read_in_their_order() {
    let peers = ["192.0.2.1:1", "[2001:db8::1]:2", "192.0.2.3:3"].map(|p| p.parse().unwrap());
    let mut buffer = [0; 256];
    let mut builder =
        MessageBuilder::new(&mut buffer, MessageType::request(Method::CREATE_PERMISSION), ID);
    for peer in peers {
        builder.push(&XorPeerAddress(peer));
    }
    let bytes = builder.finish().unwrap();
    let read: Vec<_> =
        Message::parse(bytes).unwrap().get_all().map(|XorPeerAddress(p)| p).collect();
    assert_eq!(read, peers);
}

#[test]
fn address_of_an_unknown_family_is_as_good_as_absent() {
    for value in [&[0, 3, 0, 1, 1, 2, 3, 4][..], &[0, 1, 0, 1, 1, 2, 3], &[0, 2, 0, 1, 1, 2, 3, 4]]
    {
        let bytes = raw(&[(0x0020, value)]);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get::<XorMappedAddress>(), None);
        assert_eq!(message.malformed(), Some(AttributeType::XOR_MAPPED_ADDRESS));
    }
}

#[test]
fn reserved_bits_are_ignored_on_receiving() {
    let bytes = raw(&[
        (0x0001, &[0xFF, 1, 0, 9, 192, 0, 2, 1]),
        (0x0009, &[0xFF, 0xFF, 0xFC, 20]),
        (0x000C, &[0x40, 0, 0xFF, 0xFF]),
        (0x0018, &[0xFF]),
        (0x0019, &[17, 0xFF, 0xFF, 0xFF]),
        (0x0003, &[0xFF, 0xFF, 0xFF, 0xFB]),
    ]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.get(), Some(MappedAddress("192.0.2.1:9".parse().unwrap())));
    assert_eq!(message.get(), Some(ErrorCode::from(Code::UNKNOWN_ATTRIBUTE)));
    assert_eq!(message.get(), Some(ChannelNumber(0x4000)));
    assert_eq!(message.get(), Some(EvenPort { reserve: true }));
    assert_eq!(message.get(), Some(RequestedTransport::UDP));
    assert_eq!(message.get(), Some(ChangeRequest { change_ip: false, change_port: true }));
}

#[test]
fn texts_of_763_bytes_are_read_and_longer_ones_are_not() {
    let text = [b'x'; 764];
    for kind in [0x0006, 0x0014, 0x0015, 0x8022] {
        for (len, there) in [(763, true), (764, false)] {
            let bytes = raw(&[(kind, &text[..len])]);
            let message = Message::parse(&bytes).unwrap();
            let read = match kind {
                0x0006 => message.get::<Username<'_>>().is_some(),
                0x0014 => message.get::<Realm<'_>>().is_some(),
                0x0015 => message.get::<Nonce<'_>>().is_some(),
                _ => message.get::<Software<'_>>().is_some(),
            };
            assert_eq!(read, there, "{kind:#06x} of {len} bytes");
        }
    }
}

#[test]
fn alternate_domain_is_ascii_of_at_most_255_characters() {
    for (value, there) in
        [(&[b'a'; 255][..], true), (&[b'a'; 256], false), ("b\u{fc}cher".as_bytes(), false)]
    {
        let bytes = raw(&[(0x8003, value)]);
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.get::<AlternateDomain<'_>>().is_some(), there);
    }
}
