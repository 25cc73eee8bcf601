use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::*;
use crate::attribute::TypedAttribute;
use crate::session::Session;
use crate::text::{Text, Token};

fn parameters(encoding: &str, text: &str) -> Parameters<'static> {
    let text = alloc::boxed::Box::leak(format!("96 {text}").into_boxed_str());
    let fmtp = alloc::boxed::Box::new(Fmtp::read("fmtp", Some(text)).unwrap());
    Parameters::read(encoding, Some(alloc::boxed::Box::leak(fmtp)))
}

fn same(encoding: &str, a: &str, b: &str) -> bool {
    parameters(encoding, a).compatible(&parameters(encoding, b))
}

#[test]
fn absent_parameters_have_their_defaults() {
    let Parameters::Opus(opus) = Parameters::read("OPUS", None) else { panic!() };
    assert_eq!((opus.max_playback_rate, opus.min_packet_time_ms, opus.stereo), (48_000, 3, false));
    let Parameters::H264(h264) = Parameters::read("h264", None) else { panic!() };
    assert_eq!(h264.profile_level_id, [0x42, 0, 0x0A]);
    assert_eq!((h264.packetization_mode, h264.level_idc()), (0, 10));
    let Parameters::H265(h265) = Parameters::read("H265", None) else { panic!() };
    assert_eq!((h265.profile_id, h265.level_id), (1, 93));
    let Parameters::Av1(av1) = Parameters::read("av1", None) else { panic!() };
    assert_eq!((av1.profile, av1.level_idx, av1.tier), (0, 5, 0));
    let Parameters::Vp9(vp9) = Parameters::read("VP9", None) else { panic!() };
    assert_eq!(vp9.profile_id, 0);
    assert_eq!(Parameters::read("rtx", None), Parameters::Other);
}

#[test]
fn parameters_are_read_with_odd_spacing_and_case() {
    let Parameters::Opus(opus) = parameters("opus", "minptime=10; UseInbandFec = 1;;stereo=2")
    else {
        panic!()
    };
    assert_eq!((opus.min_packet_time_ms, opus.use_inband_fec, opus.stereo), (10, true, false));
    let Parameters::Red(red) = parameters("red", "111/111/63") else { panic!() };
    assert_eq!(red.payload_types().collect::<Vec<_>>(), [111, 111, 63]);
    let Parameters::TelephoneEvent(event) = parameters("telephone-event", "0-11, 16") else {
        panic!()
    };
    assert!(event.takes(11) && !event.takes(12) && event.takes(16));
    let Parameters::Rtx(rtx) = parameters("rtx", "apt=97;rtx-time=3000") else { panic!() };
    assert_eq!((rtx.apt, rtx.rtx_time_ms), (97, Some(3000)));
}

#[test]
fn formats_compare_by_the_rules_of_their_codec() {
    assert!(same("opus", "stereo=1", "minptime=10"));
    assert!(same("VP9", "profile-id=0", "max-fr=30"));
    assert!(!same("VP9", "profile-id=0", "profile-id=2"));
    assert!(same("AV1", "level-idx=5", "profile=0;level-idx=8"));
    assert!(!same("AV1", "profile=1", "profile=0"));
    let id = |id: &str| format!("packetization-mode=1;profile-level-id={id}");
    assert!(same("H264", &id("42e01f"), &id("42E034")));
    assert!(same("H264", &id("42e01f"), &id("4d801f")));
    assert!(!same("H264", &id("42e01f"), &id("42001f")));
    assert!(!same("H264", &id("42001f"), "profile-level-id=42001f"));
    assert!(same("H264", "packetization-mode=0", "profile-level-id="));
    assert!(same("H265", "level-id=93", "profile-id=1;level-id=120"));
    assert!(!same("H265", "tier-flag=1", "tier-flag=0"));
    assert!(!parameters("VP8", "max-fr=1").compatible(&parameters("VP9", "max-fr=1")));
}

#[test]
fn h264_profiles_are_told_by_pattern() {
    let profile = |id: &str| match parameters("H264", &format!("profile-level-id={id}")) {
        Parameters::H264(h264) => h264.profile(),
        _ => panic!(),
    };
    assert_eq!(profile("42e01f"), H264Profile::ConstrainedBaseline);
    assert_eq!(profile("42001f"), H264Profile::Baseline);
    assert_eq!(profile("58801f"), H264Profile::Baseline);
    assert_eq!(profile("58001f"), H264Profile::Extended);
    assert_eq!(profile("4d001f"), H264Profile::Main);
    assert_eq!(profile("640c1f"), H264Profile::ConstrainedHigh);
    assert_eq!(profile("64001f"), H264Profile::High);
    assert_eq!(profile("f4001f"), H264Profile::Other(0xF4, 0));
    assert_eq!(profile("+2e01f"), H264Profile::Baseline);
}

#[test]
fn formats_of_a_section_are_put_together_in_order() {
    let text = b"v=0\nm=video 9 UDP/TLS/RTP/SAVPF 97 96 8 99 x 96 300\n\
        a=fmtp:97 apt=96\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\na=rtpmap:96 H264/90000\n";
    let session = Session::parse(text).unwrap();
    let formats = session.media_at(0).unwrap().rtp_formats().unwrap();
    let names: Vec<_> = formats
        .iter()
        .map(|f| (f.payload_type, f.codec.as_ref().map(|codec| codec.encoding.as_str())))
        .collect();
    assert_eq!(names, [(97, Some("rtx")), (96, Some("VP8")), (8, Some("PCMA")), (99, None)]);
    let Parameters::Rtx(rtx) = formats[0].parameters() else { panic!() };
    assert_eq!(rtx.apt, 96);
}

#[test]
fn a_retransmission_is_the_same_where_its_original_is() {
    let formats = |text: &str| {
        let text = alloc::boxed::Box::leak(format!("m=video 9 RTP/AVP {text}").into_boxed_str());
        let session = alloc::boxed::Box::new(Session::parse(text.as_bytes()).unwrap());
        alloc::boxed::Box::leak(session).media_at(0).unwrap().rtp_formats().unwrap()
    };
    let a = formats("96 97\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n");
    let b =
        formats("101 100\na=rtpmap:100 vp8/90000\na=rtpmap:101 RTX/90000\na=fmtp:101 apt=100\n");
    let c = formats("98 99\na=rtpmap:98 VP9/90000\na=rtpmap:99 rtx/90000\na=fmtp:99 apt=98\n");
    assert!(a[0].same(&a, &b[1], &b));
    assert!(a[1].same(&a, &b[0], &b));
    assert!(!a[1].same(&a, &c[1], &c));
    assert!(!a[0].same(&a, &c[0], &c));
}

#[test]
fn parameters_are_written_as_they_are_read_and_without_defaults() {
    for (encoding, text) in [
        ("opus", "maxplaybackrate=16000;minptime=10;maxaveragebitrate=20000;stereo=1;usedtx=1"),
        ("opus", "sprop-maxcapturerate=16000;sprop-stereo=1;cbr=1;useinbandfec=1"),
        ("VP8", "max-fr=30;max-fs=3600"),
        ("VP9", "profile-id=2;max-fr=30;max-fs=3600"),
        ("AV1", "profile=1;level-idx=8;tier=1"),
        ("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
        ("H265", "profile-space=1;profile-id=2;tier-flag=1;level-id=120"),
        ("rtx", "apt=96;rtx-time=3000"),
        ("red", "111/111"),
        ("telephone-event", "0-15,66,70"),
    ] {
        let read = parameters(encoding, text);
        assert_eq!(read.fmtp(96).unwrap().to_string(), format!("96 {text}"), "{encoding}");
    }
    let defaults = "maxplaybackrate=48000;minptime=3;stereo=0;usedtx=0;cbr=0";
    assert_eq!(parameters("opus", defaults).fmtp(96), None);
    assert_eq!(parameters("H264", "profile-level-id=42000A;packetization-mode=0").fmtp(96), None);
    assert_eq!(parameters("H265", "profile-id=1;level-id=93;tier-flag=0").fmtp(96), None);
    assert_eq!(parameters("AV1", "profile=0;level-idx=5;tier=0").fmtp(96), None);
    assert_eq!(Parameters::Other.fmtp(96), None);
    // An absent list of events stands for the keys, which is worth saying.
    let keys = Parameters::read("telephone-event", None).fmtp(101).unwrap();
    assert_eq!(keys.to_string(), "101 0-15");
}

#[test]
fn lists_are_written_of_numbers_alone() {
    assert!(Red::new("111/111").is_some() && Red::new("111").is_some());
    assert!(Red::new("").is_none() && Red::new("111/128").is_none() && Red::new("1;x=2").is_none());
    assert!(TelephoneEvent::new("0-15,66").is_some_and(|events| events.takes(66)));
    for bad in ["", "0-", "a", "0-15\r\na=x", "0 - 15", "256"] {
        assert!(TelephoneEvent::new(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_level_is_answered_lower_unless_the_directions_may_differ() {
    let h264 = |text: &str| match parameters("H264", text) {
        Parameters::H264(h264) => h264,
        _ => panic!(),
    };
    let (low, high) = (h264("profile-level-id=42e00d"), h264("profile-level-id=42c01f"));
    assert_eq!(low.answer(high), [0x42, 0xC0, 0x0D]);
    assert_eq!(high.answer(low), [0x42, 0xE0, 0x0D]);
    let free = |id: &str| h264(&format!("level-asymmetry-allowed=1;profile-level-id={id}"));
    assert_eq!(free("42e01f").answer(free("42e00d")), [0x42, 0xE0, 0x1F]);
    assert_eq!(free("42e01f").answer(low), [0x42, 0xE0, 0x0D]);
}

#[test]
fn parameters_are_shared_by_the_rules_of_the_codec_or_of_the_caller() {
    let fmtp = |parameters: &'static str| {
        let parameters = Text::new(parameters).ok();
        parameters.map(|parameters| Fmtp { format: Token::new("96").unwrap(), parameters })
    };
    let agree =
        |rules: &Symmetry, name: &str, a, b| rules.agree(name, fmtp(a).as_ref(), fmtp(b).as_ref());
    let registered = Symmetry::Registered;
    assert!(agree(&registered, "amr", "octet-align=0;mode-set=1", ""));
    assert!(!agree(&registered, "AMR", "octet-align=1", ""));
    assert!(!agree(&registered, "AMR-WB", "interleaving=30", ""));
    assert!(agree(&registered, "G729", "annexb=no", ""));
    assert!(!agree(&registered, "G7221", "bitrate=24000", ""));
    assert!(agree(&registered, "x-new", "A=1; b", "b;a=1"));
    assert!(!agree(&registered, "x-new", "a=1", "a=2"));
    assert!(agree(&Symmetry::Free, "x-new", "a=1", "a=2"));
    let mode = SharedParameter { name: Token::new("mode").unwrap(), default: Text::new("x").ok() };
    let shared = Symmetry::Shared([mode].into());
    assert!(agree(&shared, "x-new", "mode=X;a=1", "a=2"));
    assert!(!agree(&shared, "x-new", "mode=y", ""));
    // A caller's rules go before those of a registration.
    assert!(agree(&shared, "AMR", "octet-align=1", ""));
}
