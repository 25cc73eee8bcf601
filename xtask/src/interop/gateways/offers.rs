//! Offers as phones write them that the phones at hand do not make.

/// An offer, and what it shows.
pub(super) struct Offer {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

macro_rules! offer {
    ($name:literal, $connection:literal, $($line:literal),+) => {
        Offer {
            name: $name,
            text: concat!(
                "v=0\r\no=phone 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 ", $connection,
                "\r\nt=0 0\r\n", $($line, "\r\n"),+
            ),
        }
    };
}

pub(super) const OF_PHONES: &[Offer] = &[
    offer!("static", "127.0.0.1", "m=audio 5004 RTP/AVP 0 8 18"),
    offer!("hold", "127.0.0.1", "m=audio 5004 RTP/AVP 8 0", "a=sendonly"),
    offer!("hold-inactive", "127.0.0.1", "m=audio 5004 RTP/AVP 8 0", "a=inactive"),
    offer!("hold-old", "0.0.0.0", "m=audio 5004 RTP/AVP 8 0"),
    offer!("ptime", "127.0.0.1", "m=audio 5004 RTP/AVP 8 0", "a=ptime:30", "a=maxptime:60"),
    offer!("rtcp", "127.0.0.1", "m=audio 5004 RTP/AVP 8", "a=rtcp:5100"),
    offer!(
        "feedback",
        "127.0.0.1",
        "m=audio 5004 RTP/AVPF 8",
        "m=video 5006 RTP/AVPF 97",
        "a=rtpmap:97 H264/90000",
        "a=fmtp:97 profile-level-id=42e01f;packetization-mode=1",
        "a=rtcp-fb:97 nack pli",
        "a=rtcp-fb:* ccm fir"
    ),
    offer!(
        "video",
        "127.0.0.1",
        "m=audio 5004 RTP/AVP 8 101",
        "b=AS:64",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "m=video 5006 RTP/AVP 34 96",
        "b=TIAS:256000",
        "a=rtpmap:96 VP8/90000",
        "a=content:main"
    ),
    offer!("off", "127.0.0.1", "m=video 0 RTP/AVP 34", "m=audio 5004 RTP/AVP 8"),
    offer!(
        "opus",
        "127.0.0.1",
        "m=audio 5004 RTP/AVP 120 0",
        "a=rtpmap:120 opus/48000/2",
        "a=fmtp:120 useinbandfec=1;maxplaybackrate=16000"
    ),
    offer!(
        "text",
        "127.0.0.1",
        "m=audio 5004 RTP/AVP 8",
        "m=text 5008 RTP/AVP 98 99",
        "a=rtpmap:98 red/1000",
        "a=fmtp:98 99/99/99",
        "a=rtpmap:99 t140/1000"
    ),
    offer!(
        "fax",
        "127.0.0.1",
        "m=audio 5004 RTP/AVP 8",
        "m=image 5010 udptl t38",
        "a=T38FaxVersion:0",
        "a=T38MaxBitRate:14400"
    ),
    offer!(
        "sdes",
        "127.0.0.1",
        "m=audio 5004 RTP/SAVP 8 0",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
    ),
    offer!(
        "dtls",
        "127.0.0.1",
        "m=audio 5004 UDP/TLS/RTP/SAVP 8 0",
        "a=setup:actpass",
        "a=fingerprint:sha-256 07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:07:\
         07:07:07:07:07:07:07:07:07:07"
    ),
    offer!(
        "two-voices",
        "127.0.0.1",
        "m=audio 5004 RTP/AVP 8",
        "a=label:1",
        "m=audio 5014 RTP/AVP 0",
        "a=label:2"
    ),
];
