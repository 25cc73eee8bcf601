use alloc::string::String;

use super::*;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n\
    a=setup:actpass\r\na=sendonly\r\na=rtcp-mux\r\na=rtcp-mux-only\r\na=msid:stream audio\r\n\
    m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=bundle-only\r\n\
    a=sendonly\r\na=rtcp-mux-only\r\na=msid:stream video\r\n";

fn answer_text() -> String {
    OFFER
        .replace("sendonly", "recvonly")
        .replace("actpass", "passive")
        .replace("m=video 0", "m=video 9")
        .replace("a=bundle-only\r\n", "")
}

fn offer(text: &str) -> Result<(), WhipError> {
    Session::parse(text.as_bytes()).unwrap().check_whip_offer()
}

fn answer(text: &str) -> Result<(), WhipError> {
    let offer = Session::parse(OFFER.as_bytes()).unwrap();
    Session::parse(text.as_bytes()).unwrap().check_whip_answer(&offer)
}

#[test]
fn an_offer_and_its_answer_pass() {
    assert_eq!(offer(OFFER), Ok(()));
    assert_eq!(answer(&answer_text()), Ok(()));
}

#[test]
fn each_rule_of_an_offer_is_kept() {
    let changed = |from: &str, to: &str| {
        assert!(OFFER.contains(from));
        offer(&OFFER.replacen(from, to, 1)).unwrap_err()
    };
    let media = 1;
    assert_eq!(changed("BUNDLE 0 1", "BUNDLE 0"), WhipError::NotBundled { media });
    assert_eq!(changed("BUNDLE", "LS"), WhipError::NotBundled { media: 0 });
    let direction = Direction::RecvOnly;
    assert_eq!(changed("sendonly", "recvonly"), WhipError::Direction { media: 0, direction });
    assert_eq!(changed("msid:stream video", "msid:other video"), WhipError::Stream { media });
    assert_eq!(changed("a=msid:stream video\r\n", ""), WhipError::Stream { media });
    assert_eq!(changed("m=video", "m=audio"), WhipError::SecondTrack { media });
    assert_eq!(changed("actpass", "passive"), WhipError::Setup { media: 0 });
    let mux = "a=rtcp-mux\r\na=rtcp-mux-only\r\n";
    assert_eq!(changed(mux, ""), WhipError::RtcpNotMultiplexed { media: 0 });
    assert!(matches!(changed("mid:0", "mid:(0"), WhipError::Unreadable(_)));
    assert_eq!(offer("v=0\r\n"), Err(WhipError::Empty));
}

#[test]
fn rtcp_mux_of_the_section_with_the_transport_holds_for_the_group() {
    // In a bundle-only section it must not stand, and the example of the draft has it nowhere but
    // in the first one.
    let text = OFFER.replace("a=sendonly\r\na=rtcp-mux-only\r\na=msid", "a=sendonly\r\na=msid");
    assert_eq!(text.matches("rtcp-mux").count(), 2);
    assert_eq!(offer(&text), Ok(()));
    assert_eq!(answer(&answer_text().replace("a=rtcp-mux-only\r\n", "")), Ok(()));
}

#[test]
fn each_rule_of_an_answer_is_kept() {
    let changed = |from: &str, to: &str| {
        let text = answer_text();
        assert!(text.contains(from));
        answer(&text.replacen(from, to, 1)).unwrap_err()
    };
    assert_eq!(changed("m=video 9", "m=video 0"), WhipError::Rejected { media: 1 });
    assert_eq!(changed("m=video", "i=video"), WhipError::SectionCount { answer: 1, offer: 2 });
    let direction = Direction::SendRecv;
    assert_eq!(changed("recvonly", "sendrecv"), WhipError::Direction { media: 0, direction });
    assert_eq!(changed("passive", "actpass"), WhipError::Setup { media: 0 });
}

#[test]
fn an_answer_may_say_bundle_only_as_the_example_of_the_draft_does() {
    let text = answer_text().replace("m=video 9", "m=video 0");
    let bundled = text.replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n");
    assert_eq!(answer(&bundled), Ok(()));
    assert_eq!(answer(&text), Err(WhipError::Rejected { media: 1 }));
    let alone = bundled.replace("BUNDLE 0 1", "BUNDLE 0");
    assert_eq!(answer(&alone), Err(WhipError::NotBundled { media: 1 }));
}

#[test]
fn an_answer_to_a_client_that_opens_dtls_waits_for_it() {
    let offer = OFFER.replace("actpass", "active");
    let offer = Session::parse(offer.as_bytes()).unwrap();
    let check = |text: &str| Session::parse(text.as_bytes()).unwrap().check_whip_answer(&offer);
    assert_eq!(check(&answer_text()), Ok(()));
    let both = answer_text().replace("passive", "active");
    assert_eq!(check(&both), Err(WhipError::Setup { media: 0 }));
    assert_eq!(answer(&both), Ok(()));
}

fn player() -> String {
    OFFER.replace("sendonly", "recvonly").replace("a=msid:stream audio\r\n", "")
}

fn whep_answer(text: &str) -> Result<(), WhipError> {
    let offer = player();
    let offer = Session::parse(offer.as_bytes()).unwrap();
    Session::parse(text.as_bytes()).unwrap().check_whep_answer(&offer)
}

#[test]
fn a_player_receives_and_its_server_sends() {
    let offer = |text: &str| Session::parse(text.as_bytes()).unwrap().check_whep_offer();
    assert_eq!(offer(&player()), Ok(()));
    assert_eq!(offer(&player().replace("recvonly", "sendrecv")), Ok(()));
    let direction = Direction::SendOnly;
    assert_eq!(offer(OFFER), Err(WhipError::Direction { media: 0, direction }));
    let direction = Direction::Inactive;
    let idle = player().replace("recvonly", "inactive");
    assert_eq!(offer(&idle), Err(WhipError::Direction { media: 0, direction }));
    let opens = player().replace("actpass", "active");
    assert_eq!(offer(&opens), Err(WhipError::Setup { media: 0 }));
    let two = player().replace("m=video", "m=audio");
    assert_eq!(offer(&two), Err(WhipError::SecondTrack { media: 1 }));
    let off = player().replace("a=bundle-only\r\n", "");
    assert_eq!(offer(&off), Err(WhipError::Rejected { media: 1 }));
}

#[test]
fn each_rule_of_an_answer_to_a_player_is_kept() {
    let good = answer_text().replace("recvonly", "sendonly");
    assert_eq!(whep_answer(&good), Ok(()));
    let direction = Direction::RecvOnly;
    assert_eq!(whep_answer(&answer_text()), Err(WhipError::Direction { media: 0, direction }));
    let streams = good.replace("msid:stream video", "msid:other video");
    assert_eq!(whep_answer(&streams), Err(WhipError::Stream { media: 1 }));
    let nameless = good.replace("a=msid:stream audio\r\n", "");
    assert_eq!(whep_answer(&nameless), Err(WhipError::Stream { media: 0 }));
    let short = good.replace("m=video", "i=video");
    assert_eq!(whep_answer(&short), Err(WhipError::SectionCount { answer: 1, offer: 2 }));
    // A stream without video leaves that section unused.
    let audio = good.replace("m=video 9", "m=video 0").replace("BUNDLE 0 1", "BUNDLE 0");
    assert_eq!(whep_answer(&audio), Ok(()));
    let none = audio.replace("m=audio 9", "m=audio 0");
    assert_eq!(whep_answer(&none), Err(WhipError::Empty));
}
