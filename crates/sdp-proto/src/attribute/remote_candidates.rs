//! `a=remote-candidates`: the pairs that ICE selected, told by the controlling side
//! (RFC 8839 §5.2).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

use super::{Address, Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::value::Fields;

/// One candidate of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteCandidate<'a> {
    /// The component, 1 to 256.
    pub component: u16,
    /// The address.
    pub address: Address<'a>,
    /// The port.
    pub port: u16,
}

/// The value of `a=remote-candidates`: at least one candidate, each of another component.
#[derive(Clone, Debug)]
pub struct RemoteCandidates<'a>(Cow<'a, str>);

impl RemoteCandidates<'_> {
    /// Writes a list; `None` when it is empty.
    pub fn new<'c>(
        candidates: impl IntoIterator<Item = RemoteCandidate<'c>>,
    ) -> Option<RemoteCandidates<'static>> {
        let mut text = String::new();
        for RemoteCandidate { component, address, port } in candidates {
            let gap = if text.is_empty() { "" } else { " " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{gap}{component} {address} {port}");
        }
        (!text.is_empty()).then_some(RemoteCandidates(Cow::Owned(text)))
    }

    /// The candidates.
    pub fn iter(&self) -> impl Iterator<Item = RemoteCandidate<'_>> {
        let mut fields = Fields::new(&self.0);
        core::iter::from_fn(move || next(&mut fields)?.ok())
    }
}

fn next<'a>(fields: &mut Fields<'a>) -> Option<Result<RemoteCandidate<'a>, ValueError>> {
    let code = Code::RemoteCandidates;
    let component = fields.next()?;
    let mut read = || {
        let number = component.component(code)?;
        let address = Address::parse(fields.expect(code)?)?;
        Ok(RemoteCandidate { component: number, address, port: fields.expect(code)?.number(code)? })
    };
    Some(read())
}

impl<'a> TypedAttribute<'a> for RemoteCandidates<'a> {
    const NAMES: &'static [&'static str] = &["remote-candidates"];
    const LEVEL: Level = Level::Media;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let value = required(value)?;
        let mut fields = Fields::new(value);
        fields.clone().expect(Code::RemoteCandidates)?;
        while let Some(candidate) = next(&mut fields) {
            candidate?;
        }
        Ok(Self(Cow::Borrowed(value)))
    }
}

impl PartialEq for RemoteCandidates<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for RemoteCandidates<'_> {}

impl fmt::Display for RemoteCandidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, RemoteCandidate { component, address, port }) in self.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{component} {address} {port}")?;
        }
        Ok(())
    }
}
