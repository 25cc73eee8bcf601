//! The example of RFC 9725 §4 (WHIP), as draft-ietf-wish-whip-16 has it.

use super::super::*;
use super::script::{Codecs, Player};
use sdp_proto::attribute::{Direction, Setup};

const CODECS: Codecs = Codecs(&[
    ("opus", 111, "opus/48000/2", "minptime=10;useinbandfec=1"),
    ("VP8", 96, "VP8/90000", ""),
    ("rtx(VP8)", 97, "rtx/90000", "apt=96"),
]);

const GROUP: &[&str] = &["BUNDLE 0 1"];

fn player(lite: bool, setup: Setup) -> Player {
    let mut config = config(1);
    config.bundle = BundlePolicy::MaxBundle;
    config.ice_lite = lite;
    config.setup = setup;
    config.audio.codecs = CODECS.own(&["opus"], &[]);
    config.video.codecs = CODECS.own(&["VP8"], &["ccm fir", "nack", "nack pli"]);
    let repaired =
        Extension::new("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id").unwrap();
    config.video.extensions = vec![Extension::mid(), Extension::rid(), repaired];
    Player::new(CODECS, config)
}

#[test]
fn what_is_published_is_taken_as_in_rfc_9725() {
    let video = "VP8 rtx(VP8) +mid +rid +repaired";
    let offer = [
        "audio own actpass sendonly opus +mid msid:camera".to_owned(),
        format!("video only sendonly {video} msid:camera"),
    ];
    let offer = offer.each_ref().map(|text| &**text);
    let (audio, shared) =
        ("audio own passive recvonly opus +mid", format!("video shared recvonly {video}"));
    // The answer of the example has port 0 and bundle-only, as RFC 8843 had it; an own one, after
    // RFC 9143 §7.3.3, has the port of the group.
    let only = format!("video only recvonly {video}");
    let mut client = player(false, Setup::Active);
    for kind in [Kind::Audio, Kind::Video] {
        let mut wish = Transceiver::new(kind).with_direction(Direction::SendOnly);
        wish.streams = vec!["camera".parse().unwrap()];
        client.side.add(wish).unwrap();
    }
    // Both are of one stream, which the offer of the example does not say by a group.
    client.offers((&["BUNDLE 0 1", "LS 0 1"], &offer), (GROUP, &[audio, &only]));
    assert!(client.section(1).live && client.section(1).transport == 0);
    assert_eq!(client.section(1).direction, Direction::SendOnly);
    let mut server = player(true, Setup::Passive);
    server.answers((GROUP, &offer), (GROUP, &[audio, &shared]));
    assert!(server.section(1).live && server.section(1).transport == 0);
    assert_eq!(server.section(0).remote.streams[0].stream, "camera");
}
