//! What is played in calls with a phone.

use std::path::Path;

use sdp_proto::attribute::Direction;
use sdp_proto::negotiator::{Input, Kind, OtherMedia, Transceiver};

use super::call::{Call, refused, side};
use super::phone::{Answering, Hold, Model, Phone, Security, Way};
use super::sip::Line;
use crate::run::Failure;

/// Plays all that this way of the phone is for. How many exchanges that is.
pub(super) fn play(
    model: Model,
    way: Way,
    dir: &Path,
    protocol: &mut String,
) -> Result<u32, Failure> {
    let mut phone = Phone::start(model, way, dir)?;
    let line = Line::open(phone.address())?;
    let us = side(way.security)?;
    let mut call = Call { us, line, security: way.security, protocol: String::new(), agreed: 0 };
    let outcome = act(&mut call, &mut phone, model, way, dir);
    *protocol = call.protocol;
    outcome.map(|()| call.agreed)
}

fn act(
    call: &mut Call,
    phone: &mut Phone,
    model: Model,
    way: Way,
    dir: &Path,
) -> Result<(), Failure> {
    if way.answering == Answering::EarlyFirst {
        return early(call, phone);
    }
    we_call(call, phone)?;
    they_call(call, phone, model, way)?;
    late(call)?;
    if way.security == Security::None && way.hold == Hold::Direction {
        other_media(call, model)?;
        forked(call, model, way, dir)?;
    }
    Ok(())
}

/// Audio as this way of protecting it offers it.
fn audio(security: Security) -> Transceiver {
    Transceiver { carriage: security.carriage(), ..Transceiver::new(Kind::Audio) }
}

/// We call, and either side holds and resumes.
fn we_call(call: &mut Call, phone: &mut Phone) -> Result<(), Failure> {
    let ours = call.us.add(audio(call.security)).map_err(refused)?;
    call.we_offer(Direction::SendRecv)?;
    call.hold_and_resume(phone, ours)?;
    call.line.hang_up()
}

/// They call, and either side holds and resumes.
fn they_call(call: &mut Call, phone: &mut Phone, model: Model, way: Way) -> Result<(), Failure> {
    call.us = side(call.security)?;
    let ours = call.us.add(Transceiver::new(Kind::Audio)).map_err(refused)?;
    phone.dial(&call.line.uri())?;
    call.they_offer(Direction::SendRecv)?;
    call.hold_and_resume(phone, ours)?;
    if model.answers_with_actpass(way.security) {
        call.we_are_answered_with_actpass()?;
    }
    call.line.hang_up()
}

/// We call without an offer, and ask for one again in the call.
fn late(call: &mut Call) -> Result<(), Failure> {
    call.us = side(call.security)?;
    call.us.add(Transceiver::new(Kind::Audio)).map_err(refused)?;
    for _ in 0..2 {
        call.they_are_asked_to_offer(Direction::SendRecv)?;
    }
    call.line.hang_up()
}

/// We call, and the phone answers before it is picked up, and once more then.
fn early(call: &mut Call, phone: &mut Phone) -> Result<(), Failure> {
    call.us.add(audio(call.security)).map_err(refused)?;
    call.us.offer().map_err(refused)?;
    let offer = call.say()?;
    call.line.invite(&offer)?;
    let answer = call.line.early()?;
    call.note("phone, early answer", &answer);
    call.take(Input::ProvisionalAnswer(answer.as_bytes()))?;
    call.judge(Direction::SendRecv)?;
    phone.accept()?;
    let answer = call.line.answered()?;
    call.line.acknowledge("")?;
    call.note("phone, answer", &answer);
    call.take(Input::Answer(answer.as_bytes()))?;
    call.judge(Direction::SendRecv)?;
    call.line.hang_up()
}

/// We offer sound, text with its redundancy (RFC 4103) and fax (T.38). What the phone does not have
/// is rejected, keeps its place, and the rest stands.
fn other_media(call: &mut Call, model: Model) -> Result<(), Failure> {
    call.us = side(call.security)?;
    let sound = call.us.add(audio(call.security)).map_err(refused)?;
    let text = Transceiver { kind: Kind::Text, ..audio(call.security) };
    call.us.add(text).map_err(refused)?;
    let fax = OtherMedia::new("image", "udptl", ["t38"]).map_err(refused)?;
    let (Ok(address), Ok(port)) = ("127.0.0.1".parse(), 6004.try_into()) else {
        unreachable!("an address and a port")
    };
    let fax = fax.at(address, port).with_attribute("T38FaxVersion", Some("0")).map_err(refused)?;
    call.us.add(Transceiver::other(fax)).map_err(refused)?;
    for direction in [Direction::SendRecv, Direction::SendOnly, Direction::SendRecv] {
        call.us.set_direction(sound, direction).map_err(refused)?;
        call.we_offer(direction)?;
        let sections = call.us.agreement().sections();
        let live: Vec<bool> = sections.iter().map(|section| section.live).collect();
        if live != [true, model.has_text(), false] {
            return Err(Failure::Failed(format!("of sound, text and fax are taken: {live:?}")));
        }
        let name = |format: &sdp_proto::codec::Format<'_>| {
            format.codec.as_ref().map_or(String::new(), |map| map.encoding.to_ascii_lowercase())
        };
        let codecs: Vec<String> =
            sections[1].codecs.iter().map(|codec| name(&codec.remote)).collect();
        if model.has_text() && !["t140", "red"].iter().all(|own| codecs.iter().any(|c| c == own)) {
            return Err(Failure::Failed(format!("text comes as {codecs:?}")));
        }
    }
    call.line.hang_up()
}

/// One offer goes to two phones, as a proxy forks it, and both answer: a side for each goes on
/// from there (RFC 3261 §13.2.2.4).
fn forked(call: &mut Call, model: Model, way: Way, dir: &Path) -> Result<(), Failure> {
    let dir = dir.join("other");
    std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let other = Phone::start(model, way, &dir)?;
    call.us = side(call.security)?;
    let ours = call.us.add(audio(call.security)).map_err(refused)?;
    call.us.offer().map_err(refused)?;
    let offer = call.say()?;
    let (us, line) = (call.us.clone(), Line::open(other.address())?);
    let security = call.security;
    let mut fork = Call { us, line, security, protocol: String::new(), agreed: 0 };
    let mut places = Vec::new();
    for leg in [&mut *call, &mut fork] {
        leg.is_answered(&offer)?;
        leg.judge(Direction::SendRecv)?;
        let direct = leg.us.agreement().sections()[0].direct.as_ref();
        places.extend(direct.map(|direct| (direct.connection.clone(), direct.port)));
    }
    if places.len() != 2 || places[0] == places[1] {
        return Err(Failure::Failed(format!("two phones, but {places:?}")));
    }
    for leg in [&mut *call, &mut fork] {
        leg.us.set_direction(ours, Direction::SendOnly).map_err(refused)?;
        leg.we_offer(Direction::SendOnly)?;
        leg.line.hang_up()?;
    }
    call.agreed += fork.agreed;
    call.protocol.push_str(&fork.protocol);
    Ok(())
}
