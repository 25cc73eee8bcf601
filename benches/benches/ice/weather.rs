//! Whether they connect when the network is not kind.
use crate::{
    figures::Sample,
    goals::Verdict,
    link::{Link, Rate, Span},
    plan::{Plan, Then, World},
    session::Outcome,
    who::{Kind, Who},
};
use core::time::Duration;

/// Longest wait once nothing stands in the way.
const LIMIT: Duration = Duration::from_secs(90);
const REST: Duration = Duration::from_secs(5);
/// After the network's return.
const RETURN_MS: u64 = 5_000;

/// A name, what makes it of a plan, and the most that connecting may take in milliseconds.
struct Weather {
    name: String,
    world: World,
    make: Box<dyn Fn(&mut Plan)>,
    most_ms: Option<u64>,
}

impl Weather {
    fn new(name: impl Into<String>, make: impl Fn(&mut Plan) + 'static) -> Self {
        Self { name: name.into(), world: World::Host1, make: Box::new(make), most_ms: None }
    }

    const fn within(mut self, most_ms: u64) -> Self {
        self.most_ms = Some(most_ms);
        self
    }

    const fn of(mut self, world: World) -> Self {
        self.world = world;
        self
    }
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
pub(crate) fn print(whos: &[Who], seeds: u64) {
    println!(
        "| weather | who | connected | agree | p50, ms | max, ms | packets a second, max | goal \
         |\n|---|---|---:|---:|---:|---:|---:|---|"
    );
    for weather in all() {
        for who in whos {
            println!("{}", row(&weather, who, seeds));
        }
    }
}

fn row(weather: &Weather, who: &Who, seeds: u64) -> String {
    let play = |seed| {
        let mut plan = Plan::new(weather.world, seed);
        plan.limit = LIMIT;
        plan.then = Then::Rest(REST);
        (weather.make)(&mut plan);
        // Or one seed would be like another.
        links(&mut plan, |link| link.jitter = link.delay / 10);
        who.play(&plan)
    };
    let outcomes: Vec<Outcome> = (0..seeds).map(play).collect();
    let done = Sample::millis(outcomes.iter().map(|outcome| outcome.done));
    let agree = outcomes.iter().filter(|outcome| outcome.agree).count();
    let peak = outcomes.iter().map(|outcome| outcome.peak).max().unwrap_or_default();
    let mut verdict = Verdict::default();
    if who.kind == Kind::Ours {
        verdict.share("connected", done.count(), done.runs(), 1000);
        verdict.share("agree", agree, done.count(), 1000);
        if let Some(most_ms) = weather.most_ms {
            verdict.at_most("max", done.max(), most_ms);
        }
    }
    let connected = format!("{}/{}", done.count(), done.runs());
    format!(
        "| {} | {} | {connected} | {agree}/{} | {} | {} | {peak} | {} |",
        weather.name,
        who.name,
        done.count(),
        crate::figures::cell(done.percentile(50)),
        crate::figures::cell(done.max()),
        verdict.cell()
    )
}

fn all() -> Vec<Weather> {
    let mut all = Vec::new();
    for copies in [2, 3] {
        for delay_ms in [10, 50, 100, 300, 600] {
            let name = format!("every packet {copies} times, {delay_ms} ms");
            all.push(Weather::new(name, move |plan| {
                links(plan, |link| {
                    link.delay = Duration::from_millis(delay_ms);
                    link.copies = copies;
                });
            }));
        }
    }
    for delay_secs in [4, 6, 10] {
        all.push(Weather::new(format!("{delay_secs} s one way"), move |plan| {
            links(plan, |link| link.delay = Duration::from_secs(delay_secs));
        }));
    }
    let narrow = Rate { bits_per_s: 16_000, queue: 500 };
    all.push(
        Weather::new("16 kbit/s, 4+4 addresses", move |plan| {
            links(plan, |link| link.rate = Some(narrow));
        })
        .of(World::Host4),
    );
    all.extend(outages());
    all
}

/// Where the network, or one of the two, is away for a while.
fn outages() -> Vec<Weather> {
    let lost = |name: &str, secs, ways: &'static [usize]| {
        Weather::new(name, move |plan| {
            for way in ways {
                plan.links[*way].outages.push(Span::secs(0, secs));
            }
        })
        .within(RETURN_MS)
    };
    let late = |name: &str, answer_secs, away, asleep: bool| {
        Weather::new(name, move |plan| {
            plan.answer_after = Duration::from_secs(answer_secs);
            if asleep {
                plan.asleep = Some(away);
            } else {
                links(plan, |link| link.outages.push(away));
            }
        })
        .within(RETURN_MS)
    };
    vec![
        lost("the first 20 s lost, A to B", 20, &[0]),
        lost("the first 20 s lost, B to A", 20, &[1]),
        lost("the first 20 s lost", 20, &[0, 1]),
        lost("the first 35 s lost", 35, &[0, 1]),
        late("answer after 60 s, 30 s of them lost", 60, Span::secs(15, 45), false),
        late("answer after 600 s, 60 s of them lost", 600, Span::secs(300, 360), false),
        late("answer after 60 s, B asleep for 30 s", 60, Span::secs(15, 45), true),
        late("answer after 600 s, B asleep for 60 s", 600, Span::secs(300, 360), true),
    ]
}

fn links(plan: &mut Plan, mut change: impl FnMut(&mut Link)) {
    for link in &mut plan.links {
        change(link);
    }
}
