//! The table of findings: name, who tolerates it, RFC section, message, suggestion.

use super::Severity;
use crate::Policy;

/// The strictest policy that tolerates a finding.
#[derive(Clone, Copy)]
enum Borne {
    /// By all policies: a warning.
    Always,
    /// By `Compat` and `Camera`.
    Compat,
    /// By `Camera` alone.
    Camera,
    /// By none.
    Never,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $slug:literal $borne:ident $rfc:literal
       $message:literal $suggestion:literal;)*) => {
        /// What a [`Diagnostic`](super::Diagnostic) found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $message] #[doc = concat!("(", $rfc, ").")] $(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A stable name in kebab case, for scripts.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The rule that it is about.
            pub const fn rfc(self) -> &'static str {
                match self { $(Self::$name => $rfc,)* }
            }

            /// One sentence without a full stop that says what is wrong.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            /// What to do about it.
            pub const fn suggestion(self) -> &'static str {
                match self { $(Self::$name => $suggestion,)* }
            }

            const fn borne(self) -> Borne {
                match self { $(Self::$name => Borne::$borne,)* }
            }
        }
    };
}

impl Code {
    /// Whether `policy` accepts a description with this finding.
    pub const fn tolerated_by(self, policy: Policy) -> bool {
        match self.borne() {
            Borne::Always => true,
            Borne::Compat => matches!(policy, Policy::Compat | Policy::Camera),
            Borne::Camera => matches!(policy, Policy::Camera),
            Borne::Never => false,
        }
    }

    /// A warning where every policy tolerates it, else an error.
    pub const fn severity(self) -> Severity {
        match self.borne() {
            Borne::Always => Severity::Warning,
            Borne::Compat | Borne::Camera | Borne::Never => Severity::Error,
        }
    }
}

codes! {
    // Bytes and line ends.
    Empty "empty" Never "RFC 8866 §5" "there is nothing here" "a description starts with v=0";
    NotSdp "not-sdp" Never "RFC 8866 §5" "no line of this text is a line of SDP" "check what was handed in: a JSON wrapper has to be taken off first";
    LfLineEnds "lf-line-ends" Always "RFC 8866 §5" "lines end in LF alone" "write CRLF";
    MixedLineEnds "mixed-line-ends" Compat "RFC 8866 §5" "line ends are mixed" "write CRLF throughout";
    ExtraCr "extra-cr" Compat "RFC 8866 §9" "a line ends in CR CR LF" "convert line ends once, not twice";
    CrLineEnds "cr-line-ends" Camera "RFC 8866 §9" "lines end in CR alone" "write CRLF";
    NoFinalLineEnd "no-final-line-end" Compat "RFC 8866 §9" "the last line has no line end" "end every line with CRLF, the last one too";
    BareCr "bare-cr" Never "RFC 8866 §9" "a CR inside a line: some readers see two lines here" "remove the CR";
    Nul "nul" Never "RFC 8866 §9" "a NUL byte inside a line" "remove the byte; is the text UTF-16?";
    TrailingNul "trailing-nul" Compat "RFC 8866 §9" "NUL bytes after the last line" "send the text without its C terminator";
    Bom "bom" Compat "RFC 8866 §5" "the text starts with a byte order mark" "write UTF-8 without one";
    BlankLine "blank-line" Compat "RFC 8866 §9" "a blank line" "remove it";
    TrailingSpace "trailing-space" Compat "RFC 8866 §5" "white space at the end of a line" "remove it";
    OddSpacing "odd-spacing" Compat "RFC 8866 §5" "fields are separated by something other than a single space" "use one space";
    IndentedLine "indented-line" Camera "RFC 8866 §5" "white space before the type letter" "start the line with its letter";
    SpacedEquals "spaced-equals" Camera "RFC 8866 §5" "white space before the equals sign" "remove it";
    NotALine "not-a-line" Camera "RFC 8866 §5" "not a line of the form letter=value" "remove the line";
    UnknownType "unknown-type" Camera "RFC 8866 §5" "no such line type" "remove the line, or use an attribute";
    DisguisedMedia "disguised-media" Never "RFC 8866 §5" "looks like an m= line and is none" "write m= in lower case at the start of the line";
    CharsetMissing "charset-missing" Always "RFC 8866 §5.3" "text that is not UTF-8, and no a=charset says what it is" "write UTF-8";
    NotUtf8 "not-utf8" Camera "RFC 8866 §5" "not UTF-8, in a field that has no other character set" "write UTF-8";

    FragmentLine "fragment-line" Compat "RFC 8840 §9" "a fragment has m= and a= lines alone" "leave the line out";
    FragmentMid "fragment-mid" Compat "RFC 8840 §4.4" "no mid before this says which section it is for" "put a=mid right behind the m= line";
    FragmentCredentials "fragment-credentials" Always "RFC 8840 §4.4" "no a=ice-ufrag or no a=ice-pwd" "add those that the candidates belong to";
    // Presence and order of lines.
    MissingVersion "missing-version" Camera "RFC 8866 §5.1" "the first line is not v=" "start with v=0";
    MissingOrigin "missing-origin" Camera "RFC 8866 §5.2" "no o= line" "add one, such as o=- 1 1 IN IP4 0.0.0.0";
    MissingName "missing-name" Compat "RFC 8866 §5.3" "no s= line" "add s=-";
    MissingTime "missing-time" Camera "RFC 8866 §5.9" "no t= line" "add t=0 0";
    MissingConnection "missing-connection" Always "RFC 8866 §5.7" "neither this section nor the session has a c= line" "add c=IN IP4 0.0.0.0";
    Misplaced "misplaced" Compat "RFC 8866 §9" "this line stands after one that it should precede" "order: v o s i u e p c b t r z k a, then m i c b k a";
    TimeMissingBefore "time-missing-before" Camera "RFC 8866 §5.10" "r= or z= without a t= line before it" "put the t= line first";
    SessionLineInMedia "session-line-in-media" Camera "RFC 8866 §9" "a line of the session part inside a media section" "move it before the first m= line";
    Repeated "repeated" Camera "RFC 8866 §9" "a second line of a type that may occur once" "keep one";

    // Fields of the lines other than a=.
    VersionSyntax "version-syntax" Camera "RFC 8866 §5.1" "the version is not 0" "write v=0";
    OriginSyntax "origin-syntax" Camera "RFC 8866 §5.2" "o= has other than six fields" "o=<username> <sess-id> <sess-version> IN IP4 <address>";
    OriginNumber "origin-number" Camera "RFC 8866 §5.2" "sess-id and sess-version are numbers" "use decimal digits";
    EmptyName "empty-name" Compat "RFC 8866 §5.3" "the session name is empty" "write s=-";
    EmptyValue "empty-value" Camera "RFC 8866 §9" "nothing after the equals sign" "remove the line, or give it a value";
    ConnectionSyntax "connection-syntax" Camera "RFC 8866 §5.7" "c= has other than three fields" "c=IN IP4 <address>";
    NetworkType "network-type" Always "RFC 8866 §8.2.6" "a network type other than IN" "write IN for the Internet";
    AddressType "address-type" Camera "RFC 8866 §8.2.7" "unknown address type" "write IP4 or IP6";
    AddressFamily "address-family" Camera "RFC 8866 §5.7" "the address is not of the family named before it" "IP4 goes with 192.0.2.1, IP6 with 2001:db8::1";
    Address "address" Camera "RFC 8866 §9" "neither an address nor a domain name" "check the address";
    MulticastTtl "multicast-ttl" Camera "RFC 8866 §5.7" "the TTL of a multicast address is 0 to 255, on IPv4 only" "c=IN IP4 233.252.0.1/127";
    MulticastTtlMissing "multicast-ttl-missing" Compat "RFC 8866 §5.7" "an IPv4 multicast address has no TTL" "c=IN IP4 233.252.0.1/127";
    UnicastSlash "unicast-slash" Compat "RFC 8866 §5.7" "a TTL or a number of addresses belongs to multicast alone" "remove what follows the slash";
    AddressCount "address-count" Camera "RFC 8866 §5.7" "the number of addresses is out of range" "at most 65,535";
    BandwidthSyntax "bandwidth-syntax" Compat "RFC 8866 §5.8" "b= is a type, a colon and a number" "b=AS:1000";
    TimeSyntax "time-syntax" Camera "RFC 8866 §5.9" "t= is two numbers of seconds since 1900" "t=0 0";
    RepeatSyntax "repeat-syntax" Compat "RFC 8866 §5.10" "r= is an interval, a duration and offsets" "r=7d 1h 0 25h";
    ZoneSyntax "zone-syntax" Compat "RFC 8866 §5.11" "z= is pairs of a time and an offset" "z=2882844526 -1h";
    TimeShort "time-short" Always "RFC 8866 §9" "a time is 0, or has ten digits or more" "count seconds since 1900, or write t=0 0";
    TimeOverflow "time-overflow" Compat "RFC 8866 §5.10" "a time too large to count in seconds" "check the number";
    KeyObsolete "key-obsolete" Always "RFC 8866 §5.12" "k= is obsolete, a reader discards it" "use DTLS-SRTP";
    MediaSyntax "media-syntax" Camera "RFC 8866 §5.14" "m= lacks a field" "m=<media> <port> <proto> <fmt> ...";
    MediaType "media-type" Camera "RFC 8866 §5.14" "the media type is not a token" "audio, video, text, application, message or image";
    MediaPort "media-port" Camera "RFC 8866 §5.14" "the port is not a number from 0 to 65535" "check the port";
    MediaPortCount "media-port-count" Camera "RFC 8866 §5.14" "the number of ports is not a positive number" "leave it out";
    MediaPortRange "media-port-range" Compat "RFC 8866 §5.14" "the last of the ports is beyond 65535" "check the port and the number of ports";
    MediaProtocol "media-protocol" Camera "RFC 8866 §5.14" "the protocol is not made of tokens and slashes" "such as UDP/TLS/RTP/SAVPF";
    MediaFormat "media-format" Camera "RFC 8866 §5.14" "a format is not a token" "check the format";
    PayloadType "payload-type" Camera "RFC 8866 §5.14" "an RTP payload type is a number from 0 to 127, without a zero before it" "use a dynamic one, 96 to 127";

    // Attributes in general.
    AttributeName "attribute-name" Compat "RFC 8866 §5.13" "the attribute name is not a token" "check for stray spaces and colons";
    AttributeValue "attribute-value" Compat "RFC 8866 §5.13" "this attribute needs a value" "a=<name>:<value>";
    AttributeFlag "attribute-flag" Compat "RFC 8866 §5.13" "this attribute has no value" "a=<name>";
    AttributeLevel "attribute-level" Compat "RFC 8866 §6" "this attribute does not belong at this level" "move it before or after the first m= line";
    AttributeRepeated "attribute-repeated" Compat "RFC 8866 §6" "this attribute may occur once in a section" "keep one";

    // Connectivity.
    CandidateSyntax "candidate-syntax" Compat "RFC 8839 §5.1" "the candidate lacks a field" "<foundation> <component> <transport> <priority> <address> <port> typ <type>";
    CandidateFoundation "candidate-foundation" Compat "RFC 8839 §5.1" "a foundation is 1 to 32 letters, digits, + and /" "check the foundation";
    CandidateComponent "candidate-component" Compat "RFC 8839 §5.1" "a component is a number from 1 to 256" "1 for RTP or data, 2 for RTCP";
    CandidatePriority "candidate-priority" Compat "RFC 8839 §5.1" "a priority is a number from 1 to 2^31-1" "RFC 8445 §5.1.2 has the formula";
    CandidateAddress "candidate-address" Compat "RFC 8839 §5.1" "not an address that a candidate can have" "IPv4, IPv6 without a zone, or a name; readers pass the line over";
    CandidatePort "candidate-port" Compat "RFC 8839 §5.1" "a port is a number up to 65535" "check the port";
    CandidateType "candidate-type" Compat "RFC 8839 §5.1" "no typ after the port" "typ host, srflx, prflx or relay";
    CandidateTransport "candidate-transport" Compat "RFC 8839 §5.1" "the transport is not a token" "udp or tcp";
    CandidateTcpType "candidate-tcp-type" Compat "RFC 6544 §4.5" "a tcptype is active, passive or so" "check the tcptype";
    CandidateExtension "candidate-extension" Compat "RFC 8839 §5.1" "an extension is a name and a value" "remove the odd word";
    RemoteCandidates "remote-candidates" Compat "RFC 8839 §5.2" "remote candidates are triples of component, address and port" "check the list";
    IceUfrag "ice-ufrag" Camera "RFC 8839 §5.4" "an ice-ufrag is 4 to 256 letters, digits, + and /" "make a new one";
    IcePwd "ice-pwd" Camera "RFC 8839 §5.4" "an ice-pwd is 22 to 256 letters, digits, + and /" "make a new one";
    IceUfragShared "ice-ufrag-shared" Compat "RFC 8839 §5.4" "an ice-ufrag that another section has with another ice-pwd" "give both the same ice-pwd, or an ice-ufrag of their own";
    IceLegacyChars "ice-legacy-chars" Always "RFC 8839 §5.4" "an ICE credential with characters that the grammar lacks" "use letters, digits, + and /";
    IceOptions "ice-options" Compat "RFC 8839 §5.6" "an ice-option is made of letters, digits, + and /, separated by single spaces" "check the list";
    IcePacing "ice-pacing" Compat "RFC 8839 §5.5" "ice-pacing is a number of milliseconds" "ice-pacing:50";

    IcePacingLite "ice-pacing-lite" Compat "RFC 8839 §4.3.1" "a lite agent sends no checks and gives no pacing" "remove ice-pacing, or ice-lite";

    // Security.
    Fingerprint "fingerprint" Camera "RFC 8122 §5" "a fingerprint is a hash function and hex pairs with colons" "sha-256 AB:CD:...";
    FingerprintLength "fingerprint-length" Camera "RFC 8122 §5" "this hash function gives another number of bytes" "check the fingerprint";
    FingerprintHash "fingerprint-hash" Compat "RFC 8122 §5" "a fingerprint by MD2 or MD5, which proves nothing" "use sha-256";
    FingerprintCase "fingerprint-case" Compat "RFC 8122 §5" "hex digits of a fingerprint are upper case" "write upper case";
    Setup "setup" Camera "RFC 8842 §5" "setup is active, passive, actpass or holdconn" "actpass in an offer, active in an answer";
    ConnectionValue "connection-value" Compat "RFC 4145 §5" "connection is new or existing" "connection:new";
    TlsId "tls-id" Compat "RFC 8842 §4" "a tls-id is 20 to 255 letters, digits, +, /, - and _" "make a new one";
    Crypto "crypto" Compat "RFC 4568" "crypto is a tag, a suite and key parameters" "1 AES_CM_128_HMAC_SHA1_80 inline:<key>";
    Identity "identity" Compat "RFC 8827" "an identity is a base64 assertion" "check the assertion";

    // Grouping and data.
    Mid "mid" Camera "RFC 5888 §4" "a mid is a token" "use a short one: RFC 8829 §5.2.1";
    MidRepeated "mid-repeated" Camera "RFC 5888 §4" "two sections have the same mid" "give each its own";
    Group "group" Camera "RFC 5888 §5" "a group is its semantics and mids" "group:BUNDLE 0 1";
    GroupUnknownMid "group-unknown-mid" Compat "RFC 5888 §6" "the group names a mid that no section has" "remove it";
    MissingMid "missing-mid" Compat "RFC 5888 §6" "sections are grouped and this one has no mid" "add a=mid";
    GroupTwice "group-twice" Compat "RFC 9143 §5" "a section of another BUNDLE group" "list each mid in one group";
    FidAddress "fid-address" Compat "RFC 5888 §8.5.3" "two sections of a FID group have the same address and port" "list the formats in one section";
    BundleDisabled "bundle-disabled" Compat "RFC 9143 §7.5.3" "the BUNDLE group lists a section with port 0" "leave the mid out, or add a=bundle-only";
    BundleProtocol "bundle-protocol" Compat "RFC 9143 §9.1" "RTP of another protocol than the rest of its BUNDLE group" "write the same protocol in all RTP sections of the group";
    BundlePayloadType "bundle-payload-type" Compat "RFC 9143 §9.1" "this payload type stands for another format in a section of the BUNDLE group" "use another payload type";
    BundleRtcpMux "bundle-rtcp-mux" Compat "RFC 9143 §9.3" "RTP in a BUNDLE group without rtcp-mux" "add a=rtcp-mux";
    BundleMidExtension "bundle-mid-extension" Always "RFC 9143 §9.1" "RTP in a BUNDLE group without the header extension of the mid" "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";
    BundleAddressTypes "bundle-address-types" Compat "RFC 9143 §7.1.1" "a BUNDLE group with addresses of both IPv4 and IPv6" "give all sections of the group the address of one";
    SctpPort "sctp-port" Compat "RFC 8841 §5.1" "an SCTP port is a number from 0 to 65535" "sctp-port:5000";
    MaxMessageSize "max-message-size" Compat "RFC 8841 §6.1" "max-message-size is a number of bytes" "max-message-size:262144";
    SctpMap "sctp-map" Compat "draft-ietf-mmusic-sctp-sdp" "sctpmap is a port, a protocol and a number of streams" "use sctp-port (RFC 8841)";
    Msid "msid" Compat "RFC 8830 §2" "an msid is one or two tokens" "msid:<stream> <track>";
    MsidTracks "msid-tracks" Compat "RFC 8830 §2" "the streams of this section have different tracks" "name one track in all of them";
    MsidSemantic "msid-semantic" Compat "RFC 8830 §2" "msid-semantic is a token and identifiers" "msid-semantic:WMS *";

    // Media.
    RtpMap "rtpmap" Compat "RFC 8866 §6.6" "rtpmap is a payload type, a name and a clock rate" "rtpmap:111 opus/48000/2";
    RtpMapRate "rtpmap-rate" Compat "RFC 8866 §6.6" "the clock rate is a positive number" "check the rate";
    RtpMapRepeated "rtpmap-repeated" Compat "RFC 8866 §6.6" "a second rtpmap of this payload type" "use another payload type";
    FormatUnlisted "format-unlisted" Compat "RFC 8866 §6.15" "about a format that the m= line does not list" "add the format to the m= line, or remove this one";
    FormatUnmapped "format-unmapped" Always "RFC 8866 §5.14" "a dynamic payload type without rtpmap" "add a=rtpmap";
    FmtpRepeated "fmtp-repeated" Compat "RFC 8866 §6.15" "a second fmtp of this format" "put all parameters into one, with semicolons";
    RtxApt "rtx-apt" Compat "RFC 4588" "an rtx format without apt, or with one that the m= line does not list" "a=fmtp:97 apt=96";
    PayloadTypeRtcp "payload-type-rtcp" Always "RFC 5761 §4" "with rtcp-mux a payload type from 64 to 95 cannot be told from RTCP" "use a dynamic one, 96 to 127";
    RtcpMuxOnly "rtcp-mux-only" Compat "RFC 8858 §4.2" "rtcp-mux-only without rtcp-mux" "add a=rtcp-mux";
    Fmtp "fmtp" Compat "RFC 8866 §6.15" "fmtp is a format and its parameters" "fmtp:111 minptime=10;useinbandfec=1";
    Rtcp "rtcp" Compat "RFC 3605 §2.1" "rtcp is a port and perhaps an address" "rtcp:9 IN IP4 0.0.0.0";
    RtcpFb "rtcp-fb" Compat "RFC 4585 §4.2" "rtcp-fb is a payload type or * and a feedback type" "rtcp-fb:96 nack pli";
    RtcpFbParameter "rtcp-fb-parameter" Compat "RFC 5104 §7.1" "this feedback type has a parameter" "rtcp-fb:96 ccm fir";
    ExtMap "extmap" Compat "RFC 8285 §8" "extmap is an id, perhaps a direction, and a URI" "extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid";
    ExtMapId "extmap-id" Camera "RFC 8285 §7" "an extension id is 1 to 255, or 4096 to 4351 for one yet to be chosen" "use 1 to 14";
    ExtMapRepeated "extmap-repeated" Camera "RFC 8285 §7" "two extensions share an id" "give each its own";
    ExtMapLevels "extmap-levels" Compat "RFC 8285 §5" "extensions are mapped in the session part and in a section" "map them all in the sections";
    Ssrc "ssrc" Compat "RFC 5576 §4.1" "ssrc is a 32 bit number and an attribute" "ssrc:1234 cname:x";
    SsrcGroup "ssrc-group" Compat "RFC 5576 §4.2" "ssrc-group is its semantics and 32 bit numbers" "ssrc-group:FID 1 2";
    Rid "rid" Compat "RFC 8851 §10" "rid is an id, send or recv, and perhaps restrictions" "rid:h send max-width=1280";
    RidRestriction "rid-restriction" Compat "RFC 8851 §10" "a restriction of this rid does not follow its grammar" "rid:h send pt=96,97;max-width=1280;max-fps=30";
    RidRepeated "rid-repeated" Compat "RFC 8851 §6.2.2" "two rids of a section have the same id; readers discard both" "give each its own";
    Simulcast "simulcast" Compat "RFC 8853 §5.1" "simulcast is send or recv and rids, once or twice" "simulcast:send h;l";
    SimulcastUnknownRid "simulcast-unknown-rid" Compat "RFC 8853 §5.2" "simulcast names a rid that the section lacks; readers pass it over" "add the rid line";
    Ptime "ptime" Compat "RFC 8866 §6.4" "a packet time is a positive number of milliseconds, without zeros at either end" "ptime:20";
    Framerate "framerate" Compat "RFC 8866 §6.13" "a frame rate is a positive number, without zeros at either end" "framerate:25";
    ImageAttr "imageattr" Compat "RFC 6236" "imageattr is a payload type or *, then send or recv and sets" "imageattr:97 send [x=800,y=640]";
    Range "range" Compat "RFC 7826" "a range is a unit and an interval" "range:npt=0-";
    SourceFilter "source-filter" Compat "RFC 4570" "source-filter is incl or excl, address types and addresses" "incl IN IP4 233.252.0.1 192.0.2.1";
    TsRefClk "ts-refclk" Compat "RFC 7273" "ts-refclk is a clock source and its identity" "ts-refclk:ptp=IEEE1588-2008:...";
    MediaClk "mediaclk" Compat "RFC 7273" "mediaclk is sender, direct or an IEEE 1722 stream" "mediaclk:direct=0";
}
