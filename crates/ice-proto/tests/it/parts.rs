//! The laws of sans-io for the parts of an agent, each a machine by itself.
use crate::laws::{LOCAL, PEERS, PWD, SERVER, address, answer, peer, request};
use core::{net::IpAddr, time::Duration};
use ice_proto::{
    Base, Candidate, CandidateKind, Gathering, IceConfig, IceCredentials, IceSession, IceState,
    LocalCandidate, Profile, RelayServer, Role,
};
use sans_io::{
    Input, Instant, Machine, Path, SocketFault, SocketId, SocketIds, Transmit, Verdict,
    laws::{Rng, Subject, check},
};

const RELAYED: &str = "198.51.100.9:50000";
const TA: Duration = Duration::from_millis(5);

struct Session {
    role: Role,
    profile: Profile,
}

#[derive(Clone, Debug)]
enum SessionCommand {
    Slot,
    Local(LocalCandidate),
    LoseBase(Base),
    Withdraw(Base),
    Permission(IpAddr, bool),
    Remote(Candidate),
    Credentials(bool),
    Sent,
    Server(u8),
    Complete(bool),
    Role(Role),
    Close,
}

impl Session {
    fn base(rng: &mut Rng) -> Base {
        Base::udp(address(if rng.one_in(2) { LOCAL } else { RELAYED }))
    }

    fn local(rng: &mut Rng) -> LocalCandidate {
        let base = Self::base(rng);
        let kinds = [CandidateKind::Host, CandidateKind::Relayed, CandidateKind::ServerReflexive];
        let kind = kinds[rng.below(3) as usize];
        let shown = match kind {
            CandidateKind::ServerReflexive => peer(rng),
            _ => base.address(),
        };
        let candidate = Candidate { kind, ..Candidate::host(shown) };
        LocalCandidate { candidate, base, signalled: !rng.one_in(4) }
    }
}

impl Subject for Session {
    type Machine = IceSession;
    type Command = SessionCommand;
    const DRAIN_MAX: usize = 200;
    const LATE_MAX: usize = 8;

    fn build(&self) -> IceSession {
        let config = IceConfig {
            role: self.role,
            profile: self.profile,
            local_candidates_max: 4,
            remote_candidates_max: 4,
            pairs_max: 6,
            early_checks_max: 4,
            ..IceConfig::default()
        };
        IceSession::new(&config, [3; 32]).unwrap()
    }

    fn paths(&self) -> Vec<Path> {
        let locals = [LOCAL, RELAYED, "192.0.2.9:9"];
        let paths = locals.into_iter().flat_map(|local| {
            PEERS.into_iter().map(move |remote| Path::udp(address(local), address(remote)))
        });
        paths.collect()
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        let ours = self.build().local_credentials().clone();
        match rng.below(8) {
            0 => (0..rng.below(40)).map(|_| rng.bits() as u8).collect(),
            1 => b"data".to_vec(),
            2..5 => request(rng, &ours, self.role),
            _ => answer(rng, sent).unwrap_or_default(),
        }
    }

    fn command(&self, rng: &mut Rng) -> SessionCommand {
        match rng.below(40) {
            16..22 => SessionCommand::Local(Self::local(rng)),
            22 if rng.one_in(3) => SessionCommand::LoseBase(Self::base(rng)),
            23 => SessionCommand::Withdraw(Self::base(rng)),
            24..27 => SessionCommand::Permission(peer(rng).ip(), !rng.one_in(4)),
            27..32 => SessionCommand::Remote(Candidate {
                priority: rng.below(1 << 31) as u32,
                kind: if rng.one_in(2) {
                    CandidateKind::Host
                } else {
                    CandidateKind::ServerReflexive
                },
                ..Candidate::host(peer(rng))
            }),
            32..35 => SessionCommand::Credentials(!rng.one_in(9)),
            35 => SessionCommand::Sent,
            36 => SessionCommand::Server(rng.below(9) as u8),
            37 => SessionCommand::Complete(!rng.one_in(3)),
            38 => SessionCommand::Role(if rng.one_in(2) {
                Role::Controlling
            } else {
                Role::Controlled
            }),
            39 if rng.one_in(6) => SessionCommand::Close,
            _ => SessionCommand::Slot,
        }
    }

    fn run(
        &self,
        session: &mut IceSession,
        now: Instant,
        command: &SessionCommand,
    ) -> Result<String, String> {
        match command {
            SessionCommand::Slot => return Ok(session.take_slot(now, TA).to_string()),
            SessionCommand::Local(local) => session.add_local(now, *local),
            SessionCommand::LoseBase(base) => session.lose_base(now, *base),
            SessionCommand::Withdraw(base) => {
                session.withdraw_local(now, address(PEERS[0]), *base);
            }
            SessionCommand::Permission(peer, granted) => {
                session.permission(now, Base::udp(address(RELAYED)), *peer, *granted);
            }
            SessionCommand::Remote(candidate) => {
                session.add_remote(now, *candidate).map_err(|error| error.to_string())?;
            }
            SessionCommand::Credentials(right) => {
                let ufrag = if *right { "peer" } else { "othr" };
                let credentials = IceCredentials::new(ufrag, PWD).unwrap();
                let set = session.set_remote_credentials(now, credentials);
                set.map_err(|error| error.to_string())?;
            }
            SessionCommand::Sent => session.description_sent(now),
            SessionCommand::Server(hops) => session.know_server(now, Some(TA), Some(*hops)),
            SessionCommand::Complete(complete) => session.set_local_complete(now, *complete),
            SessionCommand::Role(role) => session.set_role(now, *role),
            SessionCommand::Close => session.close(now),
        }
        Ok(String::new())
    }
}

#[test]
fn a_session_keeps_the_laws() {
    for role in [Role::Controlling, Role::Controlled] {
        for profile in [Profile::Strict, Profile::Responsive] {
            for seed in 0..100 {
                check(&Session { role, profile }, seed, 250).unwrap();
            }
        }
    }
}

#[test]
fn a_session_at_the_end_of_time_neither_panics_nor_asks_to_be_woken() {
    for role in [Role::Controlling, Role::Controlled] {
        let subject = Session { role, profile: Profile::Responsive };
        for seed in 0..20 {
            let (mut session, mut rng) = (subject.build(), Rng::new(seed));
            for step in 0..60 {
                // What is left of time is used up.
                let now = if step < 30 { Instant::from_secs(step) } else { Instant::FAR };
                drop(subject.run(&mut session, now, &subject.command(&mut rng)));
            }
            while !matches!(session.poll_output(), sans_io::Output::Timeout(None)) {}
        }
    }
}

struct Finder;

#[derive(Clone, Debug)]
enum FinderCommand {
    Gather(u8),
    Slot,
    Permit(IpAddr),
    Bind,
    Send,
    Lose(u64),
    Release,
}

impl Subject for Finder {
    type Machine = Gathering;
    type Command = FinderCommand;
    const DRAIN_MAX: usize = 200;
    const LATE_MAX: usize = 8;

    fn build(&self) -> Gathering {
        let config = IceConfig {
            stun_servers: vec![address("198.51.100.8:3478")],
            turn_servers: vec![RelayServer {
                address: address(SERVER),
                transport: ice_proto::RelayTransport::Udp,
                username: "user".into(),
                password: "secret".into(),
            }],
            local_addresses_max: 4,
            ..IceConfig::default()
        };
        let mut gathering = Gathering::new(&config, SocketIds::root(), [3; 32]).unwrap();
        gathering.gather(Instant::ZERO, &[address(LOCAL).ip()]).unwrap();
        let opened = Input::Socket { id: SocketId(0), state: Ok(address(LOCAL)) };
        assert_eq!(gathering.handle_input(Instant::ZERO, opened), Verdict::Consumed);
        gathering
    }

    fn paths(&self) -> Vec<Path> {
        let remotes = [SERVER, SERVER, "198.51.100.8:3478", PEERS[0]];
        remotes.map(|remote| Path::udp(address(LOCAL), address(remote))).into()
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        match rng.below(6) {
            0 => (0..rng.below(40)).map(|_| rng.bits() as u8).collect(),
            1 => b"data".to_vec(),
            _ => answer(rng, sent).unwrap_or_default(),
        }
    }

    fn command(&self, rng: &mut Rng) -> FinderCommand {
        match rng.below(30) {
            0..3 => FinderCommand::Gather(rng.below(6) as u8),
            20..23 => FinderCommand::Permit(peer(rng).ip()),
            23 => FinderCommand::Bind,
            24..27 => FinderCommand::Send,
            27 => FinderCommand::Lose(rng.below(3)),
            28 if rng.one_in(5) => FinderCommand::Release,
            _ => FinderCommand::Slot,
        }
    }

    fn run(
        &self,
        gathering: &mut Gathering,
        now: Instant,
        command: &FinderCommand,
    ) -> Result<String, String> {
        let relay = Base::udp(address(RELAYED));
        match command {
            FinderCommand::Gather(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into()];
                gathering.gather(now, &ips).map_err(|error| error.to_string())?;
            }
            FinderCommand::Slot => {
                gathering.handle_timeout(now);
                if gathering.wants_slot() {
                    return Ok(gathering.take_slot(now, TA).to_string());
                }
            }
            FinderCommand::Permit(peer) => gathering.permit(now, relay, &[*peer]),
            FinderCommand::Bind => gathering.bind_channel(now, relay, address(PEERS[0])),
            FinderCommand::Send => {
                let path = relay.path_to(address(PEERS[0]));
                return match gathering.send(now, &path, b"data") {
                    None => Ok(String::new()),
                    Some(sent) => {
                        sent.map(|packet| format!("{packet:?}")).map_err(|error| error.to_string())
                    }
                };
            }
            FinderCommand::Lose(id) => {
                let state = Err(SocketFault::Lost);
                let _ = gathering.handle_input(now, Input::Socket { id: SocketId(*id), state });
            }
            FinderCommand::Release => gathering.release(now, &[]),
        }
        Ok(String::new())
    }
}

#[test]
fn gathering_keeps_the_laws() {
    for seed in 0..200 {
        check(&Finder, seed, 250).unwrap();
    }
}

#[test]
fn a_permission_that_was_taken_back_is_waited_for_anew() {
    let config = IceConfig::default();
    let mut session = IceSession::new(&config, [3; 32]).unwrap();
    let (now, base, peer) = (Instant::ZERO, address(RELAYED), address(PEERS[0]));
    let candidate = Candidate { kind: CandidateKind::Relayed, ..Candidate::host(base) };
    session.add_local(now, LocalCandidate { candidate, base: Base::udp(base), signalled: true });
    session.permission(now, Base::udp(base), peer.ip(), true);
    session.permission(now, Base::udp(base), peer.ip(), false);
    session.add_remote(now, Candidate::host(peer)).unwrap();
    let waiting: Vec<bool> = session.pairs().map(|pair| pair.awaits_permission).collect();
    assert_eq!(waiting, [true]);
}

#[test]
fn a_session_of_the_laws_gets_far() {
    // A checker whose runs never connect would check little.
    let subject = Session { role: Role::Controlling, profile: Profile::Responsive };
    let reached = (0..60).filter(|seed| {
        let (mut session, mut rng) = (subject.build(), Rng::new(*seed));
        let (mut now, mut sent, paths) = (Instant::from_secs(1), Vec::new(), subject.paths());
        (0..400).any(|_| {
            now = now.saturating_add(Duration::from_millis(rng.below(60)));
            drop(subject.run(&mut session, now, &subject.command(&mut rng)));
            let bytes = subject.bytes(&mut rng, &sent);
            let _ = session.handle_input(now, Input::received(*rng.pick(&paths).unwrap(), &bytes));
            loop {
                match session.poll_output() {
                    sans_io::Output::Transmit(transmit) => sent.push(transmit),
                    sans_io::Output::Timeout(_) => break,
                    _ => {}
                }
            }
            let extra = sent.len().saturating_sub(16);
            sent.drain(..extra);
            matches!(session.state(), IceState::Connected | IceState::Completed)
        })
    });
    let reached = reached.count();
    assert!(reached >= 10, "{reached} of 60");
}
