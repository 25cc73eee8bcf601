//! `o=`: who made the session, and which version of it this is (RFC 8866 §5.2).

use core::fmt;

use crate::diagnostic::{Code, ValueError};
use crate::text::{TextError, Token, Word};
use crate::value::Fields;

/// The origin line. The first, second, fourth, fifth and sixth field together name the session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin<'a> {
    /// The user, `-` for none.
    pub username: Word<'a>,
    /// Digits, of any length.
    pub session_id: Word<'a>,
    /// Digits, of any length; rises with each change.
    pub session_version: Word<'a>,
    /// `IN`.
    pub network: Token<'a>,
    /// `IP4` or `IP6`.
    pub address_type: Token<'a>,
    /// The address of the sender; often not a real one.
    pub address: Word<'a>,
}

impl<'a> Origin<'a> {
    /// The largest number of a session in offers and answers (RFC 8829 §5.2.1).
    const NUMBER_MAX: u64 = i64::MAX as u64 - 1;

    /// An origin as JSEP writes it: no user name, address 0.0.0.0 (RFC 8829 §5.2.1). Of a number
    /// that is too large for a signed one the highest bit is dropped (RFC 3264 §5).
    pub fn anonymous(session_id: u64, session_version: u64) -> Origin<'static> {
        let [session_id, session_version] = [session_id, session_version]
            .map(|number| (number & i64::MAX as u64).min(Self::NUMBER_MAX));
        let make = || -> Result<Origin<'static>, TextError> {
            Ok(Origin {
                username: Word::new("-")?,
                session_id: Word::new(alloc::format!("{session_id}"))?,
                session_version: Word::new(alloc::format!("{session_version}"))?,
                network: Token::new("IN")?,
                address_type: Token::new("IP4")?,
                address: Word::new("0.0.0.0")?,
            })
        };
        make().unwrap_or_else(|_| unreachable!("digits and constants are words"))
    }

    /// Reads the value of the line.
    pub fn parse(value: &'a str) -> Result<Self, ValueError> {
        let syntax = Code::OriginSyntax;
        let mut fields = Fields::new(value);
        let username = fields.expect(syntax)?.word(syntax)?;
        let session_id = fields.expect(syntax)?;
        let session_version = fields.expect(syntax)?;
        for number in [session_id, session_version] {
            if !number.text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(number.fault(Code::OriginNumber));
            }
        }
        let origin = Self {
            username,
            session_id: session_id.word(syntax)?,
            session_version: session_version.word(syntax)?,
            network: fields.expect(syntax)?.token(syntax)?,
            address_type: fields.expect(syntax)?.token(syntax)?,
            address: fields.expect(syntax)?.word(syntax)?,
        };
        fields.end(syntax)?;
        Ok(origin)
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, session_id, session_version, network, address_type, address } = self;
        write!(f, "{username} {session_id} {session_version} {network} {address_type} {address}")
    }
}
