use alloc::string::{String, ToString};

use crate::{Policy, Session};

fn normal(text: &str) -> String {
    Session::parse(text.as_bytes()).unwrap().normalised().unwrap().to_string()
}

#[test]
fn line_ends_blanks_and_marks_are_put_right() {
    let text = "\u{FEFF}v=0\n\n  o=-  1 1 IN IP4\t192.0.2.1 \r\r\ns =x \nt=0  0\nstray\n\0";
    assert_eq!(normal(text), "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x \r\nt=0 0\r\n");
    assert_eq!(normal("v=0\r\ns=x\r\nt=0 0\r\nk=x\r"), "v=0\r\ns=x\r\nt=0 0\r\nk=x\r\n");
}

#[test]
fn lines_are_put_in_order_and_keep_it_among_their_kind() {
    let text = "a=x\r\nt=2 3\r\nr=1 1 0\r\nt=4 5\r\na=y\r\no=- 1 1 IN IP4 192.0.2.1\r\n\
        m=audio 9 RTP/AVP 0\r\na=b\r\na=a\r\nb=AS:1\r\nc=IN IP4 192.0.2.1\r\nm=video 9 RTP/AVP 96\r\n";
    assert_eq!(
        normal(text),
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=2 3\r\nr=1 1 0\r\nt=4 5\r\na=x\r\na=y\r\n\
         m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nb=AS:1\r\na=b\r\na=a\r\n\
         m=video 9 RTP/AVP 96\r\n"
    );
}

#[test]
fn values_have_the_spelling_of_their_type_and_the_unreadable_stays() {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
    let lines = |lines: &str| normal(&(head.to_string() + lines)).replace(head, "");
    assert_eq!(lines("a=fingerprint:x  ab:cd \r\n"), "a=fingerprint:x AB:CD\r\n");
    assert_eq!(
        lines("a=candidate:1 1 UDP 5 2001:DB8:0::1 9  typ host\r\n"),
        "a=candidate:1 1 udp 5 2001:db8::1 9 typ host\r\n"
    );
    assert_eq!(lines("a=ice-options:ice2,trickle\r\n"), "a=ice-options:ice2 trickle\r\n");
    assert_eq!(lines("a=setup: foo \r\na=x:  y \r\n"), "a=setup: foo \r\na=x:  y \r\n");
}

#[test]
fn what_only_its_spelling_made_unacceptable_becomes_acceptable() {
    let text =
        "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=\nt=0 0\n\nm=audio 9 RTP/AVP 0 \nc=IN IP4 192.0.2.1";
    assert!(Session::parse(text.as_bytes()).unwrap().check(Policy::Strict).is_err());
    let normal = normal(text);
    assert!(Session::parse(normal.as_bytes()).unwrap().diagnostics().is_empty());
}

#[test]
fn a_carriage_return_at_the_end_of_a_line_hides_nothing_from_the_first_pass() {
    for text in ["s=\r\r\r\n", "s=-\n\na=rtpmap:0  PCMU/8000 \r\r\r\n", "v=0\ns=\r"] {
        let once = Session::parse(text.as_bytes()).unwrap().normalised().unwrap();
        assert_eq!(once.normalised().unwrap(), once, "{text:?}");
    }
}
