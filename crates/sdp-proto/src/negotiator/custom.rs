//! An attribute of the application's own, which the negotiator writes and knows nothing of.

use alloc::string::String;
use core::fmt;

use crate::WriteError;
use crate::write::attribute_line;

/// A name and perhaps a value, in the session part or in a section of what this side writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    name: String,
    value: Option<String>,
}

/// What the negotiator writes itself.
const RESERVED: [&str; 36] = [
    "bundle-only",
    "candidate",
    "connection",
    "crypto",
    "end-of-candidates",
    "extmap",
    "extmap-allow-mixed",
    "fingerprint",
    "fmtp",
    "group",
    "ice-lite",
    "ice-mismatch",
    "ice-options",
    "ice-pacing",
    "ice-pwd",
    "ice-ufrag",
    "inactive",
    "max-message-size",
    "mid",
    "msid",
    "recvonly",
    "remote-candidates",
    "rid",
    "rtcp",
    "rtcp-fb",
    "rtcp-mux",
    "rtcp-mux-only",
    "rtcp-rsize",
    "rtpmap",
    "sctp-port",
    "sctpmap",
    "sendonly",
    "sendrecv",
    "setup",
    "simulcast",
    "tls-id",
];

impl Custom {
    /// An attribute that can be written as it is. One that has a type must have a value of that type,
    /// and none of those that the negotiator writes itself can be.
    pub fn new(name: &str, value: Option<&str>) -> Result<Self, WriteError> {
        if RESERVED.contains(&name) {
            return Err(WriteError::Reserved);
        }
        attribute_line(name, value)?;
        Ok(Self { name: name.into(), value: value.map(String::from) })
    }

    /// The same in a section of which the negotiator writes next to nothing.
    pub(super) fn of_other(name: &str, value: Option<&str>) -> Result<Self, WriteError> {
        const RESERVED: [&str; 7] =
            ["bundle-only", "group", "inactive", "mid", "recvonly", "sendonly", "sendrecv"];
        if RESERVED.contains(&name) {
            return Err(WriteError::Reserved);
        }
        attribute_line(name, value)?;
        Ok(Self { name: name.into(), value: value.map(String::from) })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands behind the colon, if there is one.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

/// As it is written behind `a=`.
impl fmt::Display for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(f, ":{value}"))
    }
}
