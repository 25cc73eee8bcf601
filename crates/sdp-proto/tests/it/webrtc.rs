//! What an ICE agent and a DTLS stack read from the descriptions of others.

use sdp_proto::attribute::{Candidate, Group, IceLite, IcePacing, Setup};
use sdp_proto::{Part, Policy, Session};

/// An offer for audio, video and data as Chromium writes it, with names and keys made up.
pub(crate) const CHROME_OFFER: &str = include_str!("../data/chrome_offer.sdp");

#[test]
fn a_browser_offer_gives_what_ice_and_dtls_need() {
    let session = Session::accept(CHROME_OFFER.as_bytes(), Policy::Strict).unwrap();
    assert_eq!(session.media_count(), 3);
    let media = session.data_channel().unwrap();
    assert_eq!(media.mid().unwrap().unwrap(), "2");
    let credentials = media.ice_credentials().unwrap().unwrap();
    assert_eq!(credentials.ufrag.as_str(), "Xb3q");
    assert!(media.ice_options().unwrap().unwrap().contains("trickle"));
    assert_eq!(media.setup().unwrap(), Some(Setup::ActPass));
    let fingerprint = media.fingerprints().next().unwrap().unwrap();
    assert_eq!(fingerprint.digest.as_bytes().len(), 32);
    let candidates: Vec<Candidate<'_>> = media.candidates().collect::<Result<_, _>>().unwrap();
    assert_eq!(candidates.len(), 2);
    assert!(candidates[0].address.is_mdns());
    assert_eq!(candidates[1].rport, Some(9));
    assert_eq!(media.sctp_port().unwrap(), Some(5000));
    assert_eq!(media.max_message_size().unwrap(), 262_144);
    let group = session.session_section().get::<Group<'_>>().unwrap().unwrap();
    assert!(group.is_bundle() && group.mids().eq(["0", "1", "2"]));
}

#[test]
fn the_session_part_gives_defaults_and_the_section_overrides_them() {
    let text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        a=ice-lite\r\na=ice-pacing:5\r\na=ice-options:ice2\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=setup:passive\r\na=fingerprint:x AB\r\n\
        m=audio 9 RTP/AVP 0\r\nm=video 9 RTP/AVP 96\r\nc=IN IP6 ::1\r\na=ice-ufrag:efgh\r\n\
        a=ice-pwd:asd88fgpdd777uzjYhagZg\r\na=setup:active\r\na=fingerprint:x CD\r\n";
    // Lite and pacing together are not for the strictest.
    let session = Session::accept(text.as_bytes(), Policy::Compat).unwrap();
    let [audio, video] = [0, 1].map(|index| session.media_at(index).unwrap());
    let ufrag = |media: sdp_proto::Media<'_>| {
        media.ice_credentials().unwrap().unwrap().ufrag.as_str().to_owned()
    };
    assert_eq!((ufrag(audio), ufrag(video)), ("abcd".into(), "efgh".into()));
    assert_eq!(audio.setup().unwrap(), Some(Setup::Passive));
    assert_eq!(video.setup().unwrap(), Some(Setup::Active));
    let digest = |media: sdp_proto::Media<'_>| media.fingerprints().next().unwrap().unwrap().digest;
    assert_eq!(digest(audio).as_bytes(), [0xAB]);
    assert_eq!(digest(video).as_bytes(), [0xCD]);
    assert_eq!(audio.connection().unwrap().unwrap().to_string(), "IN IP4 192.0.2.1");
    assert_eq!(video.connection().unwrap().unwrap().to_string(), "IN IP6 ::1");
    assert!(session.session_section().get::<IceLite>().unwrap().is_some());
    let pacing = session.session_section().get::<IcePacing>().unwrap().unwrap();
    assert_eq!(pacing.interval().as_millis(), 5);
}

#[test]
fn port_zero_rejects_unless_the_section_waits_for_bundle() {
    let text = "v=0\r\nm=audio 0 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\na=bundle-only\r\n";
    let session = Session::parse(text.as_bytes()).unwrap();
    assert!(session.media_at(0).unwrap().is_rejected());
    assert!(!session.media_at(1).unwrap().is_rejected());
}

#[test]
fn a_bad_candidate_does_not_hide_the_good_ones_and_says_where_it_is() {
    let text = "v=0\nm=audio 9 RTP/AVP 0\na=candidate:1 1 udp 1 192.0.2.1 99999 typ host\n\
        a=candidate:2 1 udp 1 192.0.2.1 9 typ host\n";
    let session = Session::parse(text.as_bytes()).unwrap();
    let candidates: Vec<_> = session.media_at(0).unwrap().candidates().collect();
    let error = candidates[0].as_ref().unwrap_err();
    assert_eq!((error.line, error.columns), (3, (33, 38)));
    assert_eq!(
        error.to_string(),
        "line 3, column 33: a port is a number up to 65535 (RFC 8839 §5.1)"
    );
    assert!(candidates[1].is_ok());
}

#[test]
fn an_owned_description_outlives_its_text() {
    let owned = {
        let text = CHROME_OFFER.to_owned();
        Session::parse(text.as_bytes()).unwrap().into_owned()
    };
    assert_eq!(owned.to_string(), CHROME_OFFER);
    let mut edited = owned.clone();
    edited.remove_attributes(Part::Media(0), "candidate").unwrap();
    assert_ne!(edited, owned);
    assert_eq!(edited.media_at(0).unwrap().candidates().count(), 0);
}

#[test]
fn a_bundled_section_without_credentials_uses_the_transport_of_the_first() {
    let text = "v=0\r\na=group:BUNDLE 0 1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:asd88fgpdd777uzjYhagZg\r\nm=video 9 RTP/AVP 96\r\na=mid:1\r\n\
        m=text 9 RTP/AVP 98\r\na=mid:2\r\n";
    let session = Session::parse(text.as_bytes()).unwrap();
    let transport = |index| session.media_at(index).unwrap().transport().media_index();
    assert_eq!([transport(0), transport(1), transport(2)], [0, 0, 2]);
    let chrome = Session::parse(CHROME_OFFER.as_bytes()).unwrap();
    assert!(chrome.media().all(|media| media.transport().media_index() == media.media_index()));
}
