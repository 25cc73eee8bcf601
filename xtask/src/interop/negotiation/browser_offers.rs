//! The browser offers and we answer (RFC 8829 §5.3).

use sdp_proto::attribute::{Direction, Setup};
use sdp_proto::negotiator::{BundlePolicy, Codec, CommandError, Kind, Transceiver, TransceiverId};

use super::table::{POLICIES, Table, config, with_policy};
use super::{Scenario, scenario};
use crate::run::Failure;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("data-alone", data_alone),
    scenario("media-and-data", media_and_data),
    scenario("two-of-a-kind", two_of_a_kind),
    scenario("simulcast", simulcast),
    scenario("simulcast-and-h264-alone", simulcast_and_one_codec),
    scenario("directions", directions),
    scenario("we-reject", we_reject),
    scenario("no-codec", no_codec),
    scenario("we-are-passive", we_are_passive),
    scenario("all-codecs", all_codecs),
];

const EACH: &str =
    "pc.addTransceiver('audio'); pc.addTransceiver('video'); pc.createDataChannel('x')";

fn data_alone(table: &mut Table) -> Result<(), Failure> {
    for policy in POLICIES {
        table.lay(policy, config())?;
        table.page("pc.createDataChannel('x')")?;
        table.browser_calls()?;
        table.expect(&["0 application sendrecv"])?;
    }
    Ok(())
}

/// Every policy of theirs with every one of ours.
fn media_and_data(table: &mut Table) -> Result<(), Failure> {
    for theirs in POLICIES {
        for ours in POLICIES {
            table.lay(theirs, with_policy(ours))?;
            table.page(EACH)?;
            table.browser_calls()?;
            table.expect(&["0 audio recvonly", "1 video recvonly", "2 application sendrecv"])?;
        }
    }
    Ok(())
}

/// `balanced` and `max-bundle` make sections with port 0 that are not rejected.
fn two_of_a_kind(table: &mut Table) -> Result<(), Failure> {
    for policy in POLICIES {
        table.lay(policy, config())?;
        for kind in [Kind::Audio, Kind::Video] {
            add(table, Transceiver::new(kind))?;
        }
        table.page(
            "for (const kind of ['audio', 'audio', 'video', 'video']) pc.addTransceiver(kind)",
        )?;
        table.browser_calls()?;
        table.expect(&[
            "0 audio sendrecv",
            "1 audio recvonly",
            "2 video sendrecv",
            "3 video recvonly",
        ])?;
    }
    Ok(())
}

const SIMULCAST: &str = "const sendEncodings = ['h', 'm', 'l'].map((rid) => ({ rid })); \
    pc.addTransceiver('video', { sendEncodings, direction: 'sendonly' });";

fn simulcast(table: &mut Table) -> Result<(), Failure> {
    for policy in POLICIES {
        table.lay(policy, config())?;
        table.page(SIMULCAST)?;
        table.browser_calls()?;
        table.expect(&["0 video recvonly"])?;
        rids(table, &["h", "m", "l"])?;
        // And once more, as if something else had changed.
        table.browser_calls()?;
        table.we_call()?;
        rids(table, &["h", "m", "l"])?;
    }
    Ok(())
}

fn simulcast_and_one_codec(table: &mut Table) -> Result<(), Failure> {
    let mut config = config();
    config.video.codecs = vec![Codec::h264()];
    table.lay(BundlePolicy::MaxBundle, config)?;
    table.page(SIMULCAST)?;
    table.browser_calls()?;
    rids(table, &["h", "m", "l"])?;
    let codecs = table.us.agreement().sections()[0].codecs.len();
    if codecs == 2 { Ok(()) } else { Err(Failure::Failed(format!("{codecs} formats, not 2"))) }
}

fn rids(table: &Table, expected: &[&str]) -> Result<(), Failure> {
    let rids = &table.us.agreement().sections()[0].receive_rids();
    if *rids == *expected {
        return Ok(());
    }
    Err(Failure::Failed(format!("streams {rids:?}, not {expected:?}")))
}

/// Each direction of theirs with each one of ours.
fn directions(table: &mut Table) -> Result<(), Failure> {
    const ALL: [Direction; 4] =
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
    for theirs in ALL {
        table.lay(BundlePolicy::MaxBundle, config())?;
        for _ in ALL {
            table.page(&format!(
                "pc.addTransceiver('audio', {{ direction: '{}' }})",
                theirs.as_str()
            ))?;
        }
        table.browser_asks()?;
        let ids: Vec<TransceiverId> = table.us.transceivers().map(|(id, _)| id).collect();
        for (id, ours) in ids.into_iter().zip(ALL) {
            table.us.set_direction(id, ours).map_err(refused)?;
        }
        table.we_answer()?;
        table.agree()?;
        let expected = ALL.map(|ours| theirs.answer(ours).as_str());
        let expected: Vec<String> =
            (0..).zip(expected).map(|(index, way)| format!("{index} audio {way}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        table.expect(&expected)?;
    }
    Ok(())
}

/// Each subset of the sections is rejected, that of the transport included.
fn we_reject(table: &mut Table) -> Result<(), Failure> {
    const LIVE: [&str; 3] = ["0 audio recvonly", "1 video recvonly", "2 application sendrecv"];
    const OFF: [&str; 3] = ["0 off", "1 off", "2 off"];
    for policy in POLICIES {
        for rejected in 1..8_u8 {
            let is_rejected = |index: usize| rejected & (1 << index) != 0;
            // With `max-bundle` it offers a port for each section, and has but the first one.
            if policy == BundlePolicy::MaxBundle && is_rejected(0) && rejected != 7 {
                continue;
            }
            table.lay(policy, config())?;
            table.page(EACH)?;
            table.browser_asks()?;
            for index in (0..3).filter(|index| is_rejected(*index)) {
                table.us.reject(index).map_err(refused)?;
            }
            table.we_answer()?;
            table.agree()?;
            let expected: [&str; 3] =
                std::array::from_fn(
                    |index| if is_rejected(index) { OFF[index] } else { LIVE[index] },
                );
            table.expect(&expected)?;
            // The next offer may use the place of what was rejected.
            table.page("pc.addTransceiver('video')")?;
            table.browser_calls()?;
        }
    }
    Ok(())
}

fn no_codec(table: &mut Table) -> Result<(), Failure> {
    let mut config = config();
    let rate = std::num::NonZeroU32::MIN;
    config.audio.codecs = Codec::new("x-unheard", rate).into_iter().collect();
    table.lay(BundlePolicy::Balanced, config)?;
    table.page(EACH)?;
    table.browser_calls()?;
    table.expect(&["0 off", "1 video recvonly", "2 application sendrecv"])
}

fn we_are_passive(table: &mut Table) -> Result<(), Failure> {
    let mut config = config();
    config.setup = Setup::Passive;
    table.lay(BundlePolicy::Balanced, config)?;
    table.page(EACH)?;
    const ALL: [&str; 3] = ["0 audio recvonly", "1 video recvonly", "2 application sendrecv"];
    table.browser_calls()?;
    table.we_call()?;
    table.expect(&ALL)?;
    table.browser_calls()?;
    table.expect(&ALL)
}

/// Everything that the browser has, one codec at a time.
fn all_codecs(table: &mut Table) -> Result<(), Failure> {
    let count = table.page("return RTCRtpReceiver.getCapabilities('video').codecs.length")?;
    for index in 0..count.as_u64().unwrap_or_default() {
        table.lay(BundlePolicy::Balanced, config())?;
        table.page(&format!(
            "const codecs = RTCRtpReceiver.getCapabilities('video').codecs; \
             const chosen = codecs.filter((c, i) => i === {index} || c.mimeType === 'video/rtx'); \
             if (/rtx|red|fec/.test(codecs[{index}].mimeType)) chosen.push(codecs[0]); \
             pc.addTransceiver('video').setCodecPreferences(chosen); pc.addTransceiver('audio');"
        ))?;
        table.browser_calls()?;
        table.we_call()?;
    }
    Ok(())
}

pub(super) fn add(table: &mut Table, wish: Transceiver) -> Result<TransceiverId, Failure> {
    table.us.add(wish).map_err(refused)
}

pub(super) fn refused(error: CommandError) -> Failure {
    Failure::Failed(format!("our side: {error}"))
}
