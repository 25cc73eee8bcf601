//! Both sides change their minds at random, from fixed seeds, and agree after each exchange.

use sdp_proto::attribute::Direction;
use sdp_proto::negotiator::{BundlePolicy, Event, Kind, Transceiver, TransceiverId};

use super::super::dice::Dice;
use super::browser_offers::refused;
use super::table::{POLICIES, Table, with_policy};
use super::{Scenario, scenario};
use crate::run::Failure;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("walk-balanced", |table| walk(table, BundlePolicy::Balanced)),
    scenario("walk-max-compat", |table| walk(table, BundlePolicy::MaxCompat)),
    scenario("walk-max-bundle", |table| walk(table, BundlePolicy::MaxBundle)),
];

const EXCHANGES: usize = 25;
/// Sections stay below this many, or the browser spends its time on gathering.
const SECTIONS_MAX: usize = 10;

const KINDS: [Kind; 3] = [Kind::Audio, Kind::Video, Kind::Data];
const WAYS: [Direction; 4] =
    [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];

fn walk(table: &mut Table, theirs: BundlePolicy) -> Result<(), Failure> {
    for (seed, ours) in (1..).zip(POLICIES) {
        let mut dice = Dice::new(seed);
        table.lay(theirs, with_policy(ours))?;
        for _ in 0..EXCHANGES {
            for _ in 0..=dice.below(2) {
                if dice.below(2) == 0 {
                    we_change(table, &mut dice)?;
                } else {
                    they_change(table, &mut dice)?;
                }
            }
            // Offers that switch all sections off are too little for `max-bundle`, even own ones.
            if theirs == BundlePolicy::MaxBundle {
                if table.us.transceivers().next().is_none() {
                    table.us.add(Transceiver::new(Kind::Audio)).map_err(refused)?;
                }
                table.page(
                    "const live = pc.getTransceivers().filter((it) => it.direction !== 'stopped'); \
                     if (live.length === 0) pc.addTransceiver('audio')",
                )?;
            }
            if dice.below(2) == 0 {
                table.we_call()?;
            } else {
                they_call(table, &mut dice)?;
            }
        }
    }
    Ok(())
}

/// The browser offers; perhaps we reject something.
fn they_call(table: &mut Table, dice: &mut Dice) -> Result<(), Failure> {
    table.events();
    table.browser_asks()?;
    if table.events().iter().any(|event| matches!(event, Event::IceRestart { .. })) {
        table.renew()?;
    }
    let sections = table.us.judgement().map_err(refused)?.len();
    if dice.below(6) == 0 && sections > 0 {
        table.us.reject(dice.below(sections)).map_err(refused)?;
    }
    table.we_answer()?;
    table.agree()
}

fn we_change(table: &mut Table, dice: &mut Dice) -> Result<(), Failure> {
    let ids: Vec<TransceiverId> = table.us.transceivers().map(|(id, _)| id).collect();
    let done = match (dice.below(8), ids.get(dice.below(ids.len().max(1)))) {
        (0..3, _) if ids.len() < SECTIONS_MAX => {
            let kind = KINDS[dice.below(KINDS.len())];
            let data = table.us.transceivers().any(|(_, wish)| wish.kind == Kind::Data);
            if data && kind == Kind::Data {
                return Ok(());
            }
            table.us.add(Transceiver::new(kind)).map(drop)
        }
        (3..5, Some(id)) => table.us.stop(*id),
        (5..7, Some(id)) => table.us.set_direction(*id, WAYS[dice.below(WAYS.len())]),
        (7, _) => return table.renew(),
        _ => return Ok(()),
    };
    done.map_err(refused)
}

fn they_change(table: &mut Table, dice: &mut Dice) -> Result<(), Failure> {
    let which = dice.below(SECTIONS_MAX);
    let script = match dice.below(8) {
        0 => {
            format!("if (pc.getTransceivers().length < {SECTIONS_MAX}) pc.addTransceiver('audio')")
        }
        1 => {
            format!("if (pc.getTransceivers().length < {SECTIONS_MAX}) pc.addTransceiver('video')")
        }
        2 => "globalThis.channel = pc.createDataChannel('x')".to_owned(),
        3 => format!("pc.getTransceivers()[{which}]?.stop()"),
        4 => "pc.restartIce()".to_owned(),
        _ => {
            let way = WAYS[dice.below(WAYS.len())].as_str();
            format!(
                "const it = pc.getTransceivers()[{which}]; \
                 if (it && it.direction !== 'stopped') it.direction = '{way}'"
            )
        }
    };
    table.page(&script).map(drop)
}
