//! The numbers, against a table written from the RFCs: RFC 8489 §18, RFC 8656 §18 and §19, RFC
//! 8445 §16, RFC 5780 §9, RFC 6062 §6, RFC 8016 §5, RFC 7635 §11, RFC 3489 §11.
use stun_proto::{
    AttributeType, Method,
    attribute::{Algorithm, Code},
};

const ATTRIBUTES: &[(u16, &str)] = &[
    (0x0001, "MAPPED-ADDRESS"),
    (0x0003, "CHANGE-REQUEST"),
    (0x0004, "SOURCE-ADDRESS"),
    (0x0005, "CHANGED-ADDRESS"),
    (0x0006, "USERNAME"),
    (0x0008, "MESSAGE-INTEGRITY"),
    (0x0009, "ERROR-CODE"),
    (0x000A, "UNKNOWN-ATTRIBUTES"),
    (0x000C, "CHANNEL-NUMBER"),
    (0x000D, "LIFETIME"),
    (0x0012, "XOR-PEER-ADDRESS"),
    (0x0013, "DATA"),
    (0x0014, "REALM"),
    (0x0015, "NONCE"),
    (0x0016, "XOR-RELAYED-ADDRESS"),
    (0x0017, "REQUESTED-ADDRESS-FAMILY"),
    (0x0018, "EVEN-PORT"),
    (0x0019, "REQUESTED-TRANSPORT"),
    (0x001A, "DONT-FRAGMENT"),
    (0x001B, "ACCESS-TOKEN"),
    (0x001C, "MESSAGE-INTEGRITY-SHA256"),
    (0x001D, "PASSWORD-ALGORITHM"),
    (0x001E, "USERHASH"),
    (0x0020, "XOR-MAPPED-ADDRESS"),
    (0x0022, "RESERVATION-TOKEN"),
    (0x0024, "PRIORITY"),
    (0x0025, "USE-CANDIDATE"),
    (0x0026, "PADDING"),
    (0x0027, "RESPONSE-PORT"),
    (0x002A, "CONNECTION-ID"),
    (0x8000, "ADDITIONAL-ADDRESS-FAMILY"),
    (0x8001, "ADDRESS-ERROR-CODE"),
    (0x8002, "PASSWORD-ALGORITHMS"),
    (0x8003, "ALTERNATE-DOMAIN"),
    (0x8004, "ICMP"),
    (0x8022, "SOFTWARE"),
    (0x8023, "ALTERNATE-SERVER"),
    (0x8028, "FINGERPRINT"),
    (0x8029, "ICE-CONTROLLED"),
    (0x802A, "ICE-CONTROLLING"),
    (0x802B, "RESPONSE-ORIGIN"),
    (0x802C, "OTHER-ADDRESS"),
    (0x802E, "THIRD-PARTY-AUTHORIZATION"),
    (0x8030, "MOBILITY-TICKET"),
    // Not in the registry, but in use: NOMINATION is what libwebrtc renominates with.
    (0xC001, "NOMINATION"),
    (0xC057, "GOOG-NETWORK-INFO"),
];

const METHODS: &[(u16, &str)] = &[
    (0x001, "Binding"),
    (0x003, "Allocate"),
    (0x004, "Refresh"),
    (0x006, "Send"),
    (0x007, "Data"),
    (0x008, "CreatePermission"),
    (0x009, "ChannelBind"),
    (0x00A, "Connect"),
    (0x00B, "ConnectionBind"),
    (0x00C, "ConnectionAttempt"),
];

const CODES: &[(u16, &str)] = &[
    (300, "Try Alternate"),
    (400, "Bad Request"),
    (401, "Unauthenticated"),
    (403, "Forbidden"),
    (405, "Mobility Forbidden"),
    (420, "Unknown Attribute"),
    (437, "Allocation Mismatch"),
    (438, "Stale Nonce"),
    (440, "Address Family not Supported"),
    (441, "Wrong Credentials"),
    (442, "Unsupported Transport Protocol"),
    (443, "Peer Address Family Mismatch"),
    (446, "Connection Already Exists"),
    (447, "Connection Timeout or Failure"),
    (486, "Allocation Quota Reached"),
    (487, "Role Conflict"),
    (500, "Server Error"),
    (508, "Insufficient Capacity"),
];

#[test]
fn attribute_types_are_those_of_the_registry() {
    for number in 0..=u16::MAX {
        let expected = ATTRIBUTES.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
        assert_eq!(AttributeType(number).name(), expected, "{number:#06x}");
        assert_eq!(AttributeType(number).is_required(), number < 0x8000);
    }
    assert_eq!(AttributeType::KNOWN.len(), ATTRIBUTES.len());
}

#[test]
fn methods_are_those_of_the_registry() {
    for number in 0..0x1000 {
        let expected = METHODS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
        assert_eq!(Method::new(number).unwrap().name(), expected, "{number:#05x}");
    }
}

#[test]
fn error_codes_are_those_of_the_registry() {
    for number in 0..1000 {
        let expected = CODES.iter().find(|(n, _)| *n == number).map(|(_, reason)| *reason);
        let code = Code::new(number);
        assert_eq!(code.is_some(), (300..700).contains(&number));
        assert_eq!(code.and_then(Code::reason), expected, "{number}");
    }
}

#[test]
fn password_algorithms_are_those_of_the_registry() {
    for number in 0..=u16::MAX {
        let expected = match number {
            1 => Some(Algorithm::Md5),
            2 => Some(Algorithm::Sha256),
            _ => None,
        };
        assert_eq!(Algorithm::from_number(number), expected);
        assert!(expected.is_none_or(|algorithm| algorithm.number() == number));
    }
}

/// RFC 8155 §9.
#[test]
fn anycast_addresses_are_those_of_the_registry() {
    assert_eq!(stun_proto::TURN_ANYCAST.map(|ip| ip.to_string()), ["192.0.0.10", "2001:1::2"]);
}
