//! `a=framerate`: video frames in a second, at most (RFC 8866 §6.13).

use core::fmt;

use super::packet_time::positive_decimal;
use super::{Level, TypedAttribute, required};
use crate::diagnostic::{Code, ValueError};
use crate::text::Word;
use crate::value::Field;

/// Frames in a second.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Framerate<'a>(Word<'a>);

impl Framerate<'_> {
    /// From a whole number; `None` for zero.
    pub fn new(frames: u32) -> Option<Framerate<'static>> {
        let text = alloc::format!("{frames}");
        (frames > 0).then(|| Word::new(text).ok().map(Framerate)).flatten()
    }

    /// Frames in a second, perhaps with a fraction.
    pub fn per_second(&self) -> f64 {
        self.0.parse().unwrap_or_default()
    }
}

impl<'a> TypedAttribute<'a> for Framerate<'a> {
    const NAMES: &'static [&'static str] = &["framerate"];
    const LEVEL: Level = Level::Media;
    const ONCE: bool = true;

    fn read(_: &str, value: Option<&'a str>) -> Result<Self, ValueError> {
        positive_decimal(Field::new(required(value)?), Code::Framerate).map(Self)
    }
}

impl fmt::Display for Framerate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
