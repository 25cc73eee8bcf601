use alloc::borrow::Cow;
use alloc::string::{String, ToString};

use super::*;
use crate::attribute::{Direction, MaxMessageSize, Mid};
use crate::limits::{LimitError, Limits};
use crate::text::Token;

const TEXT: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\ns=-\r\nt=0 0\r\n\
    m=audio 9 RTP/AVP 0\r\na=sendrecv\n\nm=video 9 RTP/AVP 96 \r\na=mid:1\r\na=x";

fn session() -> Session<'static> {
    Session::parse(TEXT.as_bytes()).unwrap()
}

fn text(session: &Session<'_>) -> String {
    String::from_utf8(session.to_bytes().into_owned()).unwrap()
}

#[test]
fn an_edit_touches_its_line_alone() {
    let mut edited = session();
    edited.replace_line(5, "a=sendonly").unwrap();
    assert_eq!(text(&edited), TEXT.replace("a=sendrecv\n", "a=sendonly\n"));
    assert_eq!(edited.media_at(0).unwrap().direction(), Direction::SendOnly);
    assert!(edited.is_edited() && !session().is_edited());
}

#[test]
fn a_new_line_ends_like_the_one_before_it() {
    let mut edited = session();
    edited.add_attribute(Part::Media(0), &Mid(Token::new("0").unwrap())).unwrap();
    assert_eq!(text(&edited), TEXT.replace("a=sendrecv\n", "a=sendrecv\na=mid:0\n"));
    assert_eq!(edited.media_at(1).unwrap().mid().unwrap().unwrap(), "1");
}

#[test]
fn after_a_line_without_end_the_new_one_has_none() {
    let mut edited = session();
    edited.add_attribute_text(Part::Media(1), "y", Some("1")).unwrap();
    assert_eq!(text(&edited), TEXT.to_string() + "\r\na=y:1");
}

#[test]
fn set_replaces_the_first_and_removes_the_rest() {
    let mut edited = session();
    edited.add_attribute(Part::Media(0), &Direction::Inactive).unwrap();
    edited.set_attribute(Part::Media(0), &Direction::RecvOnly).unwrap();
    assert_eq!(text(&edited), TEXT.replace("a=sendrecv", "a=recvonly"));
    edited.set_attribute(Part::Media(0), &MaxMessageSize(7)).unwrap();
    assert_eq!(edited.media_at(0).unwrap().max_message_size(), Ok(7));
    assert_eq!(edited.remove_attributes(Part::Media(0), "max-message-size"), Ok(1));
    assert_eq!(edited.remove_attributes(Part::Session, "mid"), Ok(0));
}

#[test]
fn sections_come_and_go_with_their_lines() {
    let mut edited = session();
    edited.remove_line(4).unwrap();
    assert_eq!(edited.media_count(), 1);
    edited.insert_line(4, "m=text 9 RTP/AVP 98").unwrap();
    assert_eq!(edited.media_count(), 2);
    assert_eq!(edited.media_at(0).unwrap().line().unwrap().media, "text");
}

#[test]
fn a_line_break_is_refused_and_nothing_changes() {
    let mut edited = session();
    for bad in ["a=x\r\na=y", "a=x\n", "a=x\r", "a=x\0"] {
        assert!(matches!(edited.insert_line(5, bad), Err(WriteError::Break { .. })), "{bad:?}");
        assert!(matches!(edited.replace_line(5, bad), Err(WriteError::Break { .. })));
    }
    let added = edited.add_attribute_text(Part::Session, "x", Some("1\r\na=evil"));
    assert!(matches!(added, Err(WriteError::Break { .. })));
    assert_eq!(edited.add_attribute_text(Part::Session, "x y", None), Err(WriteError::Name));
    assert_eq!(edited.insert_line(5, "x"), Err(WriteError::NotALine));
    assert_eq!(edited.insert_line(5, " a=x"), Err(WriteError::NotALine));
    assert_eq!(edited.insert_line(99, "a=x"), Err(WriteError::NoSuchLine { index: 99 }));
    let nowhere = edited.add_attribute_text(Part::Media(9), "x", None);
    assert_eq!(nowhere, Err(WriteError::NoSuchMedia { index: 9 }));
    let wrong = edited.add_attribute_text(Part::Session, "setup", Some("foo"));
    assert!(matches!(wrong, Err(WriteError::Value(_))));
    assert_eq!(text(&edited), TEXT);
}

#[test]
fn limits_hold_for_edits_and_leave_all_as_it_was() {
    let limits = Limits { attributes_max: 2, media_max: 2, bytes_max: 200, ..Limits::default() };
    let mut edited = Session::parse_with(Cow::Borrowed(TEXT.as_bytes()), limits).unwrap();
    let third = edited.add_attribute_text(Part::Media(1), "y", None);
    assert!(matches!(third, Err(WriteError::Limit(LimitError::Attributes { .. }))));
    let media = edited.insert_line(4, "m=text 9 RTP/AVP 98");
    assert!(matches!(media, Err(WriteError::Limit(LimitError::Media { .. }))));
    let long = edited.add_attribute_text(Part::Media(0), "y", Some(&"z".repeat(100)));
    assert!(matches!(long, Err(WriteError::Limit(LimitError::Bytes { .. }))));
    assert_eq!(text(&edited), TEXT);
    assert_eq!(edited.media_count(), 2);
}

#[test]
fn a_byte_order_mark_survives_an_edit() {
    let text = "\u{FEFF}v=0\r\ns=-\r\n";
    let mut edited = Session::parse(text.as_bytes()).unwrap();
    edited.replace_line(1, "s=x").unwrap();
    assert_eq!(&*edited.to_bytes(), "\u{FEFF}v=0\r\ns=x\r\n".as_bytes());
}
