//! `t=`, `r=` and `z=`: when a session takes place (RFC 8866 §5.9 to §5.11).

use core::fmt;

use crate::diagnostic::{Code, ValueError};
use crate::value::{Field, Fields, is_padded};

/// Start and end in seconds since 1900; 0 means unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timing {
    /// The start; with 0 the session is permanent.
    pub start: u64,
    /// The end; with 0 there is none.
    pub stop: u64,
}

impl Timing {
    /// Reads the value of the line.
    pub fn parse(value: &str) -> Result<Self, ValueError> {
        let mut fields = Fields::new(value);
        let start = time(fields.expect(Code::TimeSyntax)?, Code::TimeSyntax)?;
        let stop = time(fields.expect(Code::TimeSyntax)?, Code::TimeSyntax)?;
        fields.end(Code::TimeSyntax)?;
        Ok(Self { start, stop })
    }

    /// What the grammar says about a value that can be read: a time is 0 or has ten digits.
    pub(crate) fn strict(value: &str) -> Result<(), ValueError> {
        Self::parse(value)?;
        let short = |field: &Field<'_>| {
            field.text != "0" && (field.text.len() < 10 || is_padded(field.text))
        };
        Fields::new(value).find(short).map_or(Ok(()), |field| Err(field.fault(Code::TimeShort)))
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.start, self.stop)
    }
}

/// How a session repeats, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat<'a> {
    /// From one repetition to the next.
    pub interval: u64,
    /// How long each lasts.
    pub duration: u64,
    offsets: &'a str,
}

impl<'a> Repeat<'a> {
    /// Reads the value of the line.
    pub fn parse(value: &'a str) -> Result<Self, ValueError> {
        let code = Code::RepeatSyntax;
        let mut fields = Fields::new(value);
        let interval = fields.expect(code)?;
        if interval.text.starts_with('0') {
            return Err(interval.fault(code));
        }
        let interval = seconds(interval, code)?;
        let duration = seconds(fields.expect(code)?, code)?;
        let offsets = fields.expect_rest(code)?.text;
        fields.try_for_each(|offset| seconds(offset, code).map(drop))?;
        Ok(Self { interval, duration, offsets })
    }

    /// Offsets of the repetitions from the start.
    pub fn offsets(&self) -> impl Iterator<Item = u64> + Clone + 'a {
        let fields = Fields::new(self.offsets);
        fields.filter_map(|offset| seconds(offset, Code::RepeatSyntax).ok())
    }
}

/// Changes of the time zone while a session repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zones<'a>(&'a str);

impl<'a> Zones<'a> {
    /// Reads the value of the line.
    pub fn parse(value: &'a str) -> Result<Self, ValueError> {
        let mut fields = Fields::new(value);
        fields.clone().expect(Code::ZoneSyntax)?;
        while let Some(zone) = zone(&mut fields) {
            zone?;
        }
        Ok(Self(value))
    }

    /// What the grammar says about a value that can be read: a time has ten digits.
    pub(crate) fn strict(value: &'a str) -> Result<(), ValueError> {
        Self::parse(value)?;
        let short = |field: &Field<'_>| field.text.len() < 10 || is_padded(field.text);
        let found = Fields::new(value).step_by(2).find(short);
        found.map_or(Ok(()), |field| Err(field.fault(Code::TimeShort)))
    }

    /// When the offset changes, in seconds since 1900, and what it is from then on, in seconds.
    pub fn iter(&self) -> impl Iterator<Item = (u64, i64)> + 'a {
        let mut fields = Fields::new(self.0);
        core::iter::from_fn(move || zone(&mut fields)?.ok())
    }
}

fn zone(fields: &mut Fields<'_>) -> Option<Result<(u64, i64), ValueError>> {
    let code = Code::ZoneSyntax;
    let at = fields.next()?;
    let mut read = || {
        let offset = fields.expect(code)?;
        let (negative, text) = match offset.text.strip_prefix('-') {
            Some(text) => (true, Field { text, at: offset.at + 1 }),
            None => (false, offset),
        };
        let size = i64::try_from(seconds(text, code)?);
        let size = size.map_err(|_| offset.fault(Code::TimeOverflow))?;
        Ok((time(at, code)?, if negative { -size } else { size }))
    };
    Some(read())
}

/// A number of seconds, or with a unit behind it: d, h, m or s.
fn seconds(field: Field<'_>, code: Code) -> Result<u64, ValueError> {
    let (text, unit) = match field.text.as_bytes() {
        [.., b'd'] => (field.text.strip_suffix('d'), 86_400),
        [.., b'h'] => (field.text.strip_suffix('h'), 3_600),
        [.., b'm'] => (field.text.strip_suffix('m'), 60),
        [.., b's'] => (field.text.strip_suffix('s'), 1),
        _ => (None, 1),
    };
    let number = time(Field { text: text.unwrap_or(field.text), at: field.at }, code)?;
    number.checked_mul(unit).ok_or(field.fault(Code::TimeOverflow))
}

/// A number of seconds. The grammar has no bound for it, so that digits which do not fit are an
/// overflow, not a matter of syntax.
fn time(field: Field<'_>, code: Code) -> Result<u64, ValueError> {
    let digits = !field.text.is_empty() && field.text.bytes().all(|b| b.is_ascii_digit());
    field.number(if digits { Code::TimeOverflow } else { code })
}
