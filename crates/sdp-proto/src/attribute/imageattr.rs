//! `a=imageattr`: image sizes that are sent and taken (RFC 6236).

use core::fmt;

use super::rtpmap::payload_type;
use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Text;
use crate::value::Fields;

/// A payload type and the sizes for each direction, as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageAttr<'a> {
    /// The payload type; `None` stands for `*`, all of them.
    pub payload_type: Option<u8>,
    /// `send` or `recv` and a list of sets in brackets, or `*`; once or twice.
    pub sizes: Text<'a>,
}

impl<'a> TypedAttribute<'a> for ImageAttr<'a> {
    const NAMES: &'static [&'static str] = &["imageattr"];
    const LEVEL: Level = Level::Media;
    const FREE_TEXT: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        let code = Code::ImageAttr;
        let mut fields = Fields::new(required(value)?);
        let format = fields.expect(code)?;
        let payload_type = match format.text {
            "*" => None,
            _ => Some(payload_type(format, code)?),
        };
        let rest = fields.expect_rest(code)?;
        let sizes = Text::new(rest.text).map_err(|_| rest.fault(code))?;
        let direction = fields.expect(code)?;
        if !matches!(direction.text, "send" | "recv") {
            return Err(direction.fault(code));
        }
        fields.expect(code)?;
        Ok(Self { payload_type, sizes })
    }
}

impl fmt::Display for ImageAttr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload_type {
            Some(number) => write!(f, "{number} {}", self.sizes),
            None => write!(f, "* {}", self.sizes),
        }
    }
}
