//! STUN messages: read, check and write, beside the peers and beside the floor of their HMAC.
//!
//! One file each; all have the same four functions where they can do the job.
mod floor;
mod is;
mod rtc_stun;
mod stun_codec;
mod stun_proto;
mod stun_rs;
mod stun_types;

use benches::{
    Suite,
    messages::{BINDING_RESPONSE, CHECK, ICE_CHECK, RFC_5769, damaged},
};
use floor::Bare;
use hmac::Hmac;
use sha1::Sha1;

fn main() {
    let mut suite = Suite::default();
    response(&mut suite);
    verify(&mut suite);
    write(&mut suite);
    vectors(&mut suite);
    suite.run();
}

fn response(suite: &mut Suite) {
    let mapped = "192.0.2.1:32853".parse().ok();
    suite
        .job("parse a binding response", &BINDING_RESPONSE[..], mapped)
        .by("stun-proto", stun_proto::response)
        .by("stun-types", stun_types::response)
        .by("rtc-stun", rtc_stun::response())
        .by("stun_codec", stun_codec::response())
        .by("stun-rs", stun_rs::response());
}

fn verify(suite: &mut Suite) {
    // Whoever verifies must notice a wrong fingerprint; `is` is known not to.
    let forged: &[u8] = damaged(&ICE_CHECK).leak();
    let mut unheard = Suite::default();
    unheard
        .job("refuse a wrong fingerprint", forged, None)
        .by("stun-proto", stun_proto::verify())
        .by("stun-types", stun_types::verify())
        .by("rtc-stun", rtc_stun::verify())
        .by("stun_codec", stun_codec::verify())
        .by("stun-rs", stun_rs::verify());
    suite
        .job("verify an ICE check", &ICE_CHECK[..], Some(CHECK))
        .by("floor: HMAC and CRC", floor::verify::<Hmac<Sha1>>())
        .by("floor, compression only", floor::verify::<Bare>())
        .by("stun-proto", stun_proto::verify())
        .by("stun-types", stun_types::verify())
        .by("rtc-stun", rtc_stun::verify())
        .by("is, no fingerprint", is::verify)
        .by("stun_codec", stun_codec::verify())
        .by("stun-rs", stun_rs::verify());
}

fn write(suite: &mut Suite) {
    // Each has compared its bytes with those of the check before it gets here.
    suite
        .job("write an ICE check", (), ICE_CHECK.len())
        .by("floor: HMAC and CRC", floor::write::<Hmac<Sha1>>())
        .by("floor, compression only", floor::write::<Bare>())
        .by("stun-proto", stun_proto::write())
        .by("stun-types", stun_types::write())
        .by("rtc-stun", rtc_stun::write())
        .by("is", is::write())
        .by("stun_codec", stun_codec::write())
        .by("stun-rs", stun_rs::write());
}

fn vectors(suite: &mut Suite) {
    suite
        .job("verify RFC 5769 §2.1 to §2.3", &RFC_5769[..], true)
        .by("floor: HMAC and CRC", floor::vectors::<Hmac<Sha1>>())
        .by("floor, compression only", floor::vectors::<Bare>())
        .by("stun-proto", stun_proto::vectors())
        .by("stun-types", stun_types::vectors())
        .by("rtc-stun", rtc_stun::vectors())
        .by("is, no fingerprint", is::vectors)
        .by("stun_codec", stun_codec::vectors())
        .by("stun-rs", stun_rs::vectors());
}
