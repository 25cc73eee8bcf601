//! Unit tests of what no description shows.

use alloc::format;
use alloc::vec::Vec;

use super::numbers::{self, Numbers, Taken};

#[test]
fn payload_types_that_look_like_rtcp_are_never_given_out() {
    let (mut types, mut taken, mut given) = (Numbers::default(), Taken::default(), Vec::new());
    while let Some(number) =
        types.assign(&format!("codec {}", given.len()), None, &mut taken, numbers::payload_types())
    {
        given.push(number);
    }
    assert_eq!(given.len(), 32 + 29);
    assert!(given.iter().all(|number| *number < 128 && !(64..=95).contains(number)));
    // What has a number keeps it, in a section that has not used it yet.
    let mut other = Taken::default();
    let again = types.assign("codec 7", Some(0), &mut other, numbers::payload_types());
    assert_eq!(again, Some(given[7]));
}

#[test]
fn a_wish_is_granted_unless_the_number_stands_for_something() {
    let (mut types, mut taken) = (Numbers::default(), Taken::default());
    types.adopt(111, "theirs");
    types.adopt(111, "later");
    let number = types.assign("ours", Some(111), &mut taken, numbers::payload_types());
    assert_eq!(number, Some(96));
    let number = types.assign("other", Some(50), &mut taken, numbers::payload_types());
    assert_eq!(number, Some(50));
    let number = types.assign("theirs", None, &mut taken, numbers::payload_types());
    assert_eq!(number, Some(111));
}

#[test]
fn extension_ids_leave_out_fifteen_and_need_mixed_headers_from_sixteen_on() {
    let one_byte: Vec<u16> = numbers::extension_ids(false).collect();
    assert_eq!(one_byte, (1..=14).collect::<Vec<_>>());
    let mixed: Vec<u16> = numbers::extension_ids(true).collect();
    assert_eq!((mixed.len(), mixed.contains(&15)), (254, false));
}

#[test]
fn of_several_numbers_the_last_one_is_given_again() {
    let (mut ids, mut taken) = (Numbers::default(), Taken::default());
    ids.adopt(4, "mid");
    ids.adopt(1, "mid");
    ids.adopt(2, "other");
    assert_eq!(ids.assign("mid", None, &mut taken, 1..9), Some(1));
    ids.adopt(4, "mid");
    // What stands for something else does not change its meaning.
    ids.adopt(2, "mid");
    assert_eq!(ids.assign("mid", None, &mut Taken::default(), 1..9), Some(4));
    assert_eq!(ids.assign("mid", None, &mut taken, 1..9), Some(4));
}
