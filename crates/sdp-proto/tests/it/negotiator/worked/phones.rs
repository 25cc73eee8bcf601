//! The examples of RFC 5763 §7 and RFC 8841 §13.

use super::super::*;
use super::script::{Codecs, Player};

const CODECS: Codecs = Codecs(&[("PCMU", 0, "PCMU/8000", "")]);

type Said = (&'static [&'static str], &'static [&'static str]);

fn phone() -> Player {
    let mut config = config(1);
    config.audio = Capabilities { codecs: CODECS.own(&["PCMU"], &[]), extensions: Vec::new() };
    config.direct.dtls = true;
    let mut phone = Player::new(CODECS, config);
    let carriage = Carriage::Dtls;
    phone.side.add(Transceiver { carriage, ..Transceiver::new(Kind::Audio) }).unwrap();
    phone
}

#[test]
fn phones_agree_on_dtls_as_in_rfc_5763() {
    // 7.1, as if the potential configuration (RFC 5939, which is not spoken here) were the one that
    // is offered; the SHA-1 of the example is as good as any hash that is not MD2 or MD5.
    let offer: Said = (&[], &["audio direct actpass UDP/TLS/RTP/SAVP PCMU"]);
    let answer: Said = (&[], &["audio direct active UDP/TLS/RTP/SAVP PCMU"]);
    let mut a = phone();
    a.offers(offer, answer);
    let role = |side: &Player| match &side.section(0).direct.as_ref().unwrap().protection {
        Protection::Dtls { role, .. } => *role,
        other => panic!("{other:?}"),
    };
    assert_eq!(role(&a), DtlsRole::Server);
    let mut b = phone();
    b.answers(offer, answer);
    assert_eq!(role(&b), DtlsRole::Client);
    // 7.2: Bob says it all again in an offer. That of the example is `active`, which RFC 8842 §5.5
    // allows, and its answer `actpass`, which RFC 4145 §4.1 rules out: it is `passive` here.
    let again: Said = (&[], &["audio direct active UDP/TLS/RTP/SAVP PCMU"]);
    let same: Said = (&[], &["audio direct passive UDP/TLS/RTP/SAVP PCMU"]);
    a.answers(again, same);
    assert_eq!(role(&a), DtlsRole::Server);
    b.offers((&[], &["audio direct actpass UDP/TLS/RTP/SAVP PCMU"]), same);
    assert_eq!(role(&b), DtlsRole::Client);
}

#[test]
fn data_is_agreed_on_as_in_rfc_8841() {
    // 13.1, over ICE. The answer has another SCTP port, and waits for the handshake.
    let offer: Said = (&["BUNDLE 0"], &["application own actpass"]);
    let answer: Said = (&["BUNDLE 0"], &["application own passive"]);
    let side = |port: u16| {
        let mut config = config(1);
        config.sctp_port = sdp_proto::attribute::SctpPort(port);
        config.setup = sdp_proto::attribute::Setup::Passive;
        let mut side = Player::new(CODECS, config);
        side.side.add(Transceiver::new(Kind::Data)).unwrap();
        side
    };
    let mut a = side(7000);
    a.offers(offer, answer);
    let terms = a.section(0).data.unwrap();
    assert_eq!((terms.local_port, terms.sctp_port), (7000, 5000));
    assert_eq!(a.side.agreement().transport(0).unwrap().role, DtlsRole::Client);
    let mut b = side(6000);
    b.answers(offer, answer);
    let terms = b.section(0).data.unwrap();
    assert_eq!((terms.local_port, terms.sctp_port, terms.max_message_size), (6000, 5000, 65_536));
    assert_eq!(b.side.agreement().transport(0).unwrap().role, DtlsRole::Server);
}
