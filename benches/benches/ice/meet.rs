//! How soon they connect: worlds without and with loss.
use crate::{
    figures::Sample,
    goals::{Meeting, Verdict},
    plan::{Plan, Then, World},
    session::Outcome,
    who::{Kind, Who},
};
use core::time::Duration;

const LOSS_PERCENT: u64 = 30;
/// How long after they have settled they must still agree.
const REST: Duration = Duration::from_secs(5);
/// Without loss one run is much like another.
const FEW: u64 = 20;

#[derive(Clone, Copy)]
struct Case {
    world: World,
    proposes_pacing: bool,
    loss_percent: u64,
}

impl Case {
    fn name(&self) -> String {
        let silent = if self.proposes_pacing { "" } else { ", no Ta proposed" };
        format!("{}{silent}", self.world.name())
    }

    fn goal(&self) -> Meeting {
        let meeting = |first_valid, acknowledged, controlled, packets| Meeting {
            first_valid,
            acknowledged,
            controlled,
            packets,
        };
        match (self.loss_percent, self.world) {
            (0, World::Host1) if !self.proposes_pacing => meeting(Some(50), 100, 75, Some(6)),
            (0, World::Host1) => meeting(Some(50), 100, 75, Some(10)),
            (0, World::Host4) => meeting(Some(50), 100, 75, Some(42)),
            (0, World::Host4Last) => meeting(Some(125), 175, 150, None),
            (0, World::ConeCone | World::ConePublic) => meeting(Some(55), 105, 80, Some(14)),
            (_, World::Host1 | World::Host4) => meeting(None, 350, 240, None),
            (_, World::Host4Last) => meeting(None, 500, 430, None),
            (_, World::ConeCone | World::ConePublic) => meeting(None, 350, 255, None),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn print(whos: &[Who], seeds: u64) {
    println!(
        "| world | loss | who | first valid | acknowledged | controlled settled | packets \
         | finished | agree | goal |\n|---|---:|---|---:|---:|---:|---:|---:|---:|---|"
    );
    for loss_percent in [0, LOSS_PERCENT] {
        for world in World::ALL {
            for proposes_pacing in [true, false] {
                let case = Case { world, proposes_pacing, loss_percent };
                if !proposes_pacing && (world, loss_percent) != (World::Host1, 0) {
                    continue;
                }
                for who in whos.iter().filter(|who| proposes_pacing || who.kind != Kind::Theirs) {
                    println!("{}", row(&case, who, if loss_percent == 0 { FEW } else { seeds }));
                }
            }
        }
    }
}

fn row(case: &Case, who: &Who, seeds: u64) -> String {
    let outcomes: Vec<Outcome> = (0..seeds).map(|seed| who.play(&plan(case, seed))).collect();
    let finished = |outcome: &&Outcome| outcome.done.is_some();
    let measured = [
        Sample::millis(outcomes.iter().map(|outcome| outcome.first_valid)),
        Sample::millis(outcomes.iter().map(|outcome| outcome.acknowledged)),
        Sample::millis(outcomes.iter().map(|outcome| outcome.settled[1])),
        Sample::new(outcomes.iter().map(|outcome| outcome.done.map(|_| outcome.packets))),
    ];
    let runs = outcomes.len();
    let done = outcomes.iter().filter(finished).count();
    let agree = outcomes.iter().filter(|outcome| outcome.agree).count();
    let mut verdict = Verdict::default();
    match who.kind {
        Kind::Ours => {
            verdict.share("finished", done, runs, 1000).share("agree", agree, done, 1000);
            case.goal().judge(&measured, &mut verdict);
        }
        Kind::OursStrict => {
            verdict.share("finished", done, runs, 985).share("agree", agree, done, 1000);
        }
        Kind::Theirs => {}
    }
    let [first_valid, acknowledged, controlled, packets] = measured;
    format!(
        "| {} | {} % | {} | {first_valid} | {acknowledged} | {controlled} | {packets} \
         | {done}/{runs} | {agree}/{done} | {} |",
        case.name(),
        case.loss_percent,
        who.name,
        verdict.cell()
    )
}

fn plan(case: &Case, seed: u64) -> Plan {
    let mut plan = Plan::new(case.world, seed).with_loss(case.loss_percent);
    plan.proposes_pacing = case.proposes_pacing;
    plan.then = Then::Rest(REST);
    plan
}
