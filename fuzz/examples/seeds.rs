//! Writes first inputs for the targets that read bytes of a protocol, made by this project's own
//! builders: `cargo run --no-default-features --example seeds DIRECTORY`. The targets that read
//! decisions need none.
#![expect(clippy::print_stderr, reason = "a program for the terminal")]
use sdp_proto::{
    DataChannel, IceCredentials,
    attribute::{Attribute, Candidate, Fingerprint, IcePwd, IceUfrag},
    negotiator::{Codec, Config, Extension, Kind, Negotiator, Output, Transceiver},
};
use std::{error::Error, fs, path::Path};
use stun_proto::{
    Integrity, Key, MessageBuilder, MessageType, Method, TransactionId,
    attribute::{
        Code, ErrorCode, Nonce, PasswordAlgorithms, Priority, Realm, Software, UnknownAttributes,
        Username, XorMappedAddress,
    },
};

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(directory) = std::env::args().nth(1) else {
        eprintln!("which directory?");
        std::process::exit(64);
    };
    write(&directory, "stun_parse", stun()?)?;
    write(&directory, "stream_framing", stream()?)?;
    write(&directory, "channel_data", vec![("hello", b"\x40\x01\x00\x05hello\0\0\0".to_vec())])?;
    write(&directory, "sdp_parse", sdp()?)?;
    write(&directory, "nat_scenario", vec![("scenario", SCENARIO.into())])?;
    let words = Attribute::TYPED.iter().map(|name| format!("\"a={name}:\"\n"));
    fs::write(Path::new(&directory).join("sdp_parse.dict"), words.collect::<String>())?;
    Ok(())
}

fn write(directory: &str, target: &str, seeds: Seeds) -> Result<(), Box<dyn Error>> {
    let directory = Path::new(directory).join(target);
    fs::create_dir_all(&directory)?;
    for (name, bytes) in seeds {
        fs::write(directory.join(name), bytes)?;
    }
    Ok(())
}

fn stun() -> Result<Seeds, Box<dyn Error>> {
    let key = Key::new(b"VOkJxbRl1RmTxUk/WvJxBt");
    let id = TransactionId(*b"abcdefghijkl");
    let mut buffer = [0; 512];
    let mut seeds = Seeds::new();
    let check = MessageBuilder::new(&mut buffer, MessageType::request(Method::BINDING), id)
        .with(&Username("evtj:h6vY"))
        .with(&Priority(0x6e00_01ff))
        .sign(&key, Integrity::Sha1)
        .fingerprint()
        .finish()?;
    seeds.push(("check", check.to_vec()));
    for (name, address) in [("bound", "192.0.2.1:32853"), ("bound_v6", "[2001:db8::1]:32853")] {
        let success = MessageType::success(Method::BINDING);
        let bound = MessageBuilder::new(&mut buffer, success, id)
            .with(&XorMappedAddress(address.parse()?))
            .with(&Software("test"))
            .sign_both(&key)
            .finish()?;
        seeds.push((name, bound.to_vec()));
    }
    let unknown: UnknownAttributes = [stun_proto::AttributeType(0x7777)].into_iter().collect();
    let refused = MessageBuilder::new(&mut buffer, MessageType::error(Method::ALLOCATE), id)
        .with(&ErrorCode { code: Code::UNAUTHENTICATED, reason: "no" })
        .with(&Realm("realm"))
        .with(&Nonce(b"obMatJos2gAAAnonce"))
        .with(&PasswordAlgorithms::SHA256_MD5)
        .with(&unknown)
        .finish()?;
    seeds.push(("refused", refused.to_vec()));
    Ok(seeds)
}

/// Two messages and a ChannelData message, one behind the other.
fn stream() -> Result<Seeds, Box<dyn Error>> {
    let mut bytes: Vec<u8> = stun()?.into_iter().flat_map(|(_, bytes)| bytes).collect();
    bytes.extend_from_slice(b"\x40\x01\x00\x05hello\0\0\0\x40\x02");
    Ok(vec![("stream", bytes)])
}

fn sdp() -> Result<Seeds, Box<dyn Error>> {
    let credentials = IceCredentials {
        ufrag: IceUfrag::new("8hhY")?,
        pwd: IcePwd::new("asd88fgpdd777uzjYhagZg")?,
    };
    let fingerprint = Fingerprint::sha256([7; 32]);
    let mut side = DataChannel::new(4711, credentials.clone(), [fingerprint.clone()]);
    for candidate in [
        "1 1 udp 2130706431 192.0.2.1 50000 typ host",
        "2 1 udp 1694498815 203.0.113.1 50001 typ srflx raddr 192.0.2.1 rport 50000",
        "3 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active generation 0",
    ] {
        side.candidates.push(candidate.parse::<Candidate<'static>>()?);
    }
    let mut config = Config::new(1, credentials, [fingerprint]);
    config.audio.codecs = vec![Codec::opus().with_redundancy(), Codec::pcmu()];
    config.audio.extensions = vec![Extension::mid()];
    config.video.codecs = vec![Codec::vp8(), Codec::h264(), Codec::vp9()];
    config.video.extensions = vec![Extension::mid(), Extension::rid()];
    let mut caller = Negotiator::new(config);
    for kind in [Kind::Audio, Kind::Video, Kind::Data] {
        caller.add(Transceiver::new(kind))?;
    }
    caller.offer()?;
    let mut seeds: Seeds = vec![("data", side.offer()?.to_bytes().into_owned())];
    loop {
        match caller.poll_output() {
            Output::Description(offer) => seeds.push(("media", offer.session.to_bytes().into())),
            Output::Event(_) => {}
            Output::Rest => return Ok(seeds),
        }
    }
}

const SCENARIO: &str = "seed 7
duration 10s
nat home linux delay 8ms loss 1%
nat cell mobile-carrier lifetime=30s
host alice behind home runs agent
host bob behind cell runs agent
host server on internet runs stun
connect alice bob
at 1s rebind cell
at 2s cut alice home
at 3s mend alice home
at 4s roam bob behind home
at 5s reboot home
";
