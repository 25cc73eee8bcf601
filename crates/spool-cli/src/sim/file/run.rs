//! Who runs what, and the run.
use crate::sim::session::{Broken, PATIENCE, Servers, Service, Session, is_direct};
use ice_proto::{IceAgent, IceEvent, IceState, SelectedPair};
use nat_sim::{Fault, Running, Scenario, World};
use std::time::Duration;

/// What the scenario wants of its hosts.
#[derive(Debug)]
pub(super) struct Plan {
    servers: Vec<(String, Service)>,
    pairs: Vec<(String, String)>,
}

impl Plan {
    /// Reads it off a scenario; `text` is for the line at fault.
    pub(super) fn of(scenario: &Scenario, text: &str) -> Result<Self, String> {
        let (mut servers, mut agents) = (Vec::new(), Vec::new());
        for host in &scenario.hosts {
            match host.runs.as_deref() {
                None => {}
                Some("agent") => agents.push(&host.name),
                Some("stun") => servers.push((host.name.clone(), Service::Stun)),
                Some("turn") => servers.push((host.name.clone(), Service::Turn)),
                Some(word) => {
                    let line = line_of(text, &["host", &host.name]);
                    let expected = "agent, stun or turn";
                    return Err(format!("{line}{word:?} means nothing here; expected {expected}"));
                }
            }
        }
        let mut pairs = scenario.connections.clone();
        if pairs.is_empty() {
            for (index, a) in agents.iter().enumerate() {
                pairs.extend(agents[index + 1..].iter().map(|b| ((*a).clone(), (*b).clone())));
            }
        }
        for (a, b) in &pairs {
            let fault = if a == b {
                format!("{a} cannot connect to itself")
            } else if let Some((server, _)) =
                servers.iter().find(|(name, _)| name == a || name == b)
            {
                format!("{server} is a server, and runs no agent")
            } else {
                continue;
            };
            return Err(format!("{}{fault}", line_of(text, &["connect", a, b])));
        }
        if pairs.is_empty() {
            return Err("nobody is to connect; add a line such as: connect alice bob".to_owned());
        }
        Ok(Self { servers, pairs })
    }
}

/// `line 3: `, for the first line that begins with these words.
fn line_of(text: &str, words: &[&str]) -> String {
    let begins = |line: &str| line.split_whitespace().take(words.len()).eq(words.iter().copied());
    let number = text.lines().position(begins);
    number.map_or_else(String::new, |index| format!("line {}: ", index + 1))
}

/// What became of a scenario.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) world: World,
    pub(super) links: Vec<Link>,
    /// What happened when, of faults and of agents.
    pub(super) story: Vec<(Duration, String)>,
}

/// What became of two hosts that were to connect.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) names: (String, String),
    /// How long it took, and the pairs that were used first.
    pub(super) connected: Option<(Duration, [Option<SelectedPair>; 2])>,
    /// The states in the end.
    pub(super) states: [IceState; 2],
    /// What the agents have to say for themselves.
    pub(super) reasons: [String; 2],
}

impl Link {
    pub(super) fn is_direct(&self) -> bool {
        self.connected.as_ref().is_some_and(|(_, pairs)| is_direct(pairs))
    }
}

impl Done {
    /// The first two that were to connect and did not.
    pub(super) fn unconnected(&self) -> Option<&(String, String)> {
        self.links.iter().find(|link| link.connected.is_none()).map(|link| &link.names)
    }
}

/// Runs a scenario for its duration, or until nothing more is to be expected.
pub(super) fn run(scenario: &Scenario, plan: &Plan, logs: bool) -> Result<Done, Broken> {
    let Running { mut world, hosts, .. } = scenario.build()?;
    if logs {
        world.keep_log();
    }
    let mut servers = Servers::default();
    for (name, service) in &plan.servers {
        servers.add(&mut world, hosts[name], *service)?;
    }
    let mut sessions = Vec::new();
    for (number, (a, b)) in plan.pairs.iter().enumerate() {
        sessions.push(Session::start(&mut world, [hosts[a], hosts[b]], &servers, number)?);
    }
    watch_roaming(scenario, &mut world, &hosts, &sessions);
    let last = scenario.timeline.iter().map(|(after, _)| *after).max().unwrap_or_default();
    let patience = last.saturating_add(PATIENCE);
    let fixed = Some(scenario.duration).filter(|duration| !duration.is_zero());
    let end = World::START.saturating_add(fixed.unwrap_or(patience));
    let mut story: Vec<(Duration, String)> =
        scenario.timeline.iter().map(|(after, fault)| (*after, fault.to_string())).collect();
    let mut first: Vec<Option<[Option<SelectedPair>; 2]>> = vec![None; sessions.len()];
    world.run_until_true(end, |world| {
        for host in hosts.values() {
            for delivery in world.take_delivered(*host) {
                for session in &mut sessions {
                    session.hear(delivery.machine);
                }
            }
        }
        for (session, (names, pair)) in sessions.iter_mut().zip(plan.pairs.iter().zip(&mut first)) {
            session.follow(world, |side, at, event| {
                let (me, peer) =
                    if side == 0 { (&names.0, &names.1) } else { (&names.1, &names.0) };
                if let Some(text) = tell(event) {
                    let at = at.saturating_since(World::START);
                    story.push((at, format!("{me} to {peer}: {text}")));
                }
            });
            if pair.is_none() && session.time_to_connect().is_some() {
                *pair = Some(session.pairs(world));
            }
        }
        // what a fault does shows later: with one to come, time runs out before the run does
        fixed.is_none() && last.is_zero() && sessions.iter().all(Session::is_over)
    });
    story.sort_by_key(|(at, _)| *at);
    let links =
        sessions.iter().zip(plan.pairs.iter().zip(first)).map(|(session, (names, pair))| {
            let explain = |agent| world.machine::<IceAgent>(agent).explain().to_string();
            Link {
                names: names.clone(),
                connected: session.time_to_connect().zip(pair),
                states: session.states(),
                reasons: session.agents().map(explain),
            }
        });
    let links = links.collect();
    Ok(Done { world, links, story })
}

/// A host that has moved tells its agents its new addresses, as a watcher of interfaces would.
fn watch_roaming(
    scenario: &Scenario,
    world: &mut World,
    hosts: &std::collections::BTreeMap<String, nat_sim::HostId>,
    sessions: &[Session],
) {
    for (after, fault) in &scenario.timeline {
        let Fault::Roam(name, _) = fault else { continue };
        let all = sessions.iter().flat_map(Session::agents);
        for agent in all.filter(|agent| agent.host == hosts[name]) {
            world.after(*after, move |world| {
                let addresses = world.addresses(agent.host);
                // an agent that is closed or has no room for them does without
                let _ = world.with(agent, |agent: &mut IceAgent, now| {
                    agent.on_network_change(now, &addresses)
                });
            });
        }
    }
}

/// The events that people want to see.
fn tell(event: &IceEvent) -> Option<String> {
    match event {
        IceEvent::StateChanged(state) => Some(state.to_string()),
        IceEvent::Selected(pair) => {
            Some(format!("settled on {:?} {}", pair.local, pair.path.local()).to_lowercase())
        }
        IceEvent::RestartNeeded(reason) => Some(format!("needs a restart: {reason}")),
        IceEvent::GatheringFailed(failure) => {
            let asked =
                failure.server.map_or_else(String::new, |server| format!(" asking {server}"));
            Some(format!("gathering at {}{asked}: {}", failure.local, failure.fault))
        }
        IceEvent::CandidateLost(candidate) => {
            Some(format!("can no longer be reached at {}", candidate.address))
        }
        IceEvent::Restarted(_) => Some("restarts ICE".to_owned()),
        IceEvent::Candidate(_)
        | IceEvent::CandidateDropped(_)
        | IceEvent::GatheringComplete
        | IceEvent::PathChanged(_)
        | IceEvent::RoleChanged(_) => None,
    }
}
