use core::net::Ipv4Addr;

use super::*;
use crate::attribute::{Control, Group, Mid};
use crate::diagnostic::Code;
use crate::text::Token;

fn builder() -> Builder {
    Builder::new(&Origin::anonymous(1, 1)).unwrap()
}

fn audio() -> MediaLine<'static> {
    MediaLine::new(Token::new("audio").unwrap(), 9, "RTP/AVP", ["0"]).unwrap()
}

fn text(builder: Builder) -> String {
    String::from_utf8(builder.finish().unwrap().to_bytes().into_owned()).unwrap()
}

#[test]
fn what_is_left_out_and_needed_is_written() {
    assert_eq!(text(builder()), "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    let mut named = builder();
    named.name(&Text::new("a b").unwrap()).unwrap();
    named.connection(&Connection::UNKNOWN).unwrap();
    named.timing(&Timing { start: 3, stop: 4 }).unwrap();
    let expected = "s=a b\r\nc=IN IP4 0.0.0.0\r\nt=3 4\r\n";
    assert!(text(named).ends_with(expected));
}

#[test]
fn lines_out_of_order_are_refused() {
    let mut builder = builder();
    builder.bandwidth(&Bandwidth::parse("AS:1").unwrap()).unwrap();
    let connection = Connection::new(Ipv4Addr::LOCALHOST.into());
    assert_eq!(builder.connection(&connection).err(), Some(WriteError::Order { line: 'c' }));
    builder.media(&audio()).unwrap();
    builder.connection(&connection).unwrap();
    assert_eq!(builder.connection(&connection).err(), Some(WriteError::Order { line: 'c' }));
    assert_eq!(builder.timing(&Timing::default()).err(), Some(WriteError::Order { line: 't' }));
    let name = Text::new("x").unwrap();
    assert_eq!(builder.name(&name).err(), Some(WriteError::Order { line: 's' }));
    builder.attribute_text("x", None).unwrap();
    let late = builder.bandwidth(&Bandwidth::parse("AS:1").unwrap()).err();
    assert_eq!(late, Some(WriteError::Order { line: 'b' }));
    assert!(text(builder).ends_with("m=audio 9 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\na=x\r\n"));
}

#[test]
fn no_value_breaks_out_of_its_line() {
    let mut builder = builder();
    for evil in ["x\r\na=y", "x\ny", "x\ry", "x\0y"] {
        let refused = builder.attribute_text("tool", Some(evil)).err();
        assert!(matches!(refused, Some(WriteError::Break { .. })), "{evil:?}");
        assert!(Text::new(evil).is_err());
    }
    assert_eq!(builder.attribute_text("to ol", None).err(), Some(WriteError::Name));
    assert_eq!(builder.attribute_text("", None).err(), Some(WriteError::Name));
    let flag = builder.attribute_text("rtcp-mux", Some("")).err();
    assert!(matches!(flag, Some(WriteError::Value(_))));
    assert!(text(builder).ends_with("t=0 0\r\n"));
}

#[test]
fn a_type_of_the_caller_is_held_to_the_same_rules() {
    /// Claims to be a `mid` and writes what is none.
    struct Forged;
    impl TypedAttribute<'_> for Forged {
        const NAMES: &'static [&'static str] = &["mid"];
        const LEVEL: crate::attribute::Level = crate::attribute::Level::Media;

        fn read(_: &str, _: Option<&str>) -> Result<Self, crate::ValueError> {
            Ok(Self)
        }
    }
    impl core::fmt::Display for Forged {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("0\r\na=evil")
        }
    }
    let mut builder = builder();
    builder.media(&audio()).unwrap();
    assert!(matches!(builder.attribute(&Forged), Err(WriteError::Break { .. })));
}

#[test]
fn what_is_wrong_as_a_whole_is_refused_at_the_end() {
    let mut builder = builder();
    let group = Group::new(Token::new("BUNDLE").unwrap(), [Token::new("0").unwrap()]);
    builder.attribute(&group).unwrap();
    let Err(WriteError::Refused(refusal)) = builder.clone().finish() else {
        panic!("a group without members was accepted")
    };
    assert_eq!(refusal.first.code, Code::GroupUnknownMid);
    builder.media(&audio()).unwrap();
    builder.attribute(&Mid(Token::new("0").unwrap())).unwrap();
    builder.attribute(&crate::attribute::RtcpMux).unwrap();
    builder.attribute(&Control(Text::new("track 1").unwrap())).unwrap();
    assert!(builder.finish().is_ok());
}
