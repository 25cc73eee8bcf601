//! We offer and the browser answers (RFC 8829 §5.2, §5.11).

use sdp_proto::attribute::Direction;
use sdp_proto::negotiator::{BundlePolicy, Codec, Kind, Transceiver};

use super::browser_offers::add;
use super::table::{POLICIES, Table, config, with_policy};
use super::{Scenario, scenario};
use crate::run::Failure;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("we-offer-data", data_alone),
    scenario("we-offer-all", media_and_data),
    scenario("we-offer-two-of-a-kind", two_of_a_kind),
    scenario("we-offer-to-receive-simulcast", receive_simulcast),
    scenario("we-offer-to-send-simulcast", send_simulcast),
    scenario("we-offer-directions", directions),
    scenario("browser-rejects", browser_rejects),
];

const KINDS: [Kind; 3] = [Kind::Audio, Kind::Video, Kind::Data];

fn data_alone(table: &mut Table) -> Result<(), Failure> {
    for policy in POLICIES {
        table.lay(BundlePolicy::Balanced, with_policy(policy))?;
        add(table, Transceiver::new(Kind::Data))?;
        table.we_call()?;
        table.expect(&["0 application sendrecv"])?;
    }
    Ok(())
}

fn media_and_data(table: &mut Table) -> Result<(), Failure> {
    for theirs in POLICIES {
        for ours in POLICIES {
            table.lay(theirs, with_policy(ours))?;
            for kind in KINDS {
                add(table, Transceiver::new(kind))?;
            }
            table.we_call()?;
            table.expect(&["0 audio sendonly", "1 video sendonly", "2 application sendrecv"])?;
        }
    }
    Ok(())
}

/// A `bundle-only` section of ours is no rejected one for the browser. It joins with tracks of its
/// own.
fn two_of_a_kind(table: &mut Table) -> Result<(), Failure> {
    for policy in POLICIES {
        table.lay(BundlePolicy::Balanced, with_policy(policy))?;
        for kind in KINDS.into_iter().chain([Kind::Audio, Kind::Video]) {
            add(table, Transceiver::new(kind))?;
        }
        table.we_ask()?;
        table.page("for (const t of pc.getTransceivers()) t.direction = 'sendrecv'")?;
        table.browser_replies()?;
        table.agree()?;
        table.expect(&[
            "0 audio sendrecv",
            "1 video sendrecv",
            "2 audio sendrecv",
            "3 video sendrecv",
            "4 application sendrecv",
        ])?;
    }
    Ok(())
}

/// As a server does that forwards one of several encodings.
fn receive_simulcast(table: &mut Table) -> Result<(), Failure> {
    for policy in POLICIES {
        table.lay(BundlePolicy::Balanced, with_policy(policy))?;
        let mut wish = Transceiver::new(Kind::Video).with_direction(Direction::RecvOnly);
        let rids = ["h", "m", "l"].map(str::parse);
        wish.receive_encodings = rids.into_iter().flatten().collect();
        add(table, wish)?;
        table.we_ask()?;
        table.page("pc.getTransceivers()[0].direction = 'sendrecv'")?;
        table.browser_replies()?;
        table.agree()?;
        table.expect(&["0 video recvonly"])?;
        let rids = &table.us.agreement().sections()[0].receive_rids();
        if *rids != ["h", "m", "l"] {
            return Err(Failure::Failed(format!("the browser sends {rids:?}")));
        }
        table.browser_calls()?;
        table.we_call()?;
    }
    Ok(())
}

/// A browser receives one encoding, and says so.
fn send_simulcast(table: &mut Table) -> Result<(), Failure> {
    table.lay(BundlePolicy::Balanced, config())?;
    let mut wish = Transceiver::new(Kind::Video);
    wish.encodings = ["a", "b"].map(str::parse).into_iter().flatten().collect();
    add(table, wish)?;
    table.we_call()?;
    table.expect(&["0 video sendonly"])?;
    let rids = &table.us.agreement().sections()[0].send_rids();
    if rids.is_empty() { Ok(()) } else { Err(Failure::Failed(format!("we send {rids:?}"))) }
}

fn directions(table: &mut Table) -> Result<(), Failure> {
    const ALL: [Direction; 4] =
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
    for ours in ALL {
        for theirs in ALL {
            table.lay(BundlePolicy::Balanced, config())?;
            add(table, Transceiver::new(Kind::Audio).with_direction(ours))?;
            table.we_ask()?;
            let way = theirs.as_str();
            table.page(&format!("pc.getTransceivers()[0].direction = '{way}'"))?;
            table.browser_replies()?;
            table.agree()?;
            let agreed = ours.answer(theirs).reversed();
            table.expect(&[&format!("0 audio {}", agreed.as_str())])?;
        }
    }
    Ok(())
}

/// The browser has no codec for audio, or for video, or for both; then their places are offered
/// anew.
fn browser_rejects(table: &mut Table) -> Result<(), Failure> {
    let unheard: Vec<Codec> =
        Codec::new("x-unheard", std::num::NonZeroU32::MIN).into_iter().collect();
    // What is agreed, and what after one more section of video. It takes a free place, unless that
    // is before the section that carries the transport.
    let cases: [(bool, bool, &[&str], &[&str]); 3] = [
        (
            true,
            false,
            &["0 off", "1 video sendonly", "2 application sendrecv"],
            &["0 off", "1 video sendonly", "2 application sendrecv", "3 video sendonly"],
        ),
        (
            false,
            true,
            &["0 audio sendonly", "1 off", "2 application sendrecv"],
            &["0 audio sendonly", "3 video sendonly", "2 application sendrecv"],
        ),
        (
            true,
            true,
            &["0 off", "1 off", "2 application sendrecv"],
            &["0 off", "1 off", "2 application sendrecv", "3 video sendonly"],
        ),
    ];
    for policy in [BundlePolicy::Balanced, BundlePolicy::MaxCompat] {
        for (audio, video, expected, then) in cases {
            let mut config = with_policy(policy);
            let known = config.video.clone();
            for (bad, capabilities) in [(audio, &mut config.audio), (video, &mut config.video)] {
                if bad {
                    capabilities.codecs.clone_from(&unheard);
                }
            }
            table.lay(BundlePolicy::Balanced, config)?;
            for kind in KINDS {
                add(table, Transceiver::new(kind))?;
            }
            table.we_call()?;
            table.expect(expected)?;
            let capabilities = Some(known);
            add(table, Transceiver { capabilities, ..Transceiver::new(Kind::Video) })?;
            table.we_call()?;
            table.expect(then)?;
            table.browser_calls()?;
            table.expect(then)?;
        }
    }
    Ok(())
}
