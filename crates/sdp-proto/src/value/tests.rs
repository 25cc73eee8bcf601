use alloc::format;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::attribute::{Fmtp, RtpMap, SsrcGroup, TypedAttribute};
use crate::codec::{Red, TelephoneEvent};
use crate::{Media, Policy, Session};

/// What the standard parser of numbers takes and the grammar does not, put before digits.
const BEFORE: [&str; 5] = ["+", "-", " ", "0x", "\u{661}"];

proptest! {
    #[test]
    fn digits_and_nothing_else_are_a_number(number: u64, before in 0..BEFORE.len()) {
        prop_assert_eq!(decimal(&format!("{number}")), Some(number));
        prop_assert_eq!(decimal(&format!("000{number}")), Some(number));
        prop_assert_eq!(decimal::<u64>(&format!("{}{number}", BEFORE[before])), None);
        prop_assert_eq!(decimal::<u64>(&format!("{number} ")), None);
        prop_assert_eq!(decimal::<u8>(&format!("{number}")), u8::try_from(number).ok());
        prop_assert_eq!(decimal::<u64>(&format!("{}9{number:020}", u64::MAX)), None);
    }

    #[test]
    fn a_payload_type_has_one_spelling(number: u8, before in 0..BEFORE.len()) {
        prop_assert_eq!(payload_type(&format!("{number}")), (number < 128).then_some(number));
        prop_assert_eq!(payload_type(&format!("0{number}")), None);
        prop_assert_eq!(payload_type(&format!("{}{number}", BEFORE[before])), None);
    }

    #[test]
    fn integers_and_reals_are_those_of_the_grammar(text in "[+-]?[0-9]{0,4}(\\.[0-9]{0,3})?") {
        let (whole, part) = text.split_once('.').map_or((&text[..], None), |(w, p)| (w, Some(p)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let integer = digits(whole) && !whole.starts_with('0');
        prop_assert_eq!(is_integer(&text), integer && part.is_none());
        let real = part.is_some_and(|p| digits(p) && !p.ends_with('0')) && (integer || whole == "0");
        prop_assert_eq!(is_real(&text), real || (integer && part.is_none()));
    }

    /// Every place that reads a number, with a plus or a zero before it.
    #[test]
    fn no_number_is_read_behind_a_plus_or_a_zero(number in 1..100_u8, plus: bool) {
        let odd = format!("{}{number}", if plus { "+" } else { "0" });
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP {odd} 127\r\n"
        );
        let session = Session::parse(text.as_bytes()).unwrap();
        let media: Vec<Media<'_>> = session.media().collect();
        let formats = media[0].rtp_formats().unwrap();
        let numbers: Vec<u8> = formats.iter().map(|format| format.payload_type).collect();
        prop_assert_eq!(numbers, [127]);
        prop_assert!(session.check(Policy::Compat).is_err());

        for name in ["rtpmap", "rtcp-fb", "ssrc", "ssrc-group", "imageattr"] {
            let value = match name {
                "rtpmap" => format!("{odd} opus/48000"),
                "rtcp-fb" => format!("{odd} nack"),
                "ssrc" => format!("{odd} cname:x"),
                "ssrc-group" => format!("FID {odd}"),
                _ => format!("{odd} send *"),
            };
            let read = crate::attribute::Attribute::read(name, Some(&value));
            prop_assert!(read.is_err(), "{}", value);
        }
        let rtpmap = |value: &str| RtpMap::read("rtpmap", Some(value)).map(RtpMap::into_owned);
        let rate = format!("96 x/{odd}");
        prop_assert!(rtpmap(&rate).is_err());
        prop_assert_eq!(rtpmap(&format!("96 x/8000/{odd}")).unwrap().channels(), 1);
        let fmtp = |value: &str| Fmtp::read("fmtp", Some(value)).map(Fmtp::into_owned);
        prop_assert_eq!(fmtp(&format!("{odd} x=1")).unwrap().payload_type(), None);
        let blocks = format!("{odd}/111");
        prop_assert!(Red::new(&blocks).is_none());
        prop_assert_eq!(TelephoneEvent::new(&odd).is_some(), !plus);
        let group = format!("FID 1 {odd}");
        prop_assert!(SsrcGroup::read("ssrc-group", Some(&group)).is_err());
    }
}
