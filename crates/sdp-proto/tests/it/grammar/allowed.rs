use super::*;

#[test]
fn lines_of_the_session_part_in_all_their_variety() {
    let before = [
        "i=A seminar on the session description protocol\n",
        "i=Café, 日本語, tab\there\n",
        "u=http://www.example.com/seminars/sdp.pdf\n",
        "u=../relative?query#fragment\n",
        "e=j.doe@example.com (Jane Doe)\n",
        "e=Jane Doe <j.doe@example.com>\ne=k@example.com\n",
        "p=+1 617 555-6011\np=+1 617 555-6011 (Jane Doe)\n",
        "p=Jane Doe <+1 617 555-6011>\n",
        "i=x\nu=x\ne=a@b\np=+1 2\nc=IN IP4 192.0.2.1\nb=AS:1\n",
        "c=IN IP4 host.example.com\n",
        "c=IN IP6 host.example.com\n",
        "c=IN IP6 2001:db8::1\n",
        "c=IN IP6 ::ffff:192.0.2.1\n",
        "c=IN IP6 ff15::101/3\n",
        "c=IN IP6 FF15::101\n",
        "c=IN IP4 224.2.36.42/127\n",
        "c=IN IP4 233.252.0.1/0\n",
        "c=IN IP4 233.252.0.1/255\n",
        "b=AS:128\nb=TIAS:128000\nb=CT:1000\nb=RS:0\nb=RR:0\n",
        "b=X-YZ:128\n",
        "b=UNKNOWN.type!:0\n",
    ];
    let behind = [
        "r=7d 1h 0 25h\n",
        "r=604800 3600 0 90000\nr=1d 60m 0s\n",
        "r=7d 1h 0 25h\nz=2882844526 -1h 2898848070 0\n",
        "t=3034423619 3042462419\nt=3034423619 0\n",
        "t=9999999999999999999 0\n",
        "k=prompt\n",
        "k=clear:secret\na=x\n",
        "a=cat:foo.bar\na=keywds:some words\na=tool:a tool 1.0\na=type:meeting\n",
        "a=charset:ISO-8859-1\na=sdplang:en\na=lang:de\n",
        "a=recvonly\n",
        "a=!#$%&'*+-.^_`{|}~:token characters\n",
        "a=x:a:b::c\na=y: leading and trailing \na=z\n",
        "a=setup:actpass\na=connection:new\na=ice-lite\na=ice-options:trickle ice2\n",
        "a=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuv\na=ice-pacing:50\n",
        "a=msid-semantic: WMS *\na=msid-semantic:WMS a b\n",
        "a=group:BUNDLE\na=group:LS\n",
        "a=source-filter: incl IN IP4 232.3.4.5 192.0.2.10 192.0.2.11\n",
        "a=source-filter: excl IN * * 192.0.2.10\n",
        "a=control:*\na=range:npt=0-\n",
        "a=range:clock=19961108T142300Z-19961108T143520Z\n",
        "a=range:smpte=10:12:33:20-10:15:33\n",
        "a=extmap:1 URI-toffset\na=extmap-allow-mixed\n",
        "a=fingerprint:SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n",
        "a=identity:eyJpZHAiOnsiZG9tYWluIjoiZSJ9fQ== extn=1\n",
        "a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO\n",
        "a=ts-refclk:ntp=/traceable/\na=ts-refclk:gps\n",
    ];
    let early = before.map(|lines| (lines, description(lines, "", "")));
    let late = behind.map(|lines| (lines, description("", lines, "")));
    all(early.into_iter().chain(late), true);
}

#[test]
fn sections_of_all_kinds_of_media() {
    let sections = [
        "m=audio 49170 RTP/AVP 0\n",
        "m=audio 49170/2 RTP/AVP 0 8 97\n",
        "m=video 0 RTP/SAVPF 96\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\n",
        "m=audio 9 TCP/DTLS/RTP/SAVPF 111\n",
        "m=video 9 TCP/TLS/RTP/AVP 96\n",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=sctp-port:5000\n",
        "m=application 9 TCP/DTLS/SCTP webrtc-datachannel\na=sctp-port:5000\na=dcmap:0 label=\"x\"\n",
        "m=application 9 DTLS/SCTP 5000\na=sctpmap:5000 webrtc-datachannel 1024\n",
        "m=application 50000 TCP/BFCP *\na=setup:passive\na=connection:new\na=floorctrl:c-s\n\
         a=confid:4321\na=userid:1234\na=floorid:1 mstrm:10\n",
        "m=application 50000 UDP/TLS/BFCP *\n",
        "m=image 54111 udptl t38\na=T38FaxVersion:0\na=T38MaxBitRate:14400\n\
         a=T38FaxRateManagement:transferredTCF\na=T38FaxUdpEC:t38UDPRedundancy\n",
        "m=image 54111 TCP t38\na=setup:actpass\n",
        "m=image 54111 UDP/TLS/UDPTL t38\n",
        "m=message 7654 TCP/MSRP *\na=accept-types:text/plain\n\
         a=path:msrp://alice.example.com:7654/jshA7weztas;tcp\n",
        "m=message 7394 TCP/TLS/MSRP *\na=setup:actpass\n",
        "m=text 11000 RTP/AVP 98 100\na=rtpmap:98 t140/1000\na=rtpmap:100 red/1000\n\
         a=fmtp:100 98/98/98\n",
        "m=control 32416 udp wb\n",
        "m=data 9 udp nt\n",
        "m=video 49170/2 RTP/AVP 31\ni=A title\nb=AS:1\nb=TIAS:1000\nk=prompt\na=x\n",
        "m=application 0 udp x-unknown.format+1\n",
        "m=video 65535 RTP/AVP 127 0\n",
        "m=video 3456 UDP/FEC/RTP/AVP 100\n",
        "m=application 1234 proprietary-proto fmt1 fmt2 fmt3\n",
    ];
    let address = sections.map(|s| {
        let (line, rest) = s.split_once('\n').unwrap();
        let (title, rest) = match rest.strip_prefix("i=A title\n") {
            Some(rest) => ("i=A title\n", rest),
            None => ("", rest),
        };
        (s, description("", "", &format!("{line}\n{title}c=IN IP4 192.0.2.1\n{rest}")))
    });
    all(address, true);
    let layered = "m=video 9 RTP/AVP 96\nc=IN IP4 233.252.0.1/127/3\nc=IN IP4 233.252.0.9/127\n";
    all([(layered, description("", "", layered))], true);
    all([("no section", description("", "", ""))], true);
    all([("no line end but LF", description("", "a=x\n", "").replace('\r', ""))], true);
}

const OF_STREAMS: &[&str] = &[
    "rtpmap:96 L16/44100/2",
    "rtpmap:0 PCMU/8000",
    "rtpmap:96 vnd.example+x/90000",
    "fmtp:96 minptime=10;useinbandfec=1",
    "fmtp:96 minptime=10; useinbandfec=1 ;  stereo=1;",
    "fmtp:96 profile-level-id=42e01f;sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==",
    "fmtp:96 0-15,66,70",
    "fmtp:96 111/111",
    "fmtp:* anything at all",
    "rtcp:9 IN IP4 0.0.0.0",
    "rtcp:53020",
    "rtcp:53020 IN IP6 2001:2345:6789:ABCD:EF01:2345:6789:ABCD",
    "rtcp-fb:* nack",
    "rtcp-fb:96 nack pli",
    "rtcp-fb:96 ccm fir",
    "rtcp-fb:96 ccm tmmbr smaxpr=120",
    "rtcp-fb:96 trr-int 100",
    "rtcp-fb:96 goog-remb",
    "rtcp-mux",
    "rtcp-mux\na=rtcp-mux-only",
    "rtcp-rsize",
    "rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL",
    "sendonly",
    "inactive",
    "extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on",
    "extmap:2/sendrecv http://example.com/082005/ext.htm#xmeta short",
    "extmap:255/inactive urn:x",
    "extmap:4096/recvonly URI",
    "extmap:14 http://example.com/a,b;c?d=e&f",
    "mid:audio",
    "mid:0",
    "msid:- 5f0c8e2a-1111-4222-8333-944455566677",
    "msid:stream",
    "ssrc:4294967295 cname:user@host.example",
    "ssrc:0 fmtp:96 x=1;y=2",
    "ssrc:1 msid:stream track",
    "ssrc:1 previous-ssrc:2 3",
    "ssrc:1 foo",
    "ssrc-group:FID 1 2",
    "ssrc-group:FEC-FR 1 2",
    "ssrc-group:SIM 1 2 3",
    "rid:1 send",
    "rid:hi_res-1 recv pt=0,96;max-width=1280;max-height=720;max-fps=30",
    "rid:a send max-br=64000;max-pps=100;max-bpp=0.5;max-fs=3600;depend=b,c",
    "rid:a send x-other=any value, with spaces;max-width",
    "imageattr:96 send [x=800,y=640,sar=1.1,q=0.6] [x=480,y=320] recv [x=330,y=250]",
    "imageattr:* send * recv [x=[480:16:800],y=[320:16:640],par=[1.2-1.3]]",
    "ptime:20",
    "ptime:2.5",
    "maxptime:120",
    "framerate:29.97",
    "framerate:25",
    "quality:10",
    "orient:landscape",
    "label:1",
    "content:slides,main",
    "crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:32",
    "crypto:2 AEAD_AES_256_GCM inline:abc;inline:def UNENCRYPTED_SRTCP KDR=2",
    "candidate:1 1 UDP 2130706431 192.0.2.1 8998 typ host",
    "candidate:1 2 UDP 1 192.0.2.1 9 typ srflx raddr 10.0.1.1 rport 8998",
    "candidate:+/aZ09 256 udp 2147483647 2001:db8::1 65535 typ prflx raddr :: rport 0",
    "candidate:1 1 TCP 2105458943 192.0.2.1 9 typ host tcptype active",
    "candidate:1 1 tcp 2105458943 192.0.2.1 443 typ relay raddr 0.0.0.0 rport 9 tcptype so x y",
    "candidate:1 1 udp 1 5f0c8e2a-1111-4222-8333-944455566677.local 9 typ host generation 0",
    "candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag abcd network-id 1",
    "candidate:1 1 udp 1 192.0.2.1 0 typ x-new",
    "candidate:1 1 sctp 1 host.example.com 9 typ host",
    "remote-candidates:1 192.0.2.3 45664 2 192.0.2.3 45665",
    "end-of-candidates",
    "ice-mismatch",
    "ice-options:rtp+ecn",
    "ice-ufrag:8hhY",
    "ice-pwd:asd88fgpdd777uzjYhagZg",
    "setup:holdconn",
    "connection:existing",
    "tls-id:abc3de65cddef001be82",
    "max-message-size:0",
    "fingerprint:sha-512 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:\
         77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:\
         55:66:77:88:99:AA:BB:CC:DD:EE:FF",
    "fingerprint:sha-999 AB:CD",
    "control:trackID=1",
    "control:rtsp://example.com/media.mp4/trackID=1",
    "source-filter: incl IN IP6 FF0E::11A 2001:DB8:1:2:240:96FF:FE25:8EC9",
    "ts-refclk:ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:37",
    "ts-refclk:ptp=IEEE1588-2008:traceable",
    "ts-refclk:localmac=40-a3-6b-a0-2b-d2",
    "ts-refclk:ntp=203.0.113.10",
    "mediaclk:direct=963214424",
    "mediaclk:direct=0 rate=30000/1001",
    "mediaclk:sender",
    "mediaclk:IEEE1722=38-D6-6D-8E-D2-78-13-2F",
    "framesize:96 1280-720",
    "x-dimensions:1280,720",
    "cliprect:0,0,720,1280",
    "silenceSupp:off - - - -",
    "sqn: 0",
    "cdsc: 1 audio RTP/AVP 0 18",
    "bundle-only",
];

#[test]
fn attributes_of_streams() {
    all(OF_STREAMS.iter().map(|attribute| (*attribute, with_attribute(attribute))), true);
}

#[test]
fn streams_that_refer_to_each_other() {
    let simulcast = "m=video 9 RTP/AVP 97 98\na=rid:1 send pt=97\na=rid:2 send pt=98\n\
        a=rid:3 recv\na=rid:4 recv\na=simulcast:send 1,~2;2 recv ~3;4\n";
    let turned = simulcast.replace("send 1,~2;2 recv ~3;4", "recv 3;4 send 1;~2");
    let both = "m=audio 9 RTP/AVP 0\na=rtcp-mux\na=mid:a.b\nm=audio 9 RTP/AVP 0\na=mid:~c\n";
    let mixed = "m=audio 9 RTP/AVP 0\na=extmap:1 urn:a\nm=audio 9 RTP/AVP 0\na=extmap:1 urn:b\n";
    let shared = "m=audio 9 RTP/AVP 0\na=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuv\n";
    let c = "c=IN IP6 ::\n";
    all(
        [
            ("simulcast", description(c, "", simulcast)),
            ("simulcast turned", description(c, "", &turned)),
            ("groups", description(c, "a=group:BUNDLE a.b ~c\na=group:LS a.b\n", both)),
            ("extension ids in two sections", description(c, "", mixed)),
            ("credentials in two sections", description(c, "", &shared.repeat(2))),
        ],
        true,
    );
}

#[test]
fn bytes_that_are_not_utf8_where_they_may_be() {
    for (from, to) in
        [("s=-", &b"s=Caf\xE9"[..]), ("s=-", b"s=-\r\ni=\xFF\xFE"), ("s=-", b"s=\x7F\x01")]
    {
        let text = description("", "a=x:y\n", "");
        let at = text.find(from).unwrap();
        let mut bytes = text.as_bytes().to_vec();
        bytes.splice(at..at + from.len(), to.iter().copied());
        assert!(Session::accept(&bytes, Policy::Strict).is_ok(), "{to:?}");
    }
}

#[test]
fn fragments_as_they_are_trickled() {
    for text in [
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n",
        "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
         a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n\
         a=candidate:1 1 udp 1 x.local 9 typ host ufrag EsAw\r\na=end-of-candidates\r\n",
        "a=ice-lite\r\na=ice-options:trickle ice2\r\na=ice-pacing:50\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n",
        "m=audio 9 RTP/AVP 0\na=mid:0\na=end-of-candidates\n",
    ] {
        let verdict = Fragment::accept(text.as_bytes(), Policy::Strict);
        assert!(verdict.is_ok(), "{text}: {verdict:?}");
    }
}
