//! Descriptions fit for a bug report: addresses, names, keys and texts replaced, the shape kept
//! (RFC 8866 §7 on what a description gives away).

mod scrub;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::attribute::{
    Address, Attribute, Candidate, Digest, Fingerprint, IcePwd, IceUfrag, RemoteCandidate,
    RemoteCandidates, SourceFilter,
};
use crate::field::{Connection, ConnectionAddress, Origin};
use crate::limits::LimitError;
use crate::line::{Kind, Line};
use crate::section::{AttributeLine, utf8};
use crate::session::Session;
use crate::text::{IceText, Word, Words};
use scrub::{Aliases, authority, scrub};

impl Session<'_> {
    /// A copy without what tells who and where: addresses, host names, ICE credentials,
    /// fingerprints, keys, identifiers of streams and free text.
    ///
    /// Equal values stay equal and different ones different, so that a bug which depends on that
    /// still shows. Unspecified and loopback addresses, ports, payload types, codecs and their
    /// parameters stay. What cannot be read, and attributes that are not known, keep their shape
    /// alone: letters become `x`, digits `0`. Line ends stay. An alias may be longer than what it
    /// stands for, so a description close to its limits may exceed them.
    ///
    /// ```
    /// use sdp_proto::Session;
    ///
    /// let text = b"v=0\r\no=alice 1 1 IN IP4 10.1.2.3\r\ns=Private talk\r\nc=IN IP4 10.1.2.3\r\n";
    /// let safe = Session::parse(text)?.anonymised()?;
    /// assert_eq!(
    ///     safe.to_string(),
    ///     "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=xxxxxxx xxxx\r\nc=IN IP4 192.0.2.1\r\n"
    /// );
    /// # Ok::<(), sdp_proto::LimitError>(())
    /// ```
    pub fn anonymised(&self) -> Result<Session<'static>, LimitError> {
        let mut out = Vec::with_capacity(self.base.len());
        let mut aliases = Aliases::default();
        for line in self.lines() {
            out.extend_from_slice(rewrite(&line, &mut aliases).as_bytes());
            out.extend_from_slice(line.line_end());
        }
        Session::parse_with(Cow::Owned(out), self.limits)
    }
}

/// The line without its line end.
fn rewrite(line: &Line<'_>, aliases: &mut Aliases) -> String {
    let value = utf8(line.value()).ok();
    match (line.kind(), value) {
        (
            Kind::Version | Kind::Bandwidth | Kind::Time | Kind::Repeat | Kind::Zone | Kind::Media,
            Some(value),
        ) => prefixed(line, value),
        (Kind::Origin, Some(value)) => match Origin::parse(value) {
            Ok(origin) => prefixed(line, &self::origin(&origin, aliases)),
            Err(_) => scrubbed(line),
        },
        (Kind::Connection, Some(value)) => match Connection::parse(value) {
            Ok(c) => prefixed(line, &connection(&c, aliases).to_string()),
            Err(_) => scrubbed(line),
        },
        (Kind::Attribute, _) => match AttributeLine::new(*line) {
            Some(attribute) => self::attribute(&attribute, aliases),
            None => scrubbed(line),
        },
        _ => scrubbed(line),
    }
}

/// What stands before the value, and a new value.
fn prefixed(line: &Line<'_>, value: &str) -> String {
    let head = line.content().get(..line.value_at()).unwrap_or_default();
    String::from_utf8_lossy(head).into_owned() + value
}

fn scrubbed(line: &Line<'_>) -> String {
    prefixed(line, &scrub(line.value()))
}

fn origin(origin: &Origin<'_>, aliases: &mut Aliases) -> String {
    let id = aliases.number("session", &origin.session_id);
    let address = host(&origin.address, aliases);
    let Origin { session_version, network, address_type, .. } = origin;
    format!("- {id} {session_version} {network} {address_type} {address}")
}

fn address(address: &Address<'_>, aliases: &mut Aliases) -> Address<'static> {
    match address {
        Address::Ip(ip) => Address::Ip(self::ip(*ip, aliases)),
        Address::Name(name) => {
            let top = if address.is_mdns() { "local" } else { "example" };
            let number = aliases.number("host", name);
            let name = Word::new(format!("host-{number}.{top}"));
            name.map_or(Address::Ip(IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED)), Address::Name)
        }
    }
}

/// An address of the blocks for documentation (RFC 5737, RFC 3849). Numbers start at 1.
fn ip(ip: IpAddr, aliases: &mut Aliases) -> IpAddr {
    if ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() {
        return ip;
    }
    let number = aliases.number("ip", &ip.to_string());
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

/// An address or a name as text; `*` stays.
fn host(text: &str, aliases: &mut Aliases) -> String {
    match Address::parse_text(text) {
        Some(address) => self::address(&address, aliases).to_string(),
        None => scrub(text.as_bytes()),
    }
}

fn connection(connection: &Connection<'_>, aliases: &mut Aliases) -> Connection<'static> {
    let mut name = |name: &Word<'_>| {
        let number = aliases.number("host", name);
        Word::new(format!("host-{number}.example")).ok()
    };
    let address = match &connection.address {
        ConnectionAddress::Name4(text) => name(text).map(ConnectionAddress::Name4),
        ConnectionAddress::Name6(text) => name(text).map(ConnectionAddress::Name6),
        ConnectionAddress::Ip(ip) => Some(ConnectionAddress::Ip(self::ip(*ip, aliases))),
    };
    Connection {
        address: address.unwrap_or(Connection::UNKNOWN.address),
        ttl: connection.ttl,
        count: connection.count,
    }
}

fn attribute(attribute: &AttributeLine<'_>, aliases: &mut Aliases) -> String {
    let name = attribute.name_lossy();
    let Some(value) = attribute.value() else {
        return prefixed(&attribute.line(), &name);
    };
    let value = match attribute.typed() {
        Ok(read) => typed(&read, aliases).unwrap_or_else(|| {
            // Nothing in it tells who or where.
            String::from_utf8_lossy(value).into_owned()
        }),
        Err(_) => scrub(value),
    };
    prefixed(&attribute.line(), &format!("{name}:{value}"))
}

/// The new value; `None` where the old one may stay.
fn typed(attribute: &Attribute<'_>, aliases: &mut Aliases) -> Option<String> {
    Some(match attribute {
        Attribute::Candidate(candidate) => self::candidate(candidate, aliases),
        Attribute::RemoteCandidates(list) => {
            let list =
                list.iter().map(|c| RemoteCandidate { address: address(&c.address, aliases), ..c });
            RemoteCandidates::new(list)?.to_string()
        }
        Attribute::IceUfrag(ufrag) => aliases.text("ufrag", ufrag.as_str(), IceUfrag::MIN),
        Attribute::IcePwd(pwd) => aliases.text("pwd", pwd.as_str(), IcePwd::MIN),
        Attribute::TlsId(id) => aliases.text("tls-id", id.as_str(), 0),
        Attribute::Fingerprint(fingerprint) => {
            let number = aliases.number("fingerprint", &fingerprint.digest.to_string());
            let mut bytes = [0; 64];
            let bytes = bytes.get_mut(..fingerprint.digest.as_bytes().len())?;
            for (byte, digit) in
                bytes.iter_mut().rev().zip(number.to_be_bytes().iter().rev().cycle())
            {
                *byte = *digit;
            }
            let digest = Digest::new(bytes).ok()?;
            Fingerprint { hash: fingerprint.hash.clone(), digest }.to_string()
        }
        Attribute::Crypto(crypto) => {
            let (method, key) = crypto.keys.split_once(':')?;
            let key = aliases.text("key", key, 0);
            format!("{} {} {method}:{key}", crypto.tag, crypto.suite)
        }
        Attribute::Identity(_) => String::from("eHh4"),
        Attribute::Rtcp(rtcp) => match &rtcp.connection {
            Some(c) => format!("{} {}", rtcp.port, connection(c, aliases)),
            None => return None,
        },
        Attribute::Msid(msid) => {
            let stream = aliases.identifier(&msid.stream);
            match &msid.track {
                Some(track) => format!("{stream} {}", aliases.identifier(track)),
                None => stream,
            }
        }
        Attribute::MsidSemantic(semantic) => {
            let streams = semantic.streams.as_ref()?;
            let streams = streams.iter().map(|stream| aliases.identifier(stream));
            streams.fold(format!(" {}", semantic.semantic), |text, stream| text + " " + &stream)
        }
        Attribute::Ssrc(ssrc) => {
            let words = ssrc.value.as_ref()?.split(' ').map(|word| aliases.identifier(word));
            let words: Vec<_> = words.collect();
            format!("{} {}:{}", ssrc.id, ssrc.attribute, words.join(" "))
        }
        Attribute::Control(control) => authority(&control.0, aliases)?,
        Attribute::SourceFilter(filter) => {
            let sources: Vec<_> = filter.sources.iter().map(|s| self::host(s, aliases)).collect();
            let destination = Word::new(host(&filter.destination, aliases)).ok()?;
            let sources = Words::new(sources).ok()?;
            SourceFilter { destination, sources, ..filter.clone() }.to_string()
        }
        Attribute::Unknown { name, value } => match *name {
            "rtcp-xr" | "framesize" | "x-dimensions" | "cliprect" | "charset" | "sdplang"
            | "lang" | "type" | "content" => return None,
            _ => scrub(value.unwrap_or_default()),
        },
        _ => return None,
    })
}

fn candidate(candidate: &Candidate<'_>, aliases: &mut Aliases) -> String {
    let mut new = candidate.clone();
    // Some stacks derive it from the address.
    let foundation = aliases.number("foundation", &candidate.foundation);
    if let Ok(foundation) = IceText::new(format!("{foundation}")) {
        new.foundation = foundation;
    }
    new.address = address(&candidate.address, aliases);
    new.raddr = candidate.raddr.as_ref().map(|raddr| address(raddr, aliases));
    new.extensions = candidate.extensions.map(|name, value| match name {
        "ufrag" => Cow::Owned(aliases.text("ufrag", value, 0)),
        "generation" | "network-id" | "network-cost" => Cow::Borrowed(value),
        _ => Cow::Owned(scrub(value.as_bytes())),
    });
    new.to_string()
}

#[cfg(test)]
mod tests;
