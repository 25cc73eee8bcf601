//! What the grammar allows and what it forbids, line by line: RFC 8866 §9 and the RFCs of the
//! attributes. Neither may be mistaken for the other.

use sdp_proto::{Fragment, Policy, Session};

mod allowed;
mod forbidden;

const TOP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";

/// A description with these lines in their places: before `t=`, behind it, and in a section.
fn description(before: &str, behind: &str, media: &str) -> String {
    let crlf = |lines: &str| lines.replace('\n', "\r\n");
    format!("{TOP}{}t=0 0\r\n{}{}", crlf(before), crlf(behind), crlf(media))
}

/// One attribute of a section of audio, which has an address and three formats.
fn with_attribute(attribute: &str) -> String {
    let media = "m=audio 49170 RTP/AVP 0 96 97\nc=IN IP4 192.0.2.1\na=rtpmap:97 opus/48000/2\n";
    description("", "", &format!("{media}a={attribute}\n"))
}

fn verdicts(text: &str) -> [Result<(), String>; 3] {
    Policy::ALL.map(|policy| match Session::accept(text.as_bytes(), policy) {
        Ok(session) => {
            assert_eq!(&*session.to_bytes(), text.as_bytes());
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    })
}

/// Complains of all that are judged otherwise than they should, at once.
fn all<'t>(texts: impl IntoIterator<Item = (&'t str, String)>, wanted: bool) {
    let wrong = texts.into_iter().filter_map(|(what, text)| {
        let [strict, ..] = verdicts(&text);
        (strict.is_ok() != wanted).then(|| format!("{what}: {strict:?}"))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
