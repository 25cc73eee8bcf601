//! Descriptions in a short form: what they mean, without numbers and addresses. A section is words in
//! any order: its media, `off`, or how it travels (`own`, `only`, `shared`, `direct`), its direction
//! unless that is sendrecv, codecs by name in order (`rtx(VP8)` anywhere), header extensions (`+mid`),
//! rids (`rid:1:send:pt=VP8`), `sim:send:1;2`, `actpass` and its kin, `msid:stream`, and its protocol
//! where that is not the usual one. The groups come before: `BUNDLE 0 1`.

use super::super::*;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A codec of an example: its name there, and its number, map and parameters.
pub(super) type Entry = (&'static str, u8, &'static str, &'static str);

pub(super) const EXTENSIONS: [(&str, &str); 4] = [
    ("+mid", "urn:ietf:params:rtp-hdrext:sdes:mid"),
    ("+rid", "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    ("+repaired", "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"),
    ("+level", "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
];

const WAYS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];
const SETUPS: [&str; 3] = ["actpass", "active", "passive"];

/// What stands for the numbers of an example.
#[derive(Clone, Copy)]
pub(super) struct Codecs(pub(super) &'static [Entry]);

impl Codecs {
    fn entry(self, name: &str) -> &'static Entry {
        self.0.iter().find(|entry| entry.0 == name).unwrap_or_else(|| panic!("no codec {name}"))
    }

    /// The codecs of a side, with RTX where the example has it for them.
    pub(super) fn own(self, names: &[&str], feedback: &[&str]) -> Vec<Codec> {
        let codec = |name: &&str| {
            let (_, number, map, parameters) = self.entry(name);
            let mut parts = map.split('/');
            let (name_of, rate) = (parts.next().unwrap(), parts.next().unwrap());
            let mut codec = Codec::new(name_of, rate.parse().unwrap()).unwrap();
            codec.channels = parts.next().map_or(1, |channels| channels.parse().unwrap());
            codec.payload_type = Some(*number);
            codec.parameters = parameters.parse().ok();
            codec.feedback = feedback.iter().map(|text| text.parse().unwrap()).collect();
            codec.retransmission = self.0.iter().any(|entry| entry.0 == format!("rtx({name})"));
            codec
        };
        names.iter().map(codec).collect()
    }

    fn name(
        self,
        format: &sdp_proto::codec::Format<'_>,
        all: &[sdp_proto::codec::Format<'_>],
    ) -> String {
        use sdp_proto::codec::Parameters;
        if let Parameters::Rtx(rtx) = format.parameters() {
            let about = all.iter().find(|other| other.payload_type == rtx.apt).unwrap();
            return format!("rtx({})", self.name(about, all));
        }
        let map = format.codec.as_ref().unwrap().to_string();
        let map = map.split_once(' ').map_or(&*map, |(_, map)| map).to_owned();
        let fits = |entry: &&Entry| map.eq_ignore_ascii_case(entry.2.trim_end_matches("/1"));
        let said = format.fmtp.as_ref().map(|fmtp| fmtp.parameters.to_string());
        let mut found = self.0.iter().filter(fits).collect::<Vec<_>>();
        if found.len() > 1 {
            found.retain(|entry| said.as_deref().unwrap_or_default() == entry.3);
        }
        found.first().map_or(map.clone(), |entry| entry.0.to_owned())
    }
}

/// A description of the other side, with these mids; numbered sections where there are none.
pub(super) fn written(
    codecs: Codecs,
    version: u64,
    mids: &[String],
    groups: &[&str],
    sections: &[&str],
) -> String {
    let mid = |index: usize| mids.get(index).cloned().unwrap_or(format!("m{index}"));
    let host = "IN IP4 192.0.2.5";
    let mut text = format!("v=0\r\no=- 77 {version} {host}\r\ns=-\r\nt=0 0\r\n");
    for group in groups {
        let (name, members) = group.split_once(' ').unwrap_or((group, ""));
        let members = members.split_terminator(' ').map(|index| mid(index.parse().unwrap()));
        let members: Vec<String> = members.collect();
        let words: Vec<&str> = std::iter::once(name).chain(members.iter().map(|m| &**m)).collect();
        let _ = write!(text, "a=group:{}\r\n", words.join(" "));
    }
    for (index, words) in sections.iter().enumerate() {
        text += &section(codecs, &mid(index), words, !groups.is_empty());
    }
    text
}

fn section(codecs: Codecs, mid: &str, words: &str, grouped: bool) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    let has = |word: &str| words.contains(&word);
    let proto = words.iter().find(|word| word.contains('/') && !word.contains(':'));
    let data = words[0] == "application";
    let usual = if data { "UDP/DTLS/SCTP" } else { "UDP/TLS/RTP/SAVPF" };
    let formats: Vec<&Entry> =
        words.iter().filter_map(|w| codecs.0.iter().find(|e| e.0 == *w)).collect();
    let numbers: Vec<String> = formats.iter().map(|entry| entry.1.to_string()).collect();
    let numbers = if numbers.is_empty() && !data { vec!["0".to_owned()] } else { numbers };
    let numbers = if data { "webrtc-datachannel".to_owned() } else { numbers.join(" ") };
    let port = if has("off") || has("only") { 0 } else { 9000 };
    let proto = proto.unwrap_or(&usual);
    let mut text = format!("m={} {port} {proto} {numbers}\r\nc=IN IP4 192.0.2.5\r\n", words[0]);
    let mut say = |line: String| _ = write!(text, "a={line}\r\n");
    if grouped || !has("direct") {
        say(format!("mid:{mid}"));
    }
    if has("off") {
        return text;
    }
    if has("only") {
        say("bundle-only".into());
    }
    if has("own") {
        say("ice-ufrag:peer".into());
        say("ice-pwd:asd88fgpdd777uzjYhagZh".into());
    }
    let setup = words.iter().find(|word| SETUPS.contains(word));
    if let Some(setup) = setup {
        say(format!("fingerprint:sha-256 {}", vec!["07"; 32].join(":")));
        say(format!("setup:{setup}"));
    }
    if data {
        say("sctp-port:5000".into());
        return text;
    }
    say(words.iter().find(|word| WAYS.contains(word)).unwrap_or(&"sendrecv").to_string());
    if has("own") {
        say("rtcp-mux".into());
    }
    for (_, number, map, parameters) in formats {
        say(format!("rtpmap:{number} {map}"));
        if !parameters.is_empty() {
            say(format!("fmtp:{number} {parameters}"));
        }
    }
    for (id, (word, uri)) in (1..).zip(EXTENSIONS) {
        if has(word) {
            say(format!("extmap:{id} {uri}"));
        }
    }
    for word in &words {
        let parts: Vec<&str> = word.splitn(4, ':').collect();
        match parts[..] {
            ["msid", stream] => say(format!("msid:{stream}")),
            ["fb", feedback] => say(format!("rtcp-fb:* {}", feedback.replace('_', " "))),
            ["rid", rid, way] => say(format!("rid:{rid} {way}")),
            ["rid", rid, way, rest] => say(format!("rid:{rid} {way} {}", numbered(codecs, rest))),
            ["sim", way, list] => say(format!("simulcast:{way} {list}")),
            ["sim", way, list, other] => {
                say(format!("simulcast:{way} {list} {}", other.replace(':', " ")));
            }
            _ => {}
        }
    }
    text
}

/// Restrictions of a rid with numbers in the place of codecs.
fn numbered(codecs: Codecs, restrictions: &str) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some(("pt", names)) => {
            let numbers = names.split(',').map(|name| codecs.entry(name).1.to_string());
            format!("pt={}", numbers.collect::<Vec<_>>().join(","))
        }
        _ => part.to_owned(),
    };
    restrictions.split(';').map(part).collect::<Vec<_>>().join(";")
}

/// What a description means, in the short form: words sorted but for codecs, which stand in order.
pub(super) fn meaning(codecs: Codecs, text: &str) -> Vec<String> {
    let session = Session::accept(text.as_bytes(), Policy::Compat).unwrap();
    let mids: Vec<String> = mids(text);
    let place = |mid: &str| mids.iter().position(|other| other == mid).unwrap().to_string();
    let groups = lines(text, None).into_iter().filter_map(|line| {
        let mut words = line.strip_prefix("a=group:")?.split(' ');
        let name = words.next()?.to_owned();
        Some(std::iter::once(name).chain(words.map(place)).collect::<Vec<_>>().join(" "))
    });
    let sections = session.media().map(|media| {
        let own: Vec<&str> = lines(text, Some(media.media_index()));
        let line = media.line().unwrap();
        if media.is_rejected() {
            return tidy(&format!("{} off", line.media));
        }
        let mut words = vec![line.media.to_string()];
        let transport = own.iter().any(|line| line.starts_with("a=ice-ufrag"));
        let direct = !text.contains("a=ice-ufrag") && !media.is_bundle_only();
        words.push(match (transport, direct) {
            (true, _) => "own".to_owned(),
            (false, true) => "direct".to_owned(),
            (false, false) if media.is_bundle_only() => "only".to_owned(),
            (false, false) => "shared".to_owned(),
        });
        words.push(line.proto.to_string());
        for line in &own {
            let line = line.trim_start_matches("a=");
            match line.split_once(':') {
                Some(("setup", setup)) => words.push(setup.to_owned()),
                Some(("msid", stream)) => words.push(format!("msid:{stream}")),
                Some(("extmap", map)) => {
                    let uri = map.split(' ').nth(1).unwrap();
                    words.extend(EXTENSIONS.iter().filter(|e| e.1 == uri).map(|e| e.0.to_owned()));
                }
                Some(("simulcast", list)) => words.push(format!("sim:{}", list.replace(' ', ":"))),
                Some(("rid", rid)) => words.push(format!("rid:{}", named(codecs, &media, rid))),
                _ if WAYS.contains(&line) => words.push(line.to_owned()),
                _ => {}
            }
        }
        if line.is_rtp() {
            let all = media.rtp_formats().unwrap();
            words.extend(all.iter().map(|format| codecs.name(format, &all)));
        }
        tidy(&words.join(" "))
    });
    groups.map(|group| group.trim_end().to_owned()).chain(sections).collect()
}

/// A rid with names in the place of numbers.
fn named(codecs: Codecs, media: &sdp_proto::Media<'_>, rid: &str) -> String {
    let all = media.rtp_formats().unwrap();
    let name = |number: &str| {
        let format = all.iter().find(|format| format.payload_type.to_string() == number);
        codecs.name(format.unwrap(), &all)
    };
    let part = |part: &str| match part.strip_prefix("pt=") {
        Some(numbers) => {
            format!("pt={}", numbers.split(',').map(name).collect::<Vec<_>>().join(","))
        }
        None => part.to_owned(),
    };
    let words: Vec<String> = rid
        .split(' ')
        .map(|word| word.split(';').map(part).collect::<Vec<_>>().join(";"))
        .collect();
    words.join(":")
}

/// Words of a section in one order, without what goes without saying.
pub(super) fn tidy(words: &str) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    let loose = |word: &&&str| {
        word.starts_with("rtx(")
            || word.contains(':')
            || word.starts_with('+')
            || word.contains('/')
            || WAYS.contains(*word)
            || SETUPS.contains(*word)
    };
    let silent = |word: &&&str| {
        ["sendrecv", "UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP"].contains(*word)
            || word.starts_with("fb:")
    };
    let sorted: BTreeSet<&str> =
        words.iter().filter(loose).filter(|word| !silent(word)).copied().collect();
    let ordered = words.iter().filter(|word| !loose(word)).copied();
    if words.contains(&"off") {
        return format!("{} off", words[0]);
    }
    ordered.chain(sorted).collect::<Vec<_>>().join(" ")
}

/// The mid of each section, `-` for none.
pub(super) fn mids(text: &str) -> Vec<String> {
    let mid = |index| {
        let found = lines(text, Some(index)).into_iter().find_map(|l| l.strip_prefix("a=mid:"));
        found.unwrap_or("-").to_owned()
    };
    (0..m_lines(text).len()).map(mid).collect()
}

/// One side of an example, played by a negotiator, and what the other side says.
pub(super) struct Player {
    pub(super) side: Negotiator,
    codecs: Codecs,
    version: u64,
    mids: Vec<String>,
}

impl Player {
    pub(super) fn new(codecs: Codecs, config: Config) -> Self {
        let mut side = Negotiator::new(config);
        let candidate = "1 1 udp 5 192.0.2.9 6000 typ host".parse().unwrap();
        side.set_candidates(None, vec![candidate], true).unwrap();
        Self { side, codecs, version: 0, mids: Vec::new() }
    }

    fn expect(&self, text: &str, groups: &[&str], sections: &[&str]) {
        let groups = groups.iter().map(|group| (*group).to_owned());
        let sections = sections.iter().map(|section| tidy(section));
        let expected: Vec<String> = groups.chain(sections).collect();
        assert_eq!(meaning(self.codecs, text), expected, "{text}");
    }

    /// This side offers and the other one answers.
    pub(super) fn offers(&mut self, offered: (&[&str], &[&str]), answered: (&[&str], &[&str])) {
        let text = offer(&mut self.side);
        self.expect(&text, offered.0, offered.1);
        self.mids = mids(&text);
        self.version += 1;
        let answer = written(self.codecs, self.version, &self.mids, answered.0, answered.1);
        conclude(&mut self.side, &answer);
    }

    /// The other side offers and this one answers.
    pub(super) fn answers(&mut self, offered: (&[&str], &[&str]), answered: (&[&str], &[&str])) {
        self.takes(offered);
        self.gives(answered);
    }

    pub(super) fn takes(&mut self, offered: (&[&str], &[&str])) {
        self.version += 1;
        let text = written(self.codecs, self.version, &self.mids, offered.0, offered.1);
        assert_eq!(take(&mut self.side, &text), Verdict::Consumed, "{text}");
        drain(&mut self.side);
        self.mids = mids(&text);
    }

    pub(super) fn gives(&mut self, answered: (&[&str], &[&str])) {
        self.side.answer().unwrap();
        let text = said(&mut self.side);
        self.expect(&text, answered.0, answered.1);
        let same =
            mids(&text).iter().zip(&self.mids).all(|(ours, theirs)| ours == theirs || ours == "-");
        assert!(same, "{text}");
    }

    pub(super) fn section(&self, index: usize) -> &AgreedSection {
        &self.side.agreement().sections()[index]
    }

    pub(super) fn update(&mut self, index: usize, change: impl FnOnce(&mut Transceiver)) {
        let id = self.side.serving(index).or(self
            .side
            .agreement()
            .sections()
            .get(index)
            .and_then(|s| s.transceiver));
        self.side.update(id.unwrap(), change).unwrap();
    }
}
