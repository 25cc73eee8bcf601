//! What was agreed changes: sections come, go and come back, ICE restarts, offers are taken back
//! or cross, answers are provisional (RFC 8829 §3.2, §4.1.10, §5.2.2, §5.7).

use sdp_proto::attribute::Direction;
use sdp_proto::negotiator::{
    BundlePolicy, Event, Glare, Input, Kind, SignalingState, Transceiver, Verdict,
};

use super::browser_offers::{add, refused};
use super::table::{POLICIES, Table, config, with_policy};
use super::{Scenario, scenario};
use crate::run::Failure;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("sections-are-added", sections_are_added),
    scenario("places-are-used-again", places_are_used_again),
    scenario("the-first-section-goes", the_first_section_goes),
    scenario("directions-change", directions_change),
    scenario("ice-restarts", ice_restarts),
    scenario("offers-are-taken-back", offers_are_taken_back),
    scenario("offers-cross", offers_cross),
    scenario("provisional-answers", provisional_answers),
];

fn start(table: &mut Table) -> Result<(), Failure> {
    table.lay(BundlePolicy::Balanced, config())?;
    for kind in [Kind::Audio, Kind::Video] {
        add(table, Transceiver::new(kind))?;
    }
    table.page("pc.addTransceiver('audio'); pc.addTransceiver('video')")?;
    table.browser_calls()?;
    table.expect(&["0 audio sendrecv", "1 video sendrecv"])
}

fn sections_are_added(table: &mut Table) -> Result<(), Failure> {
    for theirs in POLICIES {
        for ours in POLICIES {
            table.lay(theirs, with_policy(ours))?;
            table.page("pc.addTransceiver('audio')")?;
            table.browser_calls()?;
            add(table, Transceiver::new(Kind::Data))?;
            table.we_call()?;
            table.page("pc.addTransceiver('video')")?;
            table.browser_calls()?;
            add(table, Transceiver::new(Kind::Video))?;
            table.we_call()?;
            table.page("pc.addTransceiver('audio')")?;
            table.browser_calls()?;
            table.expect(&[
                "0 audio recvonly",
                "1 application sendrecv",
                "2 video recvonly",
                "3 video sendonly",
                "4 audio recvonly",
            ])?;
        }
    }
    Ok(())
}

/// Who stops, and who puts something else in the place.
fn places_are_used_again(table: &mut Table) -> Result<(), Failure> {
    for we_stop in [true, false] {
        for we_add in [true, false] {
            start(table)?;
            if we_stop {
                let video = table.us.transceivers().nth(1).map(|(id, _)| id);
                let video = video.ok_or_else(|| "no video".to_owned())?;
                table.us.stop(video).map_err(refused)?;
                table.we_call()?;
            } else {
                table.page("pc.getTransceivers()[1].stop()")?;
                table.browser_calls()?;
            }
            table.expect(&["0 audio sendrecv", "1 off"])?;
            if we_add {
                add(table, Transceiver::new(Kind::Video))?;
                table.we_call()?;
            } else {
                table.page("pc.addTransceiver('video')")?;
                table.browser_calls()?;
            }
            let sections = table.us.agreement().sections();
            if sections.len() != 2 || !sections[1].live || sections[1].mid == "1" {
                return Err(Failure::Failed(format!("not used again: {sections:?}")));
            }
            table.browser_calls()?;
            table.we_call()?;
        }
    }
    Ok(())
}

/// The transport of the group moves to the next section.
fn the_first_section_goes(table: &mut Table) -> Result<(), Failure> {
    for we_stop in [true, false] {
        start(table)?;
        if we_stop {
            let audio = table.us.transceivers().next().map(|(id, _)| id);
            let audio = audio.ok_or_else(|| "no audio".to_owned())?;
            table.us.stop(audio).map_err(refused)?;
            table.we_call()?;
        } else {
            table.page("pc.getTransceivers()[0].stop()")?;
            table.browser_calls()?;
        }
        table.expect(&["0 off", "1 video sendrecv"])?;
        add(table, Transceiver::new(Kind::Data))?;
        for _ in 0..2 {
            table.we_call()?;
            table.browser_calls()?;
            table.expect(&["0 off", "1 video sendrecv", "2 application sendrecv"])?;
        }
    }
    Ok(())
}

fn directions_change(table: &mut Table) -> Result<(), Failure> {
    start(table)?;
    let audio = table.us.transceivers().next().map(|(id, _)| id);
    let audio = audio.ok_or_else(|| "no audio".to_owned())?;
    for (way, agreed) in [
        (Direction::SendOnly, "0 audio sendonly"),
        (Direction::Inactive, "0 audio inactive"),
        (Direction::RecvOnly, "0 audio recvonly"),
        (Direction::SendRecv, "0 audio sendrecv"),
    ] {
        table.us.set_direction(audio, way).map_err(refused)?;
        table.we_call()?;
        table.expect(&[agreed, "1 video sendrecv"])?;
    }
    for (way, agreed) in [
        ("sendonly", "1 video recvonly"),
        ("inactive", "1 video inactive"),
        ("recvonly", "1 video sendonly"),
        ("sendrecv", "1 video sendrecv"),
    ] {
        table.page(&format!("pc.getTransceivers()[1].direction = '{way}'"))?;
        table.browser_calls()?;
        table.expect(&["0 audio sendrecv", agreed])?;
    }
    Ok(())
}

fn ice_restarts(table: &mut Table) -> Result<(), Failure> {
    start(table)?;
    let theirs = |table: &Table| {
        table.us.agreement().transport(1).map(|transport| transport.credentials.clone())
    };
    let first = theirs(table);
    table.events();
    table.renew()?;
    table.we_call()?;
    let second = theirs(table);
    table.page("pc.restartIce()")?;
    table.browser_asks()?;
    let restarts = table.events();
    let restarts = restarts.iter().filter(|event| matches!(event, Event::IceRestart { .. }));
    if restarts.count() != 1 {
        return Err(Failure::Failed("the browser restarts, and we do not notice it once".into()));
    }
    table.renew()?;
    table.we_answer()?;
    table.agree()?;
    let third = theirs(table);
    if first == second || second == third {
        return Err(Failure::Failed("a restart without new credentials".into()));
    }
    table.browser_calls()?;
    table.we_call()?;
    table.expect(&["0 audio sendrecv", "1 video sendrecv"])
}

fn offers_are_taken_back(table: &mut Table) -> Result<(), Failure> {
    start(table)?;
    let agreed = format!("{:?}", table.us.agreement());
    // Ours.
    let id = add(table, Transceiver::new(Kind::Video))?;
    table.we_ask()?;
    table.agree()?;
    table.us.rollback().map_err(refused)?;
    table.page("await pc.setRemoteDescription({ type: 'rollback' })")?;
    table.us.stop(id).map_err(refused)?;
    unchanged(table, &agreed)?;
    // Theirs.
    table.page("globalThis.extra = pc.addTransceiver('video')")?;
    table.browser_asks()?;
    table.page("await pc.setLocalDescription({ type: 'rollback' })")?;
    table.we_take(Input::Rollback)?;
    unchanged(table, &agreed)?;
    table.page("extra.stop()")?;
    table.browser_calls()?;
    table.we_call()?;
    table.expect(&["0 audio sendrecv", "1 video sendrecv"])
}

fn unchanged(table: &mut Table, agreed: &str) -> Result<(), Failure> {
    table.agree()?;
    let now = format!("{:?}", table.us.agreement());
    if now == agreed { Ok(()) } else { Err(Failure::Failed(format!("changed: {now}"))) }
}

fn offers_cross(table: &mut Table) -> Result<(), Failure> {
    // We are the polite side.
    start(table)?;
    add(table, Transceiver::new(Kind::Data))?;
    table.us.offer().map_err(refused)?;
    table.we_say()?;
    table.page("pc.addTransceiver('video')")?;
    let offer = table.browser_offers()?;
    table.we_take(Input::Offer { text: offer.as_bytes(), glare: Glare::Yield })?;
    table.we_answer()?;
    table.agree()?;
    table.we_call()?;
    // The browser is: it takes its own offer back when ours comes in (RFC 8829 §4.1.8.2).
    start(table)?;
    add(table, Transceiver::new(Kind::Data))?;
    table.page("pc.addTransceiver('video')")?;
    let offer = table.browser_offers()?;
    table.us.offer().map_err(refused)?;
    let ours = table.we_say()?;
    match table.us.handle_input(Input::Offer { text: offer.as_bytes(), glare: Glare::Report }) {
        Verdict::Glare => {}
        other => return Err(Failure::Failed(format!("{other:?}, and no glare"))),
    }
    table.browser_takes("offer", &ours)?;
    table.browser_replies()?;
    table.agree()?;
    table.browser_calls()?;
    table.expect(&[
        "0 audio sendrecv",
        "1 video sendrecv",
        "2 application sendrecv",
        "3 video recvonly",
    ])
}

fn provisional_answers(table: &mut Table) -> Result<(), Failure> {
    // Theirs to ours.
    start(table)?;
    add(table, Transceiver::new(Kind::Data))?;
    table.we_ask()?;
    let answer = table.browser_answers("pranswer")?;
    table.we_take(Input::ProvisionalAnswer(answer.as_bytes()))?;
    in_state(table, SignalingState::HaveRemotePranswer)?;
    table.browser_replies()?;
    table.agree()?;
    // Ours to theirs.
    table.page("pc.addTransceiver('video')")?;
    table.browser_asks()?;
    table.us.provisional_answer().map_err(refused)?;
    let answer = table.we_say()?;
    table.browser_takes("pranswer", &answer)?;
    in_state(table, SignalingState::HaveLocalPranswer)?;
    table.we_answer()?;
    table.agree()?;
    table.expect(&[
        "0 audio sendrecv",
        "1 video sendrecv",
        "2 application sendrecv",
        "3 video recvonly",
    ])
}

fn in_state(table: &mut Table, state: SignalingState) -> Result<(), Failure> {
    table.agree()?;
    let now = table.us.state();
    if now == state { Ok(()) } else { Err(Failure::Failed(format!("{now}, and not {state}"))) }
}
