//! Telephone events (RFC 4733): key presses as packets.

use crate::attribute::Fmtp;
use crate::value::decimal;

/// The events that a receiver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent<'a>(&'a str);

impl<'a> TelephoneEvent<'a> {
    /// The sixteen keys, which hold where nothing is said.
    const KEYS: &'static str = "0-15";

    pub(super) fn read(fmtp: Option<&'a Fmtp<'_>>) -> Self {
        let events = fmtp.map_or(Self::KEYS, |fmtp| fmtp.parameters.as_str());
        Self(events.strip_prefix("events=").unwrap_or(events))
    }

    /// Events to be written: numbers and ranges of them with commas between, as in `0-15,66`.
    /// `None` for anything else.
    pub fn new(events: &'a str) -> Option<Self> {
        let number = |text: &str| decimal::<u8>(text).is_some();
        let good = |range: &str| match range.split_once('-') {
            Some((low, high)) => number(low) && number(high),
            None => number(range),
        };
        events.split(',').all(good).then_some(Self(events))
    }

    /// The events as they stand.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether this event is taken.
    pub fn takes(&self, event: u8) -> bool {
        self.0.split(',').any(|range| {
            let (low, high) = range.trim().split_once('-').unwrap_or((range.trim(), range.trim()));
            let bounds = decimal::<u8>(low).zip(decimal::<u8>(high));
            bounds.is_some_and(|(low, high)| (low..=high).contains(&event))
        })
    }
}
