//! Aliases: the same one for the same value, so that equal values stay equal.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use core::net::IpAddr;

use super::words::scrub;
use crate::attribute::Address;
use crate::text::is_token_byte;

/// What was replaced by which number, kind by kind. Holds at most one entry a word of the text.
#[derive(Default)]
pub(super) struct Aliases {
    seen: BTreeMap<(&'static str, String), u32>,
    next: BTreeMap<&'static str, u32>,
}

impl Aliases {
    /// The number of `value` among the values of its kind, from 1.
    pub(super) fn number(&mut self, kind: &'static str, value: &str) -> u32 {
        let next = self.next.entry(kind).or_insert(0);
        *self.seen.entry((kind, String::from(value))).or_insert_with(|| {
            *next += 1;
            *next
        })
    }

    /// A name of this kind, such as `mid1`; the shape of what is no token.
    pub(super) fn token(&mut self, kind: &'static str, value: &str) -> String {
        if value.is_empty() || !value.bytes().all(is_token_byte) {
            return scrub(value);
        }
        format!("{kind}{}", self.number(kind, value))
    }

    /// The same for words whose case does not matter.
    pub(super) fn word(&mut self, kind: &'static str, value: &str) -> String {
        self.token(kind, &value.to_ascii_lowercase())
    }

    /// Digits, as many as `value` has bytes, and the first of its bytes that `marks`.
    pub(super) fn text(
        &mut self,
        kind: &'static str,
        value: &str,
        marks: impl Fn(char) -> bool,
    ) -> String {
        let number = self.number(kind, value);
        let mark = value.chars().find(|c| marks(*c)).map_or(String::new(), String::from);
        let width = value.len() - mark.len().min(value.len());
        format!("{mark}{number:0>width$}")
    }

    /// A name for the identifier of a stream; `-` and `*` have a meaning and stay.
    pub(super) fn identifier(&mut self, value: &str) -> String {
        match value {
            "-" | "*" | "" => String::from(value),
            _ => self.token("id", value),
        }
    }

    /// An address or a name of one; `*` stays, and the shape of what is neither.
    pub(super) fn address(&mut self, text: &str) -> String {
        match Address::parse_text(text) {
            _ if text == "*" => String::from(text),
            Some(Address::Ip(ip)) => self.ip(ip).to_string(),
            Some(address @ Address::Name(_)) => {
                let top = if address.is_mdns() { "local" } else { "example" };
                self.host(text, top)
            }
            None => scrub(text),
        }
    }

    /// A host name under this domain.
    pub(super) fn host(&mut self, name: &str, top: &str) -> String {
        format!("host-{}.{top}", self.number("host", name))
    }

    /// An address of the blocks for documentation (RFC 5737, RFC 3849, RFC 6676).
    fn ip(&mut self, ip: IpAddr) -> IpAddr {
        if ip.is_unspecified() || ip.is_loopback() {
            return ip;
        }
        if ip.is_multicast() {
            return self.multicast(ip);
        }
        let number = self.number("ip", &ip.to_string());
        match ip {
            IpAddr::V4(_) => {
                const BLOCKS: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
                let (block, host) = ((number - 1) / 254, (number - 1) % 254 + 1);
                match BLOCKS.get(block as usize) {
                    Some([a, b, c]) => IpAddr::from([*a, *b, *c, host as u8]),
                    // More than a description has: the block for benchmarks (RFC 2544).
                    None => IpAddr::from((0xC612_0000 | number & 0x1_FFFF).to_be_bytes()),
                }
            }
            IpAddr::V6(_) => {
                let [high, low] = [(number >> 16) as u16, number as u16];
                IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, high, low])
            }
        }
    }

    /// The same for a group of hosts, whose scope stays.
    fn multicast(&mut self, ip: IpAddr) -> IpAddr {
        let number = self.number("multicast", &ip.to_string());
        match ip {
            // The block has 256; then come those next to it.
            IpAddr::V4(_) => IpAddr::from((0xE9FC_0000 | number & 0x3_FFFF).to_be_bytes()),
            IpAddr::V6(ip) => {
                let [scope, ..] = ip.segments();
                let [high, low] = [(number >> 16) as u16, number as u16];
                IpAddr::from([scope, 0, 0, 0, 0, 0xdb8, high, low])
            }
        }
    }
}
