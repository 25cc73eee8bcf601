//! SDP: prints what it read byte for byte, strict is stricter than lenient, and what this project
//! writes it accepts.
use sdp_proto::{
    AcceptError, DataChannel, Fragment, IceCredentials, Limits, Media, Part, Policy, Session,
    attribute::{Attribute, Candidate, Fingerprint, IcePwd, IceUfrag},
};
use std::borrow::Cow;

/// Reads the text as a description and as a fragment, and asks everything there is to ask.
pub fn sdp_parse(data: &[u8]) {
    let small = Limits {
        lines_max: 24,
        attributes_max: 6,
        media_max: 3,
        formats_max: 4,
        ..Limits::default()
    };
    if let Ok(session) = Session::parse_with(Cow::Borrowed(data), small) {
        assert!(session.line_count() <= 24 && session.media_count() <= 3, "a limit does not hold");
    }
    let Ok(session) = Session::parse(data) else { return };
    assert_eq!(&*session.to_bytes(), data, "printed as it was read");
    findings(&session);
    for media in session.media() {
        look(&media);
    }
    let again = session.to_string();
    assert!(session.line_count() == 0 || !again.is_empty());
    copies(&session);
    edits(session, data);
    fragment(data);
}

fn findings(session: &Session<'_>) {
    let findings = session.diagnostics();
    assert!(findings.is_sorted_by_key(|finding| (finding.line, finding.columns)));
    for finding in &findings {
        let (start, end) = finding.columns;
        let line = session.line(finding.line as usize - 1);
        let len = line.map_or(0, |line| line.content().len() as u32);
        assert!(1 <= start && start <= end && end <= len + 1, "{finding:?} in a line of {len}");
    }
    let accepted = Policy::ALL.map(|policy| session.check(policy).is_ok());
    assert!(accepted.is_sorted(), "a stricter policy accepts what a more lenient one does not");
    for policy in Policy::ALL {
        let first = findings.iter().find(|finding| !finding.tolerated_by(policy));
        let refused = session.check(policy).err();
        assert_eq!(first.is_some(), refused.is_some(), "{policy}: {first:?} {refused:?}");
    }
}

/// Calls every getter of a section.
fn look(media: &Media<'_>) {
    let _ = (media.line(), media.mid(), media.is_rejected(), media.is_bundle_only());
    let _ = (media.transport().ice_credentials(), media.ice_options(), media.tls_id());
    let _ = (media.end_of_candidates(), media.setup(), media.sctp_port(), media.rtcp_mux());
    let _ = (media.max_message_size(), media.direction(), media.connection());
    for candidate in media.candidates().flatten() {
        let text = candidate.to_string();
        assert_eq!(text.parse::<Candidate<'static>>(), Ok(candidate), "{text}");
    }
    let _ = media.fingerprints().count();
    for line in media.attributes() {
        let _ = line.name_lossy();
        let Ok(typed) = line.typed() else { continue };
        if matches!(typed, Attribute::Unknown { .. }) {
            continue; // bytes, which need not be text
        }
        let text = typed.to_string();
        let value = (!typed.is_flag()).then_some(&*text);
        let read = Attribute::read(typed.name(), value).map(|read| read.to_string());
        assert_eq!(read.as_ref(), Ok(&text), "a={} is read otherwise than printed", typed.name());
    }
    formats(media);
}

/// A format agrees with itself, and has the same parameters as its copy.
fn formats(media: &Media<'_>) {
    let Ok(formats) = media.rtp_formats() else { return };
    for format in &formats {
        let owned = format.clone().into_owned();
        assert_eq!(owned.parameters(), format.parameters());
        let (ours, theirs) = (format.parameters(), owned.parameters());
        assert_eq!(ours.compatible(&theirs), theirs.compatible(&ours), "{ours:?}");
        let same = |other: &sdp_proto::codec::Format<'_>| format.same(&formats, other, &formats);
        let count = formats.iter().filter(|other| same(other)).count();
        assert!(count <= formats.len());
    }
}

/// What is written of it must be read the same.
fn copies(session: &Session<'_>) {
    if let Ok(normal) = session.normalised() {
        assert_eq!(normal.normalised().as_ref(), Ok(&normal), "normalised twice is not once");
    }
    if let Ok(anonymous) = session.anonymised() {
        assert_eq!(anonymous.media_count(), session.media_count());
    }
    let _ = session.check_whip_offer();
    if let Ok(fragment) = Fragment::of(session) {
        let read = Fragment::accept(&fragment.to_bytes(), Policy::Strict).map(|_| ());
        assert_eq!(read, Ok(()), "a fragment that was written is not one");
    }
    let owned = session.clone().into_owned();
    assert_eq!(owned, *session);
    answer(session);
}

/// An offer of a data channel is answered, and the answer is fit for the strictest.
fn answer(offer: &Session<'_>) {
    let credentials = IceCredentials {
        ufrag: IceUfrag::new("8hhY").expect("a ufrag"),
        pwd: IcePwd::new("asd88fgpdd777uzjYhagZg").expect("a password"),
    };
    let side = DataChannel::new(4711, credentials, [Fingerprint::sha256([7; 32])]);
    if offer.check(Policy::Compat).is_err() {
        return;
    }
    let Ok(answer) = side.answer(offer) else { return };
    let bytes = answer.to_bytes();
    let read = Session::accept(&bytes, Policy::Strict);
    assert!(read.is_ok(), "{:?} in our answer\n{answer}", read.err());
    assert_eq!(answer.media_count(), offer.media_count(), "an answer loses no section");
}

fn edits(mut session: Session<'_>, data: &[u8]) {
    let [first, second, ..] = *data else { return };
    let at = usize::from(first) % (session.line_count() + 1);
    let before = session.line_count();
    let clear = session.check(Policy::Camera).is_ok();
    let value = core::str::from_utf8(&data[data.len() / 2..]).ok();
    match second % 4 {
        0 if session.insert_line(at, "a=x").is_ok() => assert_eq!(session.line_count(), before + 1),
        1 if session.remove_line(at).is_ok() => assert_eq!(session.line_count(), before - 1),
        2 if session.replace_line(at, "m=audio 9 RTP/AVP 0").is_ok() => {
            assert_eq!(session.line_count(), before);
        }
        _ if session.add_attribute_text(Part::Session, "x", value).is_ok() => {
            assert_eq!(session.line_count(), before + 1);
        }
        _ => return,
    }
    let bytes = session.to_bytes();
    let Ok(read) = Session::parse(&bytes) else { return };
    assert_eq!(&*read.to_bytes(), &*bytes);
    // A text with line ends of several kinds may be read in several ways, and no policy takes it.
    if clear {
        let lines = |session: &Session<'_>| -> Vec<Vec<u8>> {
            session.lines().map(|line| line.content().to_vec()).collect()
        };
        assert_eq!(lines(&read), lines(&session), "an edit is read otherwise than it was made");
    }
}

fn fragment(data: &[u8]) {
    let accepted = Policy::ALL.map(|policy| match Fragment::accept(data, policy) {
        Ok(fragment) => {
            assert_eq!(&*fragment.to_bytes(), data);
            true
        }
        Err(AcceptError::Refused(_) | AcceptError::Limit(_)) => false,
    });
    assert!(accepted.is_sorted(), "a stricter policy accepts what a more lenient one does not");
    let Ok(fragment) = Fragment::parse(data) else { return };
    let _ = (fragment.ice_credentials(), fragment.ice_options(), fragment.end_of_candidates());
    fragment.sections().for_each(|media| look(&media));
}
