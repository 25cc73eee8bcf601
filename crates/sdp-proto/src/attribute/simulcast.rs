//! `a=simulcast`: several encodings of one source at once (RFC 8853 §5.1).

use alloc::borrow::Cow;
use core::fmt;

use super::rid::{RidDirection, is_rid};
use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::value::{Field, Fields};

/// What is sent and what is received; at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulcast<'a> {
    /// Streams that the sender of the description sends.
    pub send: Option<SimulcastList<'a>>,
    /// Streams that it wants to receive.
    pub recv: Option<SimulcastList<'a>>,
}

/// Streams between semicolons, each with alternatives between commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulcastList<'a>(Cow<'a, str>);

/// One alternative of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SimulcastRid<'a> {
    /// The rid.
    pub rid: &'a str,
    /// Whether it starts paused (`~`).
    pub paused: bool,
}

impl<'a> SimulcastList<'a> {
    /// The streams in order of preference.
    pub fn streams(&self) -> impl Iterator<Item = impl Iterator<Item = SimulcastRid<'_>>> {
        self.0.split(';').map(|stream| {
            stream.split(',').map(|alternative| match alternative.strip_prefix('~') {
                Some(rid) => SimulcastRid { rid, paused: true },
                None => SimulcastRid { rid: alternative, paused: false },
            })
        })
    }

    /// A copy that borrows nothing.
    pub fn into_owned(self) -> SimulcastList<'static> {
        SimulcastList(Cow::Owned(self.0.into_owned()))
    }

    /// The list as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(field: Field<'a>) -> Result<Self, ValueError> {
        for part in field.parts(b';').flat_map(|stream| stream.parts(b',')) {
            if !is_rid(part.text.strip_prefix('~').unwrap_or(part.text)) {
                return Err(part.fault(Code::Simulcast));
            }
        }
        Ok(Self(Cow::Borrowed(field.text)))
    }
}

impl Simulcast<'_> {
    /// A copy that borrows nothing.
    pub fn into_owned(self) -> Simulcast<'static> {
        Simulcast {
            send: self.send.map(SimulcastList::into_owned),
            recv: self.recv.map(SimulcastList::into_owned),
        }
    }
}

impl<'a> TypedAttribute<'a> for Simulcast<'a> {
    const NAMES: &'static [&'static str] = &["simulcast"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let mut fields = Fields::new(required(value)?);
        let mut simulcast = Self { send: None, recv: None };
        fields.clone().expect(Code::Simulcast)?;
        while let Some(direction) = fields.next() {
            let list = SimulcastList::parse(fields.expect(Code::Simulcast)?)?;
            let slot = match RidDirection::parse(direction, Code::Simulcast)? {
                RidDirection::Send => &mut simulcast.send,
                RidDirection::Recv => &mut simulcast.recv,
            };
            if slot.replace(list).is_some() {
                return Err(direction.fault(Code::Simulcast));
            }
        }
        Ok(simulcast)
    }
}

impl fmt::Display for Simulcast<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [(&self.send, "send"), (&self.recv, "recv")];
        let mut gap = "";
        for (list, direction) in lists {
            if let Some(list) = list {
                write!(f, "{gap}{direction} {}", list.0)?;
                gap = " ";
            }
        }
        Ok(())
    }
}
