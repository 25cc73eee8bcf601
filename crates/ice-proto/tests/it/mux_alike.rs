//! A session of a mux comes to what an agent by itself comes to.
use crate::support::{Crowd, Meeting, add_stun_server, answering};
use core::time::Duration;
use ice_proto::{IceAgent, IceConfig, Implementation, Role, SelectedPair};
use nat_sim::{Host, HostId, Nat, Preset, World};
use proptest::prelude::*;

/// How hosts are connected.
#[derive(Clone, Debug)]
struct Scenario {
    number: u64,
    server: Option<Preset>,
    clients: Vec<Option<Preset>>,
    implementation: Implementation,
    server_controls: bool,
}

/// What a session comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fate {
    settled: bool,
    agreed: bool,
    direct: bool,
}

fn preset() -> impl Strategy<Value = Option<Preset>> {
    let presets = [
        None,
        Some(Preset::FullCone),
        Some(Preset::PortRestrictedCone),
        Some(Preset::Symmetric),
        Some(Preset::UdpBlocked),
    ];
    proptest::sample::select(presets.to_vec())
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let clients = proptest::collection::vec(preset(), 1..7);
    (any::<u64>(), preset(), clients, any::<(bool, bool)>()).prop_map(
        |(number, server, clients, (lite, server_controls))| {
            // A lite agent has an address that everybody can reach.
            let lite = lite && server.is_none();
            let implementation = if lite { Implementation::Lite } else { Implementation::Full };
            Scenario { number, server, clients, implementation, server_controls }
        },
    )
}

fn host(world: &mut World, nat: Option<Preset>) -> HostId {
    let host = match nat {
        None => Host::on_internet(),
        Some(preset) => Host::behind(world.add_nat(Nat::of(preset)).unwrap()),
    };
    world.add_host(host).unwrap()
}

impl Scenario {
    fn configs(&self, stun: std::net::SocketAddr) -> [IceConfig; 2] {
        let lite = self.implementation == Implementation::Lite;
        let servers = |lite: bool| if lite { Vec::new() } else { vec![stun] };
        let role = |controls| if controls { Role::Controlling } else { Role::Controlled };
        let client = IceConfig {
            role: role(!self.server_controls),
            stun_servers: servers(false),
            ..IceConfig::default()
        };
        let server = IceConfig {
            role: role(self.server_controls),
            stun_servers: servers(lite),
            ..answering(self.implementation)
        };
        [client, server]
    }

    fn of_mux(&self) -> Vec<Fate> {
        let mut world = World::new(self.number);
        let stun = add_stun_server(&mut world);
        let server = host(&mut world, self.server);
        let [client, session] = self.configs(stun);
        let mut crowd = Crowd::new(world, server, client.clone());
        for nat in &self.clients {
            let host = host(&mut crowd.world, *nat);
            crowd.add(host, client.clone(), &session);
        }
        crowd.gathered();
        crowd.introduce_all();
        crowd.settle_within(Duration::from_secs(45));
        let fate = |client: &crate::support::Client| Fate {
            settled: crowd.has_settled(*client),
            agreed: crowd.agree(*client),
            direct: crowd.agent(*client).selected_pair().is_some_and(|pair| pair.is_direct()),
        };
        crowd.clients.iter().map(fate).collect()
    }

    fn of_agents(&self) -> Vec<Fate> {
        self.clients.iter().map(|client| self.of_agent(*client)).collect()
    }

    fn of_agent(&self, client: Option<Preset>) -> Fate {
        let mut world = World::new(self.number);
        let stun = add_stun_server(&mut world);
        let hosts = [client, self.server].map(|nat| host(&mut world, nat));
        let mut meeting = Meeting::new(world, self.number, hosts, self.configs(stun));
        let lite = self.implementation == Implementation::Lite;
        meeting.with(0, |agent: &mut IceAgent, now| agent.set_remote_lite(now, lite));
        meeting.meet();
        meeting.run(Duration::from_secs(45));
        let pair = |i: usize| meeting.agent(i).selected_pair();
        let nominated = |pair: Option<SelectedPair>| pair.is_some_and(|pair| pair.nominated);
        Fate {
            settled: nominated(pair(0)) && nominated(pair(1)),
            agreed: meeting.agree() == Some(true),
            direct: pair(0).is_some_and(|pair| pair.is_direct()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_session_comes_to_what_an_agent_by_itself_comes_to(scenario in scenario()) {
        prop_assert_eq!(scenario.of_mux(), scenario.of_agents());
    }
}

#[test]
fn of_these_worlds_many_connect_and_some_cannot() {
    let clients = vec![None, Some(Preset::Symmetric), Some(Preset::UdpBlocked)];
    let scenario = Scenario {
        number: 1,
        server: None,
        clients,
        implementation: Implementation::Full,
        server_controls: false,
    };
    let settled: Vec<bool> = scenario.of_mux().iter().map(|fate| fate.settled).collect();
    assert_eq!(settled, [true, true, false]);
}
