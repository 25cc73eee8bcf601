//! Binding requests of RFC 3489, which have no cookie (RFC 5389 §12.2, RFC 3489 §8.1, §11.1).
use crate::{
    HEADER_LEN, MAGIC_COOKIE,
    attribute::{ChangeRequest, Code},
};
use core::net::{IpAddr, SocketAddr};

const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_RESPONSE: [u8; 2] = [0x01, 0x01];
const BINDING_ERROR: [u8; 2] = [0x01, 0x11];
const MAPPED_ADDRESS: u16 = 0x0001;
const CHANGE_REQUEST: u16 = 0x0003;
const SOURCE_ADDRESS: u16 = 0x0004;
const CHANGED_ADDRESS: u16 = 0x0005;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000A;

/// How many unknown attributes an error response names; RFC 3489 clients wait for none.
const MAX_UNKNOWN: usize = 2;
/// The longest response: header, and three IPv6 addresses.
pub(crate) const MAX_RESPONSE: usize = HEADER_LEN + 3 * 24;

/// A request of an RFC 3489 client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassicRequest {
    /// 128 bits where RFC 5389 has the cookie and 96 bits.
    id: [u8; 16],
    pub(crate) change: ChangeRequest,
    unknown: [u16; MAX_UNKNOWN],
    unknown_len: usize,
}

impl ClassicRequest {
    /// Reads a Binding request without a cookie. `None`: it is something else.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, mut rest) = bytes.split_first_chunk::<HEADER_LEN>()?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let id: [u8; 16] = *header.last_chunk()?;
        if header[..2] != BINDING_REQUEST || length != rest.len() || id.starts_with(&MAGIC_COOKIE) {
            return None;
        }
        let mut request = Self {
            id,
            change: ChangeRequest::default(),
            unknown: [0; MAX_UNKNOWN],
            unknown_len: 0,
        };
        // RFC 3489 knows no padding: every length is a multiple of four.
        while let Some((&[t0, t1, l0, l1], tail)) = rest.split_first_chunk() {
            let (kind, len) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([l0, l1]));
            let value;
            (value, rest) = tail.split_at_checked(usize::from(len))?;
            match (kind, value) {
                (CHANGE_REQUEST, [_, _, _, flags]) => {
                    request.change.change_ip = flags & 4 != 0;
                    request.change.change_port = flags & 2 != 0;
                }
                (0..0x8000, _) if request.unknown_len < MAX_UNKNOWN => {
                    request.unknown[request.unknown_len] = kind;
                    request.unknown_len += 1;
                }
                _ => {}
            }
        }
        rest.is_empty().then_some(request)
    }

    /// Whether it has attributes that are not understood.
    pub(crate) const fn has_unknown(&self) -> bool {
        self.unknown_len > 0
    }

    /// Takes the CHANGE-REQUEST for an unknown attribute, where it cannot be honoured.
    pub(crate) const fn refuse_change(&mut self) {
        self.unknown[0] = CHANGE_REQUEST;
        self.unknown_len = 1;
    }

    /// The success response: our client's address, and in full also where it is sent from and the
    /// server's other address.
    pub(crate) fn respond(
        &self,
        mapped: SocketAddr,
        others: Option<(SocketAddr, SocketAddr)>,
    ) -> Response {
        let mut response = Response::new(BINDING_RESPONSE, &self.id);
        response.address(MAPPED_ADDRESS, mapped);
        if let Some((source, changed)) = others {
            response.address(SOURCE_ADDRESS, source);
            response.address(CHANGED_ADDRESS, changed);
        }
        response.finish()
    }

    fn error(&self, code: Code) -> Response {
        let mut response = Response::new(BINDING_ERROR, &self.id);
        let [class, number] = code.to_wire();
        response.attribute(ERROR_CODE, &[0, 0, class, number]);
        response
    }

    /// The error response to a request with unknown attributes.
    pub(crate) fn refuse(&self) -> Response {
        let mut response = self.error(Code::UNKNOWN_ATTRIBUTE);
        // An odd number of types is filled up by repeating the last one (RFC 3489 §11.2.10).
        let last = self.unknown[self.unknown_len.saturating_sub(1)];
        let first = self.unknown[0].to_be_bytes();
        let last = last.to_be_bytes();
        response.attribute(UNKNOWN_ATTRIBUTES, &[first[0], first[1], last[0], last[1]]);
        response.finish()
    }
}

/// A response, on the stack.
#[derive(Debug)]
pub(crate) struct Response {
    bytes: [u8; MAX_RESPONSE],
    len: usize,
}

impl Response {
    fn new(kind: [u8; 2], id: &[u8; 16]) -> Self {
        let mut bytes = [0; MAX_RESPONSE];
        bytes[..2].copy_from_slice(&kind);
        bytes[4..HEADER_LEN].copy_from_slice(id);
        Self { bytes, len: HEADER_LEN }
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let end = self.len + 4 + value.len();
        if let Some(room) = self.bytes.get_mut(self.len..end) {
            room[..2].copy_from_slice(&kind.to_be_bytes());
            room[2..4].copy_from_slice(&(value.len() as u16).to_be_bytes());
            room[4..].copy_from_slice(value);
            self.len = end;
        }
    }

    fn address(&mut self, kind: u16, address: SocketAddr) {
        let mut value = [0; 20];
        let [high, low] = address.port().to_be_bytes();
        value[2..4].copy_from_slice(&[high, low]);
        match address.ip() {
            IpAddr::V4(ip) => {
                value[1] = 1;
                value[4..8].copy_from_slice(&ip.octets());
                self.attribute(kind, &value[..8]);
            }
            IpAddr::V6(ip) => {
                value[1] = 2;
                value[4..].copy_from_slice(&ip.octets());
                self.attribute(kind, &value);
            }
        }
    }

    fn finish(mut self) -> Self {
        let length = (self.len - HEADER_LEN) as u16;
        self.bytes[2..4].copy_from_slice(&length.to_be_bytes());
        self
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::ClassicRequest;
    use alloc::vec::Vec;

    /// A request with these attributes and ID.
    fn request(id: [u8; 16], attributes: &[u8]) -> Vec<u8> {
        [&[0, 1, 0, attributes.len() as u8][..], &id, attributes].concat()
    }

    #[test]
    fn optional_attributes_are_ignored_and_mandatory_ones_are_not() {
        for (attribute, unknown) in [
            (&[0x80, 0x22, 0, 0][..], false),
            (&[0x7F, 0xFF, 0, 0], true),
            (&[0, 3, 0, 4, 0, 0, 0, 6], false),
            (&[0, 3, 0, 0], true), // a CHANGE-REQUEST without its flags
            (&[0, 3, 0, 8, 0, 0, 0, 0, 0, 0, 0, 6], true),
        ] {
            let read = ClassicRequest::parse(&request([7; 16], attribute)).unwrap();
            assert_eq!(read.has_unknown(), unknown, "{attribute:?}");
        }
    }

    #[test]
    fn what_is_no_request_of_rfc_3489_is_not_read() {
        assert!(ClassicRequest::parse(&request([7; 16], &[])).is_some());
        for rest in [&[0][..], &[0, 3, 0], &[0, 3, 0, 4, 0, 0, 0]] {
            assert!(ClassicRequest::parse(&request([7; 16], rest)).is_none(), "{rest:?}");
        }
        let mut id = [7; 16];
        id[..4].copy_from_slice(&crate::MAGIC_COOKIE);
        assert!(ClassicRequest::parse(&request(id, &[])).is_none());
        let mut response = request([7; 16], &[]);
        response[0] = 1;
        assert!(ClassicRequest::parse(&response).is_none());
    }
}
