//! STUN messages, as bytes.
use std::sync::LazyLock;

/// The password of all of them (RFC 5769 §2).
pub const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
/// The user name in [`ICE_CHECK`].
pub const USERNAME: &str = "evtj:h6vY";
/// The transaction ID of all of them.
pub const TRANSACTION_ID: [u8; 12] =
    [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

/// What a connectivity check says besides the user name (RFC 8445 §16.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// PRIORITY.
    pub priority: u32,
    /// ICE-CONTROLLING.
    pub tie_breaker: u64,
}

/// What [`ICE_CHECK`] says.
pub const CHECK: Check = Check { priority: 0x6e00_01ff, tie_breaker: 0x932f_f9b1_5126_3b36 };

/// A binding response with XOR-MAPPED-ADDRESS 192.0.2.1:32853: 32 bytes.
pub static BINDING_RESPONSE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    bytes("0101000c 2112a442 b7e7a701 bc34d686 fa87dfae 00200008 0001a147 e112a643")
});

/// A connectivity check with USERNAME, PRIORITY, ICE-CONTROLLING, MESSAGE-INTEGRITY and
/// FINGERPRINT: 88 bytes.
pub static ICE_CHECK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    bytes(
        "00010044 2112a442 b7e7a701 bc34d686 fa87dfae 00060009 6576746a 3a683676 59000000
         00240004 6e0001ff 802a0008 932ff9b1 51263b36 00080014 c4d96a28 6335f385 f478580b
         b4211177 8d40c103 80280004 fcf9cfaa",
    )
});

/// The messages with a short-term credential: request, IPv4 and IPv6 response (RFC 5769 §2.1 to
/// §2.3).
pub static RFC_5769: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    [
        bytes(
            "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c
             69656e74 00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676
             59202020 00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf",
        ),
        bytes(
            "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
             00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
             80280004 c07d4c96",
        ),
        bytes(
            "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
             00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9 00080014 a382954e 4be67bf1
             1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c",
        ),
    ]
});

/// A message with its last byte wrong: for all of these but the response, the fingerprint.
pub fn damaged(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    if let Some(last) = message.last_mut() {
        *last ^= 1;
    }
    message
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().filter_map(|b| char::from(b).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
