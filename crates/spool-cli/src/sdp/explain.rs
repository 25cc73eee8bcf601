//! `spool sdp explain`: what a description means for connecting, in plain words (RFC 8829, RFC
//! 8839, RFC 8842, RFC 8841).
use sdp_proto::{
    Diagnostic, IceCredentials, Media, Session,
    attribute::{
        Address, BundleOnly, Candidate, CandidateType, Direction, Fingerprint, Group, IceLite,
        Setup, TcpType, Transport,
    },
    codec::{Format, Parameters},
};
use std::fmt::{Display, Write};

/// What the description means, as lines of text.
pub(super) fn explain(session: &Session<'_>) -> String {
    let mut told = Told(String::new());
    let head = session.session_section();
    told.line(&sections(session.media_count()));
    if matches!(head.get::<IceLite>(), Ok(Some(_))) {
        told.line("It is ICE-lite: it answers connectivity checks and sends none.");
    }
    for group in head.all::<Group<'_>>() {
        match group {
            Ok(group) if group.is_bundle() => {
                let mids: Vec<_> = group.mids().collect();
                told.line(&format!("BUNDLE: one transport for the mids {}.", mids.join(", ")));
            }
            Ok(_) => {}
            Err(fault) => told.unreadable("group", &fault),
        }
    }
    for media in session.media() {
        told.line("");
        section(&mut told, &media);
    }
    told.0
}

fn sections(count: usize) -> String {
    match count {
        0 => "It has no media sections: there is nothing to connect.".to_owned(),
        1 => "It has one media section.".to_owned(),
        _ => format!("It has {count} media sections."),
    }
}

/// The text so far.
struct Told(String);

impl Told {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn fact(&mut self, topic: &str, text: impl Display) {
        // writing to a String cannot fail
        let _ = writeln!(self.0, "  {topic:<11} {text}");
    }

    /// Nothing is guessed about what cannot be read; `lint` has more to say.
    fn unreadable(&mut self, topic: &str, fault: &Diagnostic) {
        self.fact(topic, format!("cannot be read: {fault}"));
    }

    /// Tells a value where there is one, and a fault where it cannot be read.
    fn read<T>(&mut self, topic: &str, value: Result<Option<T>, Diagnostic>) -> Option<T> {
        match value {
            Ok(value) => value,
            Err(fault) => {
                self.unreadable(topic, &fault);
                None
            }
        }
    }
}

fn section(told: &mut Told, media: &Media<'_>) {
    let number = media.media_index() + 1;
    let mid = told.read("mid", media.mid());
    let mid = mid.map_or("no mid".to_owned(), |mid| format!("mid {mid}"));
    let line = match media.line() {
        Ok(line) => line,
        Err(fault) => {
            told.line(&format!("Section {number}, {mid}"));
            return told.unreadable("m=", &fault);
        }
    };
    let kind = if line.is_data_channel() { "data channels" } else { line.media.as_str() };
    told.line(&format!("Section {number}, {mid}: {kind} over {}", line.proto));
    if media.is_rejected() {
        return told.fact("port", "0: rejected, or switched off; nothing is sent here");
    }
    if matches!(media.get::<BundleOnly>(), Ok(Some(_))) {
        told.fact("port", "wanted inside the BUNDLE group only (bundle-only)");
    }
    if line.is_rtp() {
        told.fact("direction", direction(media.direction()));
        codecs(told, media);
    }
    let transport = media.transport();
    if transport.media_index() == media.media_index() {
        ice(told, media);
        dtls(told, media);
    } else {
        let other = transport.media_index() + 1;
        told.fact("transport", format!("that of section {other}, by BUNDLE"));
    }
    if line.is_data_channel() {
        sctp(told, media);
    }
}

fn direction(direction: Direction) -> &'static str {
    match (direction.sends(), direction.receives()) {
        (true, true) => "sends and receives",
        (true, false) => "sends only",
        (false, true) => "receives only",
        (false, false) => "neither sends nor receives for now",
    }
}

fn codecs(told: &mut Told, media: &Media<'_>) {
    match media.rtp_formats() {
        Ok(formats) => {
            let named: Vec<(String, &str)> = formats.iter().map(named).collect();
            let mut names: Vec<String> = Vec::new();
            for (name, parameters) in &named {
                // parameters where they tell two formats of a codec apart
                let differ = named.iter().any(|(other, p)| other == name && p != parameters);
                let name = match parameters {
                    _ if !differ => name.clone(),
                    &"" => name.clone(),
                    parameters => format!("{name} ({parameters})"),
                };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            told.fact("codecs", names.join(", "));
        }
        Err(fault) => told.unreadable("codecs", &fault),
    }
}

/// The codec of a format with its channels, and what its parameters are; those of formats that go
/// with others tell nothing.
fn named<'f>(format: &'f Format<'_>) -> (String, &'f str) {
    let name = match &format.codec {
        Some(codec) => match &codec.parameters {
            Some(channels) => format!("{}/{}/{channels}", codec.encoding, codec.clock_rate),
            None => format!("{}/{}", codec.encoding, codec.clock_rate),
        },
        None => format!("payload type {}, not named", format.payload_type),
    };
    let beside = matches!(format.parameters(), Parameters::Rtx(_) | Parameters::Red(_));
    let parameters = format.fmtp.as_ref().filter(|_| !beside);
    (name, parameters.map_or("", |fmtp| fmtp.parameters.as_str()))
}

fn ice(told: &mut Told, media: &Media<'_>) {
    match media.ice_credentials() {
        Ok(Some(IceCredentials { ufrag, .. })) => {
            told.fact("ICE", format!("ufrag {ufrag}, and a password that authenticates checks"));
        }
        Ok(None) => told.fact("ICE", "no credentials, so no ICE: packets go to the c= address"),
        Err(fault) => told.unreadable("ICE", &fault),
    }
    if let (Ok(None), Some(connection)) =
        (media.ice_credentials(), told.read("c=", media.connection()))
    {
        told.fact("address", connection);
    }
    let mut any = false;
    for read in media.candidates() {
        any = true;
        match read {
            Ok(found) => told.fact("candidate", candidate(&found)),
            Err(fault) => told.unreadable("candidate", &fault),
        }
    }
    if media.end_of_candidates() {
        told.fact("candidates", "no more will come");
    } else if !any && matches!(media.ice_credentials(), Ok(Some(_))) {
        told.fact("candidates", "none here: they have to come later, one by one (trickle ICE)");
    }
}

fn candidate(candidate: &Candidate<'_>) -> String {
    let place = match &candidate.address {
        Address::Ip(ip) => std::net::SocketAddr::new(*ip, candidate.port).to_string(),
        Address::Name(name) => format!("{name}:{}", candidate.port),
    };
    let kind = match &candidate.typ {
        CandidateType::Host => "host: an address of the sender's own",
        CandidateType::ServerReflexive => "srflx: how a STUN server sees it from outside",
        CandidateType::PeerReflexive => "prflx: how the peer saw it",
        CandidateType::Relayed => "relay: an address at a TURN server, which forwards",
        CandidateType::Other(_) => "of a type that is not known, to be ignored",
    };
    let mut text = format!("{place} {}, {kind}", candidate.transport);
    if candidate.address.is_mdns() {
        text.push_str("; hidden behind a name that multicast DNS resolves, on the same link alone");
    }
    if candidate.transport == Transport::Tcp {
        text.push_str(match candidate.tcptype {
            Some(TcpType::Active) => "; it connects",
            Some(TcpType::Passive) => "; it listens",
            Some(TcpType::SimultaneousOpen) => "; both sides connect at once",
            None => "",
        });
    }
    if candidate.component == 2 {
        text.push_str("; for RTCP");
    }
    text
}

fn dtls(told: &mut Told, media: &Media<'_>) {
    for read in media.fingerprints() {
        match read {
            Ok(Fingerprint { hash, .. }) if !hash.is_allowed() => {
                told.fact("DTLS", format!("a fingerprint by {} proves nothing", hash.as_str()));
            }
            Ok(Fingerprint { hash, .. }) => told.fact(
                "DTLS",
                format!("the certificate has to match the {} fingerprint", hash.as_str()),
            ),
            Err(fault) => told.unreadable("DTLS", &fault),
        }
    }
    if let Some(setup) = told.read("setup", media.setup()) {
        told.fact(
            "setup",
            match setup {
                Setup::Active => "active: it opens DTLS, as the client",
                Setup::Passive => "passive: it waits for DTLS, as the server",
                Setup::ActPass => "actpass: the answer decides who opens DTLS",
                Setup::HoldConn => "holdconn: nobody opens DTLS for now",
            },
        );
    }
}

fn sctp(told: &mut Told, media: &Media<'_>) {
    if let Some(port) = told.read("SCTP", media.sctp_port()) {
        told.fact("SCTP", format!("port {port}, inside DTLS"));
    }
    match media.max_message_size() {
        Ok(0) => told.fact("messages", "of any size"),
        Ok(size) => told.fact("messages", format!("it takes up to {size} bytes each")),
        Err(fault) => told.unreadable("messages", &fault),
    }
}
