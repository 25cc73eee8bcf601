//! A forwarding server (SFU) with one that publishes and one that watches, and the descriptions
//! between them: `cargo run -p sdp-proto --example sfu`.
//!
//! The publisher sends its camera in two sizes at once (simulcast), which the server takes; what comes
//! in goes on to the watcher as one stream, whose packets the server picks. When the publisher
//! comes with a screen, the server offers it to the watcher anew, and when it goes, its place stays.
#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::collections::BTreeMap;
use std::error::Error;

use sdp_proto::IceCredentials;
use sdp_proto::attribute::{Direction, Fingerprint, IcePwd, IceUfrag};
use sdp_proto::negotiator::{
    Codec, Config, Extension, Glare, Input, Kind, Negotiator, Output, Transceiver, TransceiverId,
    Verdict,
};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut publisher, mut watcher) = (side(1, "8hhY")?, side(2, "9uB6")?);
    let mut server =
        Server { from: side(3, "f00d")?, to: side(4, "b4r5")?, forwarded: BTreeMap::new() };

    let mut camera = Transceiver::new(Kind::Video).with_direction(Direction::SendOnly);
    camera.streams = vec!["camera".parse()?];
    camera.encodings = vec!["high".parse()?, "low".parse()?];
    publisher.add(camera.clone())?;
    publisher.add(Transceiver::new(Kind::Audio).with_direction(Direction::SendOnly))?;
    server.publish(&mut publisher)?;
    server.forward(&mut watcher)?;

    let screen = Transceiver { streams: vec!["screen".parse()?], encodings: Vec::new(), ..camera };
    let screen = publisher.add(screen)?;
    server.publish(&mut publisher)?;
    server.forward(&mut watcher)?;

    publisher.stop(screen)?;
    server.publish(&mut publisher)?;
    server.forward(&mut watcher)
}

/// Each peer has a negotiator of its own; transceivers of the one go with those of the other.
struct Server {
    from: Negotiator,
    to: Negotiator,
    forwarded: BTreeMap<TransceiverId, TransceiverId>,
}

impl Server {
    /// The publisher says what it sends.
    fn publish(&mut self, publisher: &mut Negotiator) -> Result<(), Box<dyn Error>> {
        exchange("publisher to server", publisher, &mut self.from)?;
        for section in self.from.agreement().sections().iter().filter(|section| section.live) {
            let rids: Vec<&str> = section.receive_rids().iter().map(|rid| rid.as_str()).collect();
            println!("=== section {} is taken, encodings {rids:?}", section.mid);
        }
        Ok(())
    }

    /// The watcher gets all of it.
    fn forward(&mut self, watcher: &mut Negotiator) -> Result<(), Box<dyn Error>> {
        let live: BTreeMap<_, _> = self
            .from
            .agreement()
            .sections()
            .iter()
            .filter_map(|section| {
                // One encoding goes on, whichever the watcher has room for.
                let wish = Transceiver { encodings: Vec::new(), ..section.relayed()? };
                Some((section.transceiver?, wish))
            })
            .collect();
        for (id, wish) in &live {
            if !self.forwarded.contains_key(id) {
                self.forwarded.insert(*id, self.to.add(wish.clone())?);
            }
        }
        let gone: Vec<_> =
            self.forwarded.keys().filter(|id| !live.contains_key(id)).copied().collect();
        for other in gone.into_iter().filter_map(|id| self.forwarded.remove(&id)) {
            self.to.stop(other)?;
        }
        exchange("server to watcher", &mut self.to, watcher)
    }
}

/// An offer and its answer.
fn exchange(name: &str, from: &mut Negotiator, to: &mut Negotiator) -> Result<(), Box<dyn Error>> {
    from.offer()?;
    let offer = sent(name, from).ok_or("no offer")?;
    let input = Input::Offer { text: offer.as_bytes(), glare: Glare::Report };
    assert_eq!(to.handle_input(input), Verdict::Consumed);
    to.answer()?;
    let answer = sent(name, to).ok_or("no answer")?;
    assert_eq!(from.handle_input(Input::Answer(answer.as_bytes())), Verdict::Consumed);
    sent(name, from);
    Ok(())
}

/// A side with one codec for each kind. Credentials and fingerprint come from the ICE agent and the
/// certificate.
fn side(id: u8, ufrag: &'static str) -> Result<Negotiator, Box<dyn Error>> {
    let pwd = IcePwd::new("asd88fgpdd777uzjYhagZg")?;
    let credentials = IceCredentials { ufrag: IceUfrag::new(ufrag)?, pwd };
    let mut config = Config::new(id.into(), credentials, [Fingerprint::sha256([id; 32])]);
    config.audio.codecs = vec![Codec::opus()];
    config.video.codecs = vec![Codec::vp8()];
    config.video.extensions = vec![Extension::mid(), Extension::rid()];
    Ok(Negotiator::new(config))
}

/// What a side has to send, printed.
fn sent(name: &str, side: &mut Negotiator) -> Option<String> {
    let mut text = None;
    loop {
        match side.poll_output() {
            Output::Description(description) => {
                println!("--- {name}, {:?}:\n{}", description.kind, description.session);
                text = Some(description.session.to_string());
            }
            Output::Event(_) => {}
            Output::Rest => return text,
        }
    }
}
