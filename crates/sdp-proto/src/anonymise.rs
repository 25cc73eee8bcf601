//! Descriptions fit for a bug report: addresses, names, keys and texts replaced, the shape kept
//! (RFC 8866 §7 on what a description gives away).

mod aliases;
mod attributes;
mod clocks;
mod fields;
mod words;

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::check;
use crate::diagnostic::Code;
use crate::limits::{LimitError, Limits};
use crate::line::{Kind, Line};
use crate::section::utf8;
use crate::session::Session;
use aliases::Aliases;
use words::{scrub, scrub_bytes, scrub_text};

impl Session<'_> {
    /// A copy without what tells who and where: addresses, host names, ICE credentials,
    /// fingerprints, keys, clocks, identifiers of streams and free text.
    ///
    /// Equal values stay equal and different ones different, and what was wrong stays wrong in the
    /// same lines for the same reasons, so that a bug which depends on that still shows.
    /// Unspecified and loopback addresses, that an address is one of multicast, and how far that
    /// goes; ports, payload types, codecs and their parameters stay,
    /// and so do the words of the protocols; of any other word nothing is left but its shape, or a
    /// name like `mid1`. Line ends and blanks stay. An alias may be longer than what it stands for,
    /// so a description close to its limits may exceed them.
    ///
    /// ```
    /// use sdp_proto::Session;
    ///
    /// let text = b"v=0\r\no=alice 1 1 IN IP4 10.1.2.3\r\ns=Private talk\r\nc=IN IP4 10.1.2.3\r\n";
    /// let safe = Session::parse(text)?.anonymised()?;
    /// assert_eq!(
    ///     safe.to_string(),
    ///     "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=Xxxxxxx xxxx\r\nc=IN IP4 192.0.2.1\r\n"
    /// );
    /// # Ok::<(), sdp_proto::LimitError>(())
    /// ```
    pub fn anonymised(&self) -> Result<Session<'static>, LimitError> {
        let mut out = Vec::with_capacity(self.document.base().len());
        out.extend_from_slice(self.document.byte_order_mark());
        let mut aliases = Aliases::default();
        let mut in_media = false;
        for line in self.lines() {
            in_media |= line.kind() == Kind::Media;
            out.extend_from_slice(&rewrite(&line, in_media, &mut aliases));
            out.extend_from_slice(line.line_end());
        }
        Session::parse_with(Cow::Owned(out), *self.limits())
    }
}

/// The line without its line end: with aliases if that leaves all that is wrong with it as it was,
/// else with its shape alone.
fn rewrite(line: &Line<'_>, in_media: bool, aliases: &mut Aliases) -> Vec<u8> {
    let head = line.content().get(..line.value_at()).unwrap_or_default();
    let prefixed = |value: &[u8]| [head, value].concat();
    let scrub = if fields::is_text(line.kind()) { scrub_text } else { scrub };
    let shape = || match line.attribute() {
        Some((name, Some(value))) => {
            let name = utf8(name).map_or_else(|_| scrub_bytes(name, scrub), attributes::name_bytes);
            prefixed(&[&name, &b":"[..], &scrub_bytes(value, scrub)].concat())
        }
        Some(_) | None => prefixed(&scrub_bytes(line.value(), scrub)),
    };
    let Ok(value) = utf8(line.value()) else { return shape() };
    let value = match line.kind() {
        Kind::Attribute => attributes::rewrite(value, aliases),
        kind => fields::rewrite(kind, value, aliases),
    };
    let aliased = prefixed(value.as_bytes());
    let controls = |text: &[u8]| text.iter().filter(|b| matches!(b, 0 | b'\r')).count();
    let whole = controls(&aliased) == controls(line.content());
    let before = check::line(*line, in_media);
    if whole && faults(&aliased, in_media) == before {
        return aliased;
    }
    let scrubbed = shape();
    if !whole || faults(&scrubbed, in_media) == before { scrubbed } else { aliased }
}

/// What is wrong with a line by itself.
fn faults(line: &[u8], in_media: bool) -> Vec<Code> {
    let session = Session::parse_with(Cow::Borrowed(line), Limits::unlimited());
    let session = session.ok();
    let line = session.as_ref().and_then(|session| session.line(0));
    line.map_or(Vec::new(), |line| check::line(line, in_media))
}

#[cfg(test)]
mod tests;
