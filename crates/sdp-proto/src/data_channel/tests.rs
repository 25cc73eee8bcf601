use alloc::string::{String, ToString};

use super::*;
use crate::Policy;
use crate::attribute::{Direction, IcePwd, IceUfrag};

fn side() -> DataChannel<'static> {
    let credentials = IceCredentials {
        ufrag: IceUfrag::new("8hhY").unwrap(),
        pwd: IcePwd::new("asd88fgpdd777uzjYhagZg").unwrap(),
    };
    let mut side = DataChannel::new(7, credentials, [Fingerprint::sha256([0xAB; 32])]);
    side.candidates = [
        "1 1 udp 2130706431 192.0.2.1 5000 typ host",
        "2 1 udp 1694498815 198.51.100.1 6000 typ srflx raddr 192.0.2.1 rport 5000",
    ]
    .map(|text| text.parse().unwrap())
    .into();
    side
}

#[test]
fn an_offer_is_written_line_by_line_as_others_expect_it() {
    let mut side = side();
    side.ice_options = Some(IceOptions::new(["ice2", "trickle"]).unwrap());
    side.ice_pacing = Some(IcePacing { ms: 5 });
    side.end_of_candidates = true;
    let offer = side.offer().unwrap();
    let hex = ["AB"; 32].join(":");
    let expected = alloc::format!(
        "v=0\r\no=- 7 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-pacing:5\r\n\
         m=application 6000 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 198.51.100.1\r\n\
         a=mid:0\r\na=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n\
         a=ice-options:ice2 trickle\r\na=fingerprint:sha-256 {hex}\r\na=setup:actpass\r\n\
         a=sctp-port:5000\r\na=max-message-size:262144\r\n\
         a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\n\
         a=candidate:2 1 udp 1694498815 198.51.100.1 6000 typ srflx raddr 192.0.2.1 rport 5000\r\n\
         a=end-of-candidates\r\n"
    );
    assert_eq!(String::from_utf8(offer.to_bytes().into_owned()).unwrap(), expected);
    assert!(offer.check(Policy::Strict).is_ok());
}

#[test]
fn without_candidates_the_default_destination_is_nowhere() {
    let mut side = side();
    side.candidates.clear();
    let offer = side.offer().unwrap();
    let media = offer.data_channel().unwrap();
    assert_eq!(media.line().unwrap().port, 9);
    assert_eq!(media.connection().unwrap(), Some(Connection::UNKNOWN));
}

#[test]
fn an_answer_has_all_sections_of_the_offer_and_rejects_the_others() {
    let offer = b"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a d v\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=setup:passive\r\n\
        a=rtcp-mux\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\n\
        a=setup:active\r\na=sctp-port:5000\r\n\
        m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\na=bundle-only\r\n";
    let offer = Session::accept(offer, Policy::Strict).unwrap();
    let answer = side().answer(&offer).unwrap();
    assert!(answer.check(Policy::Strict).is_ok());
    let ports: Vec<_> = answer.media().map(|m| m.line().unwrap().port).collect();
    assert_eq!(ports, [0, 6000, 0]);
    let mids: Vec<_> = answer.media().map(|m| m.mid().unwrap().unwrap().into_owned()).collect();
    assert_eq!(mids, ["a", "d", "v"]);
    assert!(answer.media_at(0).unwrap().is_rejected());
    assert_eq!(answer.media_at(2).unwrap().direction(), Direction::Inactive);
    let accepted = answer.data_channel().unwrap();
    assert_eq!(accepted.setup().unwrap(), Some(Setup::Passive));
    let group = answer.session_section().get::<Group<'_>>().unwrap().unwrap();
    assert!(group.mids().eq(["d"]));
}

#[test]
fn an_old_offer_is_answered_in_its_own_terms() {
    let offer = b"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        m=application 9 DTLS/SCTP 5000\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\n\
        a=setup:actpass\r\na=sctpmap:5000 webrtc-datachannel 1024\r\n";
    let answer = side().answer(&Session::parse(offer).unwrap()).unwrap();
    let media = answer.data_channel().unwrap();
    assert_eq!(media.line().unwrap().proto, "DTLS/SCTP");
    assert!(media.has("sctpmap") && !media.has("sctp-port"));
    assert!(!answer.session_section().has("group"));
}

#[test]
fn an_offer_without_data_is_not_answered() {
    let audio = b"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
    let refused = side().answer(&Session::parse(audio).unwrap());
    assert_eq!(refused, Err(AnswerError::NoDataChannel));
    let off = b"v=0\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    let refused = side().answer(&Session::parse(off).unwrap());
    assert_eq!(refused, Err(AnswerError::NoDataChannel));
}

#[test]
fn an_answer_repeats_the_times_and_has_a_tls_id_only_if_asked() {
    let mut side = side();
    side.tls_id = Some(TlsId::new("abc3de65cddef001be82").unwrap());
    let offer = |attribute: &str| {
        alloc::format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=3034423619 0\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
             a=sctp-port:5000\r\n{attribute}"
        )
    };
    let answer = |offer: &str| side.answer(&Session::parse(offer.as_bytes()).unwrap()).unwrap();
    let with = answer(&offer("a=tls-id:0123456789abcdefghij\r\n"));
    let without = answer(&offer(""));
    let has = |session: &Session<'_>| session.data_channel().unwrap().has("tls-id");
    assert!(has(&with) && !has(&without));
    assert!(with.lines().any(|line| line.content() == b"t=3034423619 0"));
    assert!(!with.data_channel().unwrap().has("mid"));
}

#[test]
fn the_default_candidate_is_the_one_most_likely_to_work() {
    let mut side = side();
    side.candidates.push(
        "3 1 udp 1 203.0.113.9 7000 typ relay raddr 198.51.100.1 rport 6000".parse().unwrap(),
    );
    let offer = side.offer().unwrap();
    let media = offer.data_channel().unwrap();
    assert_eq!(media.line().unwrap().port, 7000);
    assert_eq!(media.connection().unwrap().unwrap().to_string(), "IN IP4 203.0.113.9");
}

#[test]
fn a_lite_side_writes_no_pacing() {
    let mut side = side();
    side.ice_pacing = Some(IcePacing { ms: 5 });
    side.ice_lite = true;
    let offer = side.offer().unwrap().to_string();
    assert!(offer.contains("a=ice-lite\r\n") && !offer.contains("ice-pacing"), "{offer}");
}
