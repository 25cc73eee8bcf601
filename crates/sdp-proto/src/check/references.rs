//! Names that refer to something elsewhere in the description: mids, extension ids, rids
//! (RFC 5888 §6, RFC 8285 §7, RFC 8851 §4, RFC 8853 §5.2).

use alloc::vec::Vec;

use super::Sink;
use crate::attribute::{ExtMap, Group, Rid, Simulcast, SimulcastList};
use crate::diagnostic::{Code, Diagnostic, ValueError};
use crate::section::{AttributeLine, Section, utf8};
use crate::session::Session;

pub(super) fn check(session: &Session<'_>, sink: &mut Sink<'_>) {
    mids(session, sink);
    let mut extensions = Vec::new();
    let mut rids = Vec::new();
    for media in session.media() {
        extension_ids(&media, &mut extensions, sink);
        simulcast(&media, &mut rids, sink);
    }
    extension_ids(&session.session_section(), &mut extensions, sink);
}

/// A name and the line on which it is defined.
type Defined<'s> = (&'s str, u32);

fn value<'s>(attribute: &AttributeLine<'s>) -> &'s str {
    let text = attribute.value().and_then(|value| utf8(value).ok());
    text.unwrap_or_default().trim_matches(crate::value::BLANKS)
}

/// Attributes called `name` in `section` with the text of their values.
fn named<'s>(
    section: &Section<'s>,
    name: &'static str,
) -> impl Iterator<Item = AttributeLine<'s>> + use<'s> {
    section.attributes().filter(move |a| a.name() == name.as_bytes())
}

fn mids(session: &Session<'_>, sink: &mut Sink<'_>) {
    let mut mids: Vec<Defined<'_>> = Vec::new();
    for media in session.media() {
        // More than one in a section is a finding of its own.
        if let Some(mid) = named(&media, "mid").next() {
            mids.push((value(&mid), mid.line().number()));
        }
    }
    mids.sort_unstable();
    repeated(&mids, Code::MidRepeated, sink);
    for group in named(&session.session_section(), "group") {
        let Some(Ok(_)) = group.read::<Group<'_>>() else { continue };
        let mut offset = 0;
        for (index, mid) in value(&group).split(' ').enumerate() {
            let known = index == 0
                || mid.is_empty()
                || mids.binary_search_by(|(known, _)| known.cmp(&mid)).is_ok();
            if !known {
                let (start, end) = (offset, offset + mid.len() as u32);
                sink(group.place(ValueError { code: Code::GroupUnknownMid, start, end }));
            }
            offset += mid.len() as u32 + 1;
        }
    }
}

/// Reports each name that the sorted list has more than once.
fn repeated(sorted: &[Defined<'_>], code: Code, sink: &mut Sink<'_>) {
    for pair in sorted.windows(2) {
        if let [(first, _), (again, line)] = pair
            && first == again
        {
            sink(Diagnostic { line: *line, columns: (1, 1), code });
        }
    }
}

fn extension_ids(section: &Section<'_>, seen: &mut Vec<(u16, u32)>, sink: &mut Sink<'_>) {
    seen.clear();
    for attribute in named(section, "extmap") {
        // Ids from 4096 on offer a choice and may stand for several extensions (RFC 8285 §7).
        if let Some(Ok(map)) = attribute.read::<ExtMap<'_>>()
            && map.id < 4096
        {
            seen.push((map.id, attribute.line().number()));
        }
    }
    seen.sort_unstable();
    for pair in seen.windows(2) {
        if let [(id, _), (again, line)] = pair
            && id == again
        {
            sink(Diagnostic { line: *line, columns: (1, 1), code: Code::ExtMapRepeated });
        }
    }
}

fn simulcast<'s>(section: &Section<'s>, rids: &mut Vec<Defined<'s>>, sink: &mut Sink<'_>) {
    rids.clear();
    for attribute in named(section, "rid") {
        if let Some(Ok(Rid { .. })) = attribute.read::<Rid<'s>>() {
            let id = value(&attribute).split(' ').next().unwrap_or_default();
            rids.push((id, attribute.line().number()));
        }
    }
    rids.sort_unstable();
    repeated(rids, Code::RidRepeated, sink);
    for attribute in named(section, "simulcast") {
        let Some(Ok(simulcast)) = attribute.read::<Simulcast<'s>>() else { continue };
        let lists = simulcast.send.iter().chain(&simulcast.recv);
        let mut wanted = lists.flat_map(SimulcastList::streams).flatten();
        if wanted.any(|want| rids.binary_search_by(|(id, _)| (*id).cmp(want.rid)).is_err()) {
            let end = attribute.value().map_or(0, <[u8]>::len) as u32;
            let code = Code::SimulcastUnknownRid;
            sink(attribute.place(ValueError { code, start: 0, end }));
        }
    }
}
