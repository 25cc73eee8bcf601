//! The attributes that this crate understands, with number, name and type (RFC 8489 §18.3 and others).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// What a look at a value shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Good,
    Malformed,
    Unknown,
}

macro_rules! registry {
    (
        typed { $($name:ident = $number:literal $text:literal $type:ident, $rfc:literal;)* }
        sealed { $($sealed:ident = $snumber:literal $stext:literal, $srfc:literal;)* }
    ) => {
        impl AttributeType {
            $(#[doc = concat!("RFC ", $rfc)]
            pub const $name: Self = Self($number);)*
            $(#[doc = concat!("RFC ", $srfc)]
            pub const $sealed: Self = Self($snumber);)*

            /// All that this crate understands.
            pub const KNOWN: &[Self] = &[$(Self::$name,)* $(Self::$sealed,)*];

            /// The name in the IANA registry, for what this crate understands.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    $($snumber => Some($stext),)*
                    _ => None,
                }
            }

            /// Looks at the value of an attribute other than integrity and fingerprint.
            pub(crate) fn check(self, value: &[u8], id: &TransactionId) -> Check {
                let good = match self {
                    $(Self::$name => super::$type::decode(value, id).is_some(),)*
                    _ => return Check::Unknown,
                };
                if good { Check::Good } else { Check::Malformed }
            }
        }
    };
}

registry! {
    typed {
        MAPPED_ADDRESS = 0x0001 "MAPPED-ADDRESS" MappedAddress, "8489 §14.1";
        CHANGE_REQUEST = 0x0003 "CHANGE-REQUEST" ChangeRequest, "5780 §7.2";
        SOURCE_ADDRESS = 0x0004 "SOURCE-ADDRESS" SourceAddress, "3489 §11.2.5";
        CHANGED_ADDRESS = 0x0005 "CHANGED-ADDRESS" ChangedAddress, "3489 §11.2.3";
        USERNAME = 0x0006 "USERNAME" Username, "8489 §14.3";
        ERROR_CODE = 0x0009 "ERROR-CODE" ErrorCode, "8489 §14.8";
        UNKNOWN_ATTRIBUTES = 0x000A "UNKNOWN-ATTRIBUTES" UnknownAttributes, "8489 §14.13";
        CHANNEL_NUMBER = 0x000C "CHANNEL-NUMBER" ChannelNumber, "8656 §18.1";
        LIFETIME = 0x000D "LIFETIME" Lifetime, "8656 §18.2";
        XOR_PEER_ADDRESS = 0x0012 "XOR-PEER-ADDRESS" XorPeerAddress, "8656 §18.3";
        DATA = 0x0013 "DATA" Data, "8656 §18.4";
        REALM = 0x0014 "REALM" Realm, "8489 §14.9";
        NONCE = 0x0015 "NONCE" Nonce, "8489 §14.10";
        XOR_RELAYED_ADDRESS = 0x0016 "XOR-RELAYED-ADDRESS" XorRelayedAddress, "8656 §18.5";
        REQUESTED_ADDRESS_FAMILY =
            0x0017 "REQUESTED-ADDRESS-FAMILY" RequestedAddressFamily, "8656 §18.6";
        EVEN_PORT = 0x0018 "EVEN-PORT" EvenPort, "8656 §18.7";
        REQUESTED_TRANSPORT = 0x0019 "REQUESTED-TRANSPORT" RequestedTransport, "8656 §18.8";
        DONT_FRAGMENT = 0x001A "DONT-FRAGMENT" DontFragment, "8656 §18.9";
        ACCESS_TOKEN = 0x001B "ACCESS-TOKEN" AccessToken, "7635 §6.2";
        PASSWORD_ALGORITHM = 0x001D "PASSWORD-ALGORITHM" PasswordAlgorithm, "8489 §14.12";
        USERHASH = 0x001E "USERHASH" Userhash, "8489 §14.4";
        XOR_MAPPED_ADDRESS = 0x0020 "XOR-MAPPED-ADDRESS" XorMappedAddress, "8489 §14.2";
        RESERVATION_TOKEN = 0x0022 "RESERVATION-TOKEN" ReservationToken, "8656 §18.10";
        PRIORITY = 0x0024 "PRIORITY" Priority, "8445 §16.1";
        USE_CANDIDATE = 0x0025 "USE-CANDIDATE" UseCandidate, "8445 §16.1";
        PADDING = 0x0026 "PADDING" Padding, "5780 §7.6";
        RESPONSE_PORT = 0x0027 "RESPONSE-PORT" ResponsePort, "5780 §7.5";
        CONNECTION_ID = 0x002A "CONNECTION-ID" ConnectionId, "6062 §6.2.1";
        ADDITIONAL_ADDRESS_FAMILY =
            0x8000 "ADDITIONAL-ADDRESS-FAMILY" AdditionalAddressFamily, "8656 §18.11";
        ADDRESS_ERROR_CODE = 0x8001 "ADDRESS-ERROR-CODE" AddressErrorCode, "8656 §18.12";
        PASSWORD_ALGORITHMS = 0x8002 "PASSWORD-ALGORITHMS" PasswordAlgorithms, "8489 §14.11";
        ALTERNATE_DOMAIN = 0x8003 "ALTERNATE-DOMAIN" AlternateDomain, "8489 §14.16";
        ICMP = 0x8004 "ICMP" Icmp, "8656 §18.13";
        SOFTWARE = 0x8022 "SOFTWARE" Software, "8489 §14.14";
        ALTERNATE_SERVER = 0x8023 "ALTERNATE-SERVER" AlternateServer, "8489 §14.15";
        ICE_CONTROLLED = 0x8029 "ICE-CONTROLLED" IceControlled, "8445 §16.1";
        ICE_CONTROLLING = 0x802A "ICE-CONTROLLING" IceControlling, "8445 §16.1";
        RESPONSE_ORIGIN = 0x802B "RESPONSE-ORIGIN" ResponseOrigin, "5780 §7.3";
        OTHER_ADDRESS = 0x802C "OTHER-ADDRESS" OtherAddress, "5780 §7.4";
        THIRD_PARTY_AUTHORIZATION =
            0x802E "THIRD-PARTY-AUTHORIZATION" ThirdPartyAuthorization, "7635 §6.1";
        MOBILITY_TICKET = 0x8030 "MOBILITY-TICKET" MobilityTicket, "8016 §3.3";
        NOMINATION = 0xC001 "NOMINATION" Nomination, "draft thatcher-ice-renomination §4";
        NETWORK_COST = 0xC057 "GOOG-NETWORK-INFO" NetworkCost, "none; libwebrtc";
    }
    sealed {
        MESSAGE_INTEGRITY = 0x0008 "MESSAGE-INTEGRITY", "8489 §14.5";
        MESSAGE_INTEGRITY_SHA256 = 0x001C "MESSAGE-INTEGRITY-SHA256", "8489 §14.6";
        FINGERPRINT = 0x8028 "FINGERPRINT", "8489 §14.7";
    }
}
