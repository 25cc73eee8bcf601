//! Properties of reading and writing.
use proptest::{collection::vec, prelude::*};
use std::net::SocketAddr;
use stun_proto::{
    Attribute, Class, Integrity, Key, Message, MessageBuilder, MessageType, Method, PacketKind,
    TransactionId,
    attribute::{
        AccessToken, AdditionalAddressFamily, AddressErrorCode, AddressFamily, AlternateDomain,
        AlternateServer, ChangeRequest, ChannelNumber, Code, ConnectionId, Data, DontFragment,
        ErrorCode, EvenPort, IceControlled, IceControlling, Icmp, Lifetime, MappedAddress,
        MobilityTicket, NetworkCost, Nomination, Nonce, OtherAddress, Padding, PasswordAlgorithm,
        PasswordAlgorithms, Priority, Realm, RequestedAddressFamily, RequestedTransport,
        ReservationToken, ResponseOrigin, ResponsePort, Software, ThirdPartyAuthorization,
        UnknownAttributes, UseCandidate, Userhash, Username, XorMappedAddress, XorPeerAddress,
        XorRelayedAddress,
    },
    classify,
};

/// Writes one attribute over a buffer full of ones, and reads it back.
fn survives<'a, A: Attribute<'a> + PartialEq + std::fmt::Debug>(
    buffer: &'a mut [u8],
    attribute: &A,
) {
    buffer.fill(0xFF);
    let len = attribute.value_len();
    let kind = MessageType::request(Method::BINDING);
    let id = TransactionId([0xA5; 12]);
    let bytes = MessageBuilder::new(buffer, kind, id).with(attribute).finish().unwrap();
    assert!(bytes[24 + len..].iter().all(|byte| *byte == 0), "padding of {}", A::TYPE);
    let message = Message::parse(bytes).unwrap();
    assert_eq!(message.malformed(), None, "{}", A::TYPE);
    assert_eq!(message.get::<A>().as_ref(), Some(attribute), "{}", A::TYPE);
}

fn addresses() -> impl Strategy<Value = SocketAddr> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(std::net::IpAddr::from),
        any::<[u8; 16]>().prop_map(std::net::IpAddr::from),
    ];
    (ip, any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
}

proptest! {
    #[test]
    fn address_attributes_survive_a_round_trip(address in addresses()) {
        let mut b = [0; 64];
        survives(&mut b, &MappedAddress(address));
        survives(&mut b, &XorMappedAddress(address));
        survives(&mut b, &XorPeerAddress(address));
        survives(&mut b, &XorRelayedAddress(address));
        survives(&mut b, &AlternateServer(address));
        survives(&mut b, &ResponseOrigin(address));
        survives(&mut b, &OtherAddress(address));
    }

    #[test]
    fn text_attributes_survive_a_round_trip(text in "\\PC{0,127}", code in 300_u16..700) {
        let mut b = [0; 640];
        survives(&mut b, &Username(&text));
        survives(&mut b, &Realm(&text));
        survives(&mut b, &Software(&text));
        survives(&mut b, &ErrorCode { code: Code::new(code).unwrap(), reason: &text });
        let code = Code::INSUFFICIENT_CAPACITY;
        survives(&mut b, &AddressErrorCode { family: AddressFamily::V6, code, reason: &text });
        let ascii: String = text.chars().filter(char::is_ascii).collect();
        survives(&mut b, &AlternateDomain(&ascii));
        survives(&mut b, &ThirdPartyAuthorization(&ascii));
    }

    #[test]
    fn byte_attributes_survive_a_round_trip(bytes in vec(any::<u8>(), 0..700)) {
        let mut b = [0; 2048];
        survives(&mut b, &Data(&bytes));
        survives(&mut b, &Nonce(&bytes));
        survives(&mut b, &Padding(&bytes));
        survives(&mut b, &MobilityTicket(&bytes));
        survives(&mut b, &AccessToken { nonce: &bytes[..bytes.len() / 3], sealed: &bytes });
        survives(&mut b, &PasswordAlgorithm { number: 9, parameters: &bytes });
    }

    #[test]
    fn number_attributes_survive_a_round_trip(n in any::<u64>(), hash in any::<[u8; 32]>()) {
        let mut b = [0; 256];
        let [a, c, ..] = n.to_be_bytes();
        let flag = n & 1 == 0;
        survives(&mut b, &Userhash(hash));
        survives(&mut b, &Priority(n as u32));
        survives(&mut b, &UseCandidate);
        survives(&mut b, &IceControlled(n));
        survives(&mut b, &IceControlling(n));
        survives(&mut b, &Nomination(n as u32 & 0x00FF_FFFF));
        survives(&mut b, &NetworkCost { network_id: n as u16, cost: (n >> 16) as u16 });
        survives(&mut b, &ChannelNumber(n as u16));
        survives(&mut b, &Lifetime(n as u32));
        survives(&mut b, &RequestedAddressFamily(a));
        survives(&mut b, &AdditionalAddressFamily(a));
        survives(&mut b, &EvenPort { reserve: flag });
        survives(&mut b, &RequestedTransport(a));
        survives(&mut b, &DontFragment);
        survives(&mut b, &ReservationToken(n.to_be_bytes()));
        survives(&mut b, &Icmp { kind: a, code: c, data: n as u32 });
        survives(&mut b, &ConnectionId(n as u32));
        survives(&mut b, &ChangeRequest { change_ip: flag, change_port: n & 2 == 0 });
        survives(&mut b, &ResponsePort(n as u16));
        survives(&mut b, &PasswordAlgorithms::SHA256_MD5);
    }

    #[test]
    fn unknown_attributes_keep_the_first_32_types(types in vec(any::<u16>(), 0..60)) {
        let list: UnknownAttributes =
            types.iter().map(|kind| stun_proto::AttributeType(*kind)).collect();
        let mut distinct = Vec::new();
        for kind in types {
            if !distinct.contains(&kind) {
                distinct.push(kind);
            }
        }
        distinct.truncate(32);
        prop_assert_eq!(list.types().iter().map(|kind| kind.0).collect::<Vec<_>>(), distinct);
        survives(&mut [0; 128], &list);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..200)) {
        touch(&bytes);
    }

    /// Bytes that get past the header, so that the attributes are reached.
    #[test]
    fn any_attributes_are_read_without_panic(
        attributes in vec((0..0x40_u16, any::<bool>(), vec(any::<u8>(), 0..40)), 0..8),
        cut in any::<bool>(),
    ) {
        let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
        bytes.extend_from_slice(&[7; 12]);
        for (kind, optional, value) in &attributes {
            let kind = kind | if *optional { 0x8000 } else { 0 };
            bytes.extend_from_slice(&kind.to_be_bytes());
            bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
            bytes.extend_from_slice(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        if cut {
            bytes.truncate((bytes.len() - 4).max(20));
        }
        let length = (bytes.len() - 20) as u16;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        touch(&bytes);
    }

    #[test]
    fn signed_messages_survive_a_round_trip(
        id in any::<[u8; 12]>(),
        method in 0_u16..0x100, // all that the registry may ever hold, and RFC 7983 lets through
        class in 0..4_usize,
        password in vec(any::<u8>(), 0..100),
        data in vec(any::<u8>(), 0..300),
        sha256 in any::<bool>(),
        fingerprint in any::<bool>(),
    ) {
        let class = [Class::Request, Class::Indication, Class::Success, Class::Error][class];
        let kind = MessageType { method: Method::new(method).unwrap(), class };
        let which = if sha256 { Integrity::Sha256 } else { Integrity::Sha1 };
        let key = Key::new(&password);
        let mut buffer = [0xFF; 512];
        let builder = MessageBuilder::new(&mut buffer, kind, TransactionId(id))
            .with(&Data(&data))
            .sign(&key, which);
        let bytes = if fingerprint {
            builder.fingerprint().finish().unwrap()
        } else {
            builder.finish().unwrap()
        };
        prop_assert_eq!(classify(bytes), PacketKind::Stun);
        let message = Message::parse(bytes).unwrap();
        prop_assert_eq!(message.message_type(), kind);
        prop_assert_eq!(message.transaction_id(), TransactionId(id));
        prop_assert_eq!(message.get(), Some(Data(&data)));
        prop_assert_eq!(message.has_fingerprint(), fingerprint);
        prop_assert_eq!(message.verify(&key), Ok(which));
        let mut other = password.clone();
        other.push(1);
        prop_assert!(message.verify(&Key::new(&other)).is_err());
    }
}

/// Calls everything that reads.
fn touch(bytes: &[u8]) {
    let _ = classify(bytes);
    let _ = stun_proto::stun_frame(bytes);
    let Ok(message) = Message::parse(bytes) else { return };
    assert_eq!(message.as_bytes(), bytes);
    let _ = format!("{message:?}");
    let _ = message.verify(&Key::new(b"k"));
    let _ = message.verify_truncated(&Key::new(b"k"), 16);
    for (kind, value) in message.attributes() {
        assert!(message.has(kind));
        assert!(value.len() < bytes.len());
    }
    assert!(message.unknown_required().all(|kind| kind.is_required() && !kind.is_known()));
    if let Some(algorithms) = message.get::<PasswordAlgorithms<'_>>() {
        assert!(algorithms.iter().count() <= bytes.len() / 4);
    }
}

#[test]
fn messages_are_read_at_every_alignment() {
    let sample = crate::vectors::sample_request();
    let mut room = [0; 256];
    for offset in 0..8 {
        let place = &mut room[offset..offset + sample.len()];
        place.copy_from_slice(&sample);
        let message = Message::parse(place).unwrap();
        assert_eq!(message.get(), Some(Username("evtj:h6vY")));
        assert!(message.verify(&Key::new(b"VOkJxbRl1RmTxUk/WvJxBt")).is_ok());
    }
}
