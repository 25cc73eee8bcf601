//! `a=rtcp`: where RTCP goes when not to the port above (RFC 3605 §2.1).

use core::fmt;

use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::field::Connection;
use crate::value::Fields;

/// A port, and an address where it is not that of the `c=` line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rtcp<'a> {
    /// The RTCP port.
    pub port: u16,
    /// The address.
    pub connection: Option<Connection<'a>>,
}

impl Rtcp<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Rtcp<'static> {
        Rtcp { port: self.port, connection: self.connection.map(Connection::into_owned) }
    }
}

impl<'a> TypedAttribute<'a> for Rtcp<'a> {
    const NAMES: &'static [&'static str] = &["rtcp"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let port = fields.expect(Code::Rtcp)?.number(Code::Rtcp)?;
        let rest = fields.rest();
        let connection = if rest.text.is_empty() {
            None
        } else {
            // What is wrong with the address costs this line, not the description.
            let shift = |e: ValueError| ValueError {
                code: if e.code == Code::NetworkType { e.code } else { Code::Rtcp },
                start: e.start + rest.at,
                end: e.end + rest.at,
            };
            Some(Connection::parse(rest.text).map_err(shift)?)
        };
        Ok(Self { port, connection })
    }
}

impl fmt::Display for Rtcp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.port.fmt(f)?;
        self.connection.as_ref().map_or(Ok(()), |connection| write!(f, " {connection}"))
    }
}
