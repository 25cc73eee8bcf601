use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use super::*;
use crate::diagnostic::Code;

#[test]
fn lines_print_as_they_are_read() {
    for text in ["- 123456789012345678901234567890 1 IN IP4 192.0.2.1", "jdoe 1 2 IN IP6 ::1"] {
        assert_eq!(Origin::parse(text).unwrap().to_string(), text);
    }
    for text in ["IN IP4 0.0.0.0", "IN IP4 224.2.1.1/127/3", "IN IP6 ff15::101/3", "IN IP4 a.b"] {
        assert_eq!(Connection::parse(text).unwrap().to_string(), text);
    }
    for text in ["AS:128", "TIAS:64000", "X-YZ:1", "CT:0", "RS:800", "RR:2400"] {
        assert_eq!(Bandwidth::parse(text).unwrap().to_string(), text);
    }
    for text in ["audio 9 UDP/TLS/RTP/SAVPF 111 0", "video 5004/2 RTP/AVP 96"] {
        assert_eq!(MediaLine::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Timing::parse("0 0").unwrap().to_string(), "0 0");
    assert_eq!(Origin::anonymous(7, 2).to_string(), "- 7 2 IN IP4 0.0.0.0");
}

#[test]
fn bandwidth_knows_its_unit() {
    let bits = |text| Bandwidth::parse(text).unwrap().bits_per_second();
    assert_eq!(bits("AS:128"), Some(128_000));
    assert_eq!(bits("TIAS:128"), Some(128));
    assert_eq!(bits("X:128"), None);
    assert_eq!(bits("AS:18446744073709551615"), Some(u64::MAX));
}

#[test]
fn times_have_units_and_do_not_overflow() {
    let repeat = Repeat::parse("7d 1h 0 25h").unwrap();
    assert_eq!((repeat.interval, repeat.duration), (604_800, 3_600));
    assert_eq!(repeat.offsets().collect::<Vec<_>>(), [0, 90_000]);
    let zones = Zones::parse("2882844526 -1h 2898848070 0").unwrap();
    assert_eq!(zones.iter().collect::<Vec<_>>(), [(2_882_844_526, -3600), (2_898_848_070, 0)]);
    let overflow = Repeat::parse("9223372036854775807d 1h 0").unwrap_err();
    assert_eq!(overflow.code, Code::TimeOverflow);
    assert_eq!(Zones::parse("1 9223372036854775808").unwrap_err().code, Code::TimeOverflow);
    assert_eq!(Repeat::parse("7d 1h").unwrap_err().code, Code::RepeatSyntax);
    assert_eq!(Repeat::parse("7w 1h 0").unwrap_err().code, Code::RepeatSyntax);
    assert_eq!(Zones::parse("1").unwrap_err().code, Code::ZoneSyntax);
    assert_eq!(Timing::parse("0").unwrap_err().code, Code::TimeSyntax);
    assert_eq!(Timing::parse("a b").unwrap_err().code, Code::TimeSyntax);
}

#[test]
fn connections_hold_to_their_family() {
    let code = |text| Connection::parse(text).unwrap_err().code;
    assert_eq!(code("IN IP4 2001:db8::1"), Code::AddressFamily);
    assert_eq!(code("IN IP6 192.0.2.1"), Code::AddressFamily);
    assert_eq!(code("IN IP5 192.0.2.1"), Code::AddressType);
    assert_eq!(code("XX IP4 192.0.2.1"), Code::NetworkType);
    assert_eq!(code("IN IP4 192.0.2.256"), Code::Address);
    assert_eq!(code("IN IP4 bücher.example"), Code::Address);
    assert_eq!(code("IN IP4 224.2.1.1/256"), Code::MulticastTtl);
    assert_eq!(code("IN IP4 224.2.1.1/127/4294967295"), Code::AddressCount);
    assert_eq!(code("IN IP6 ff15::1/0"), Code::AddressCount);
    assert_eq!(code("IN"), Code::ConnectionSyntax);
    let written = |ip: [u8; 4]| Connection::new(ip.into()).to_string();
    assert_eq!(written([192, 0, 2, 1]), "IN IP4 192.0.2.1");
    assert_eq!(written([233, 252, 0, 1]), "IN IP4 233.252.0.1/1");
    let ip6 = Connection::parse("IN IP6 ::").unwrap();
    assert_eq!(ip6.ip(), Some(Ipv6Addr::UNSPECIFIED.into()));
}

#[test]
fn media_lines_are_read_with_mercy_and_judged_without() {
    let camera = "application/tp-link 0 RTP/AVP smart/0/25000";
    assert_eq!(MediaLine::parse(camera).unwrap().formats().collect::<Vec<_>>(), ["smart/0/25000"]);
    assert_eq!(MediaLine::strict(camera).unwrap_err().code, Code::MediaType);
    assert_eq!(MediaLine::strict("audio 9 RTP/AVP").unwrap_err().code, Code::MediaSyntax);
    assert_eq!(MediaLine::strict("audio 9 RTP/AVP 256").unwrap_err().code, Code::PayloadType);
    assert_eq!(MediaLine::strict("audio 9 RTP//AVP 0").unwrap_err().code, Code::MediaProtocol);
    assert_eq!(MediaLine::strict("audio 9 udp (null)").unwrap_err().code, Code::MediaFormat);
    assert_eq!(MediaLine::parse("audio port RTP/AVP 0").unwrap_err().code, Code::MediaPort);
    assert_eq!(MediaLine::parse("audio 9/0 RTP/AVP 0").unwrap_err().code, Code::MediaPortCount);
    assert_eq!(MediaLine::parse("audio 9").unwrap_err().code, Code::MediaSyntax);
    assert_eq!(MediaLine::parse("").unwrap_err().code, Code::MediaSyntax);
}

#[test]
fn data_channels_and_rtp_are_told_apart() {
    let line = |text| MediaLine::parse(text).unwrap();
    assert!(line("application 9 UDP/DTLS/SCTP webrtc-datachannel").is_data_channel());
    assert!(line("application 9 DTLS/SCTP 5000").is_data_channel());
    assert!(!line("audio 9 UDP/TLS/RTP/SAVPF 0").is_data_channel());
    assert!(line("audio 9 UDP/TLS/RTP/SAVPF 0").is_rtp());
    assert!(line("audio 9 RTP/AVP 0").is_rtp());
    assert!(!line("message 9 TCP/MSRP *").is_rtp());
}
