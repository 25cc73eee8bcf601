//! The worked examples of RFC 3264 and RFC 4317, with this negotiator in the place of Alice and in that
//! of Bob. Sections are written as `audio 0 97 sendonly`; `-` stands for port 0.

mod bundle;
mod jsep;
mod phones;
mod script;
mod simulcast;
mod whip;

use super::*;
use sdp_proto::attribute::Direction;

/// What the numbers of the examples stand for.
const CODECS: [(u8, &str); 11] = [
    (0, "PCMU/8000"),
    (4, "G723/8000"),
    (8, "PCMA/8000"),
    (18, "G729/8000"),
    (31, "H261/90000"),
    (32, "MPV/90000"),
    (97, "iLBC/8000"),
    (98, "telephone-event/8000"),
    (99, "iLBC/8000"),
    (101, "telephone-event/8000"),
    (110, "telephone-events/8000"),
];

fn codecs(numbers: &[u8]) -> Vec<Codec> {
    let codec = |number: &u8| {
        let (_, map) = CODECS.iter().find(|(known, _)| known == number).unwrap();
        let (name, rate) = map.split_once('/').unwrap();
        let rate = rate.parse().unwrap();
        Codec::new(name, rate).unwrap().with_payload_type(*number)
    };
    numbers.iter().map(codec).collect()
}

/// The description of the other side.
fn written(version: u64, sections: &[&str]) -> String {
    let section = |(index, section): (usize, &&str)| {
        let words: Vec<&str> = section.split(' ').collect();
        let port = if words[1] == "-" { 0 } else { 49_170 + 2 * index };
        let numbers = words.iter().copied().filter(|word| word.parse::<u8>().is_ok());
        let numbers: Vec<&str> = numbers.collect();
        let known = CODECS.iter().filter(|(number, _)| numbers.contains(&&*number.to_string()));
        let maps = known.map(|(number, map)| format!("a=rtpmap:{number} {map}\r\n"));
        let way = words.last().filter(|word| word.ends_with("only") || **word == "inactive");
        let way = way.map(|way| format!("a={way}\r\n"));
        let line = format!("m={} {port} RTP/AVP {}\r\n", words[0], numbers.join(" "));
        std::iter::once(line).chain(maps).chain(way).collect::<String>()
    };
    let sections: String = sections.iter().enumerate().map(section).collect();
    let host = "IN IP4 host.example.com";
    format!("v=0\r\no=peer 1 {version} {host}\r\ns= \r\nc={host}\r\nt=0 0\r\n{sections}")
}

/// A description in the short form, the formats of sections that are off left out.
fn short(text: &str) -> Vec<String> {
    let section = |(index, line): (usize, &str)| {
        let words: Vec<&str> = line.trim_start_matches("m=").split(' ').collect();
        if words[1] == "0" {
            return format!("{} -", words[0]);
        }
        let way = lines(text, Some(index)).into_iter().find_map(|line| {
            ["sendonly", "recvonly", "inactive"].into_iter().find(|way| line == format!("a={way}"))
        });
        [&[words[0]], &words[3..], way.as_slice()].concat().join(" ")
    };
    m_lines(text).into_iter().enumerate().map(section).collect()
}

/// The same of what an example has.
fn cut(sections: &[&str]) -> Vec<String> {
    let cut = |section: &&str| match section.split_once(" -") {
        Some((kind, _)) => format!("{kind} -"),
        None => (*section).to_owned(),
    };
    sections.iter().map(cut).collect()
}

/// One side that is played by this negotiator.
struct Player {
    side: Negotiator,
    /// The version of what the other side says.
    version: u64,
}

impl Player {
    fn new(audio: &[u8], video: &[u8]) -> Self {
        let mut config = config(1);
        config.audio = Capabilities { codecs: codecs(audio), extensions: Vec::new() };
        config.video = Capabilities { codecs: codecs(video), extensions: Vec::new() };
        config.direct.plain = true;
        let mut side = Negotiator::new(config);
        let candidate = "1 1 udp 5 192.0.2.9 6000 typ host".parse().unwrap();
        side.set_candidates(None, vec![candidate], true).unwrap();
        Self { side, version: 0 }
    }

    fn add(&mut self, kind: Kind) -> TransceiverId {
        let carriage = Carriage::Plain;
        self.side.add(Transceiver { carriage, ..Transceiver::new(kind) }).unwrap()
    }

    /// Has these codecs from now on.
    fn codecs(&mut self, id: TransceiverId, numbers: &[u8]) {
        let able = Capabilities { codecs: codecs(numbers), extensions: Vec::new() };
        self.side.update(id, |wish| wish.capabilities = Some(able)).unwrap();
    }

    fn offers(&mut self, offered: &[&str], answered: &[&str]) {
        let text = offer(&mut self.side);
        assert_eq!(short(&text), cut(offered));
        self.version += 1;
        conclude(&mut self.side, &written(self.version, answered));
    }

    fn answers(&mut self, offered: &[&str], answered: &[&str]) {
        self.taking(offered);
        self.giving(answered);
    }

    fn taking(&mut self, offered: &[&str]) {
        self.version += 1;
        assert_eq!(take(&mut self.side, &written(self.version, offered)), Verdict::Consumed);
    }

    fn giving(&mut self, answered: &[&str]) {
        self.side.answer().unwrap();
        assert_eq!(short(&said(&mut self.side)), cut(answered));
    }

    /// The numbers that this side expects and sends in a section, and which way media flows.
    fn agreed(&self, section: usize) -> (Vec<(u8, u8)>, Direction) {
        let section = &self.side.agreement().sections()[section];
        let pair = |codec: &AgreedCodec| (codec.local.payload_type, codec.remote.payload_type);
        (section.codecs.iter().map(pair).collect(), section.direction)
    }
}

const ALICE: [&str; 2] = ["audio 0 8 97", "video 31 32"];

fn alice() -> Player {
    let mut alice = Player::new(&[0, 8, 97], &[31, 32]);
    alice.add(Kind::Audio);
    alice.add(Kind::Video);
    alice
}

fn bob(audio: &[u8], video: &[u8]) -> Player {
    let mut bob = Player::new(audio, video);
    bob.add(Kind::Audio);
    bob.add(Kind::Video);
    bob
}

#[test]
fn codecs_are_chosen_as_in_rfc_4317() {
    // 2.1 and, but for an address, 2.8.
    bob(&[0], &[32]).answers(&ALICE, &["audio 0", "video 32"]);
    let mut a = alice();
    a.offers(&ALICE, &["audio 0", "video 32"]);
    assert_eq!(a.agreed(1), (vec![(32, 32)], Direction::SendRecv));
    // 2.2: Alice goes on with one of the codecs.
    let mut b = bob(&[0, 8], &[]);
    b.answers(&ALICE, &["audio 0 8", "video - 31"]);
    b.answers(&["audio 0", "video - 31"], &["audio 0", "video - 31"]);
    let mut a = Player::new(&[0, 8, 97], &[31, 32]);
    let audio = a.add(Kind::Audio);
    a.add(Kind::Video);
    a.offers(&ALICE, &["audio 0 8", "video - 31"]);
    a.codecs(audio, &[0]);
    a.offers(&["audio 0", "video - 31"], &["audio 0", "video - 31"]);
    // 2.3: Bob numbers a codec as he likes; this side keeps the number of the offer.
    let mut a = alice();
    a.offers(&ALICE, &["audio 99", "video 31"]);
    assert_eq!(a.agreed(0).0, [(97, 99)]);
    bob(&[99], &[31]).answers(&ALICE, &["audio 97", "video 31"]);
}

#[test]
fn sections_are_chosen_as_in_rfc_4317() {
    // 2.4: key presses in a section of their own.
    let (offered, answered) =
        (["audio 0 97", "audio 98 sendonly"], ["audio 97", "audio 98 recvonly"]);
    let mut b = Player::new(&[97, 98], &[]);
    b.add(Kind::Audio);
    b.answers(&offered, &answered);
    let mut a = Player::new(&[0, 97], &[]);
    a.add(Kind::Audio);
    let tones = a.add(Kind::Audio);
    a.codecs(tones, &[98]);
    a.side.set_direction(tones, Direction::SendOnly).unwrap();
    a.offers(&offered, &answered);
    assert_eq!(a.agreed(1), (vec![(98, 98)], Direction::SendOnly));
    // 2.6: one section or the other.
    let (offered, answered) = (["audio 0", "audio 97 101"], ["audio - 0", "audio 97 101"]);
    let mut b = Player::new(&[0, 97, 101], &[]);
    b.add(Kind::Audio);
    b.add(Kind::Audio);
    b.taking(&offered);
    b.side.reject(0).unwrap();
    b.giving(&answered);
    let mut a = Player::new(&[0], &[]);
    a.add(Kind::Audio);
    let other = a.add(Kind::Audio);
    a.codecs(other, &[97, 101]);
    a.offers(&offered, &answered);
    assert!(!a.side.agreement().sections()[0].live);
}

#[test]
fn later_offers_go_as_in_rfc_4317() {
    // 2.5: Bob offers in turn, with another address.
    let both = ["audio 97", "video 31"];
    let mut a = Player::new(&[97], &[31]);
    a.add(Kind::Audio);
    a.add(Kind::Video);
    a.offers(&both, &both);
    a.answers(&both, &both);
    let mut b = bob(&[97], &[31]);
    b.answers(&both, &both);
    b.offers(&both, &both);
    // 2.7: a second codec.
    let more = ["audio 99", "video 31 32"];
    let mut a = Player::new(&[99], &[31]);
    a.add(Kind::Audio);
    let video = a.add(Kind::Video);
    a.offers(&["audio 99", "video 31"], &["audio 99", "video 31"]);
    a.codecs(video, &[31, 32]);
    a.offers(&more, &more);
    assert_eq!(a.agreed(1).0, [(31, 31), (32, 32)]);
    let mut b = bob(&[99], &[31, 32]);
    b.answers(&["audio 99", "video 31"], &["audio 99", "video 31"]);
    b.answers(&more, &more);
}

#[test]
fn calls_are_held_as_in_rfc_4317() {
    // 3.1: held when it is answered, then taken up.
    let mut b = Player::new(&[97], &[]);
    let audio = b.add(Kind::Audio);
    b.side.set_direction(audio, Direction::SendOnly).unwrap();
    b.answers(&["audio 0 97"], &["audio 97 sendonly"]);
    b.side.set_direction(audio, Direction::SendRecv).unwrap();
    b.offers(&["audio 97"], &["audio 97"]);
    let mut a = Player::new(&[0, 97], &[]);
    a.add(Kind::Audio);
    a.offers(&["audio 0 97"], &["audio 97 sendonly"]);
    assert_eq!(a.agreed(0).1, Direction::RecvOnly);
    a.answers(&["audio 97"], &["audio 97"]);
    // 3.2: one of two streams is held. The answer of the example is sendrecv to sendonly, with a
    // payload type that was not offered, which RFC 3264 rules out.
    let first = (["audio 0 97", "audio 98 sendonly"], ["audio 97", "audio 98 recvonly"]);
    let mut b = Player::new(&[97, 98], &[]);
    let audio = b.add(Kind::Audio);
    b.answers(&first.0, &first.1);
    b.side.set_direction(audio, Direction::SendOnly).unwrap();
    let (tones, _) = b.side.transceivers().nth(1).unwrap();
    b.codecs(audio, &[97]);
    b.codecs(tones, &[98]);
    let held = ["audio 97 sendonly", "audio 98 recvonly"];
    assert_eq!(short(&offer(&mut b.side)), held);
    let text = written(9, &["audio 0 97", "audio 98 sendonly"]);
    let verdict = b.side.handle_input(Input::Answer(text.as_bytes()));
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    conclude(&mut b.side, &written(9, &["audio 97 recvonly", "audio 98 sendonly"]));
    let mut a = Player::new(&[0, 97], &[]);
    a.add(Kind::Audio);
    let tones = a.add(Kind::Audio);
    a.codecs(tones, &[98]);
    a.side.set_direction(tones, Direction::SendOnly).unwrap();
    a.offers(&first.0, &first.1);
    a.answers(&held, &["audio 97 recvonly", "audio 98 sendonly"]);
}

#[test]
fn sections_come_and_go_as_in_rfc_4317() {
    // 4.1: Bob adds one for key presses.
    let (offered, answered) =
        (["audio 97", "audio 98 recvonly"], ["audio 97", "audio 98 sendonly"]);
    let mut b = Player::new(&[97], &[]);
    b.add(Kind::Audio);
    b.answers(&["audio 0 97"], &["audio 97"]);
    let tones = b.add(Kind::Audio);
    b.codecs(tones, &[98]);
    b.side.set_direction(tones, Direction::RecvOnly).unwrap();
    b.offers(&offered, &answered);
    let mut a = Player::new(&[0, 97, 98], &[]);
    let audio = a.add(Kind::Audio);
    a.codecs(audio, &[0, 97]);
    a.offers(&["audio 0 97"], &["audio 97"]);
    a.add(Kind::Audio);
    a.answers(&offered, &answered);
    // 4.2: video comes; 4.3: it goes.
    let both = ["audio 0", "video 31"];
    let mut a = Player::new(&[0], &[31]);
    a.add(Kind::Audio);
    a.offers(&["audio 0"], &["audio 0"]);
    let video = a.add(Kind::Video);
    a.offers(&both, &both);
    a.answers(&["audio 0", "video - 31"], &["audio 0", "video - 31"]);
    assert!(a.side.transceivers().all(|(id, _)| id != video));
    let mut b = bob(&[0], &[31]);
    b.answers(&["audio 0"], &["audio 0"]);
    b.answers(&both, &both);
    let (video, _) = b.side.transceivers().find(|(_, wish)| wish.kind == Kind::Video).unwrap();
    b.side.stop(video).unwrap();
    b.offers(&["audio 0", "video - 31"], &["audio 0", "video - 31"]);
}

/// A description whose media goes nowhere.
fn nowhere(text: &str) -> String {
    text.replace("IP4 host.example.com\r\nt=", "IP4 0.0.0.0\r\nt=")
}

#[test]
fn a_third_party_connects_two_as_in_rfc_4317() {
    // 5.1: nothing at first.
    let mut a = Player::new(&[97], &[]);
    a.offers(&[], &[]);
    a.add(Kind::Audio);
    a.offers(&["audio 97"], &["audio 97"]);
    let mut b = Player::new(&[97], &[]);
    b.add(Kind::Audio);
    b.answers(&[], &[]);
    b.answers(&["audio 97"], &["audio 97"]);
    // 5.2: nowhere to send to at first. Bob's answer says so, which that of the example leaves open.
    let mut b = Player::new(&[97], &[]);
    b.add(Kind::Audio);
    let text = nowhere(&written(1, &["audio 97"]));
    b.version = 1;
    assert_eq!(take(&mut b.side, &text), Verdict::Consumed);
    b.giving(&["audio 97 recvonly"]);
    b.answers(&["audio 97"], &["audio 97"]);
    // 5.3: the same from the other side.
    let mut a = Player::new(&[97], &[]);
    a.add(Kind::Audio);
    offer(&mut a.side);
    conclude(&mut a.side, &nowhere(&written(1, &["audio 97"])));
    assert_eq!(a.agreed(0).1, Direction::RecvOnly);
    a.version = 1;
    a.answers(&["audio 97"], &["audio 97"]);
    assert_eq!(a.agreed(0).1, Direction::SendRecv);
}

#[test]
fn streams_are_agreed_on_as_in_rfc_3264() {
    // 10.1. Bob's later offer uses the place of the video that is gone, as §8.1 allows.
    let (offered, answered) =
        (["audio 0", "video 31", "video 32"], ["audio 0", "video - 31", "video 32"]);
    let added = ["audio 0", "video - 31", "video 32", "audio 110 recvonly"];
    let mut b = Player::new(&[0], &[31, 32]);
    b.add(Kind::Audio);
    b.add(Kind::Video);
    let video = b.add(Kind::Video);
    b.taking(&offered);
    b.side.reject(1).unwrap();
    b.giving(&answered);
    b.codecs(video, &[32]);
    let events = b.add(Kind::Audio);
    b.codecs(events, &[110]);
    b.side.set_direction(events, Direction::RecvOnly).unwrap();
    b.offers(
        &["audio 0", "audio 110 recvonly", "video 32"],
        &["audio 0", "audio 110 sendonly", "video 32"],
    );
    let mut a = Player::new(&[0, 110], &[31]);
    let audio = a.add(Kind::Audio);
    a.codecs(audio, &[0]);
    a.add(Kind::Video);
    let video = a.add(Kind::Video);
    a.codecs(video, &[32]);
    a.offers(&offered, &answered);
    a.add(Kind::Audio);
    a.answers(&added, &["audio 0", "video - 31", "video 32", "audio 110 sendonly"]);
    // 10.2: one of several codecs, chosen when it is known which there are.
    let mut a = Player::new(&[0, 4, 18], &[]);
    let audio = a.add(Kind::Audio);
    a.side.set_direction(audio, Direction::Inactive).unwrap();
    a.offers(&["audio 0 4 18 inactive"], &["audio 0 4 inactive"]);
    a.codecs(audio, &[4]);
    a.side.set_direction(audio, Direction::SendRecv).unwrap();
    a.offers(&["audio 4"], &["audio 4"]);
    let mut b = Player::new(&[0, 4], &[]);
    b.taking(&["audio 0 4 18 inactive"]);
    let (audio, _) = b.side.transceivers().next().unwrap();
    b.side.set_direction(audio, Direction::SendRecv).unwrap();
    b.giving(&["audio 0 4 inactive"]);
    b.answers(&["audio 4"], &["audio 4"]);
    assert_eq!(b.agreed(0), (vec![(4, 4)], Direction::SendRecv));
}
