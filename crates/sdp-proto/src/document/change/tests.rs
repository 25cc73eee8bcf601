use alloc::borrow::Cow;
use alloc::string::ToString;

use super::super::Document;
use super::GARBAGE_MAX;
use crate::limits::Limits;

#[test]
fn text_of_replaced_lines_does_not_pile_up() {
    let text = Cow::Borrowed(&b"v=0\r\na=sendrecv\n\na=x"[..]);
    let mut edited = Document::parse(text, Limits::default()).unwrap();
    let long = "a=x:".to_string() + &"y".repeat(8000);
    for _ in 0..100 {
        edited.replace(1, &long).unwrap();
    }
    assert!(edited.extra.len() < 5 * GARBAGE_MAX, "{}", edited.extra.len());
    let expected = "v=0\r\n".to_string() + &long + "\n\na=x";
    assert_eq!(edited.to_bytes(), expected.as_bytes());
}
