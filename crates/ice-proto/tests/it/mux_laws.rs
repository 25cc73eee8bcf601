//! The laws of sans-io, kept by a mux whose few sessions have peers at the same few addresses.
use crate::laws::{LOCAL, PEERS, PWD, address, answer, peer, request};
use core::{cell::RefCell, time::Duration};
use ice_proto::{
    AddSessionError, Candidate, CandidateKind, IceConfig, IceCredentials, IceMux, IceState,
    Implementation, MuxConfig, Profile, Restarts, Role, SessionId,
};
use sans_io::{
    Input, Instant, Machine, Output, Path, SocketId, SocketIds, Transmit, Verdict,
    laws::{Flood, Rng, Subject, check},
};
use stun_proto::LimiterConfig;

const SERVER: &str = "198.51.100.9:3478";
const SESSIONS_MAX: usize = 4;
/// That of peers after they restarted.
const NEXT_PWD: &str = "nextpasswordnextpassword";

struct Mux {
    implementation: Implementation,
    restarts: Restarts,
    /// Whether it has a socket from the start.
    open: bool,
    /// What peers sign with, of the last sessions there were and of those before they restarted.
    ours: RefCell<Vec<(IceCredentials, Role)>>,
}

#[derive(Clone, Debug)]
enum Command {
    Gather(u8),
    Network(u8),
    Add(Role, Implementation),
    Close,
    /// Of the session at this place.
    Of(usize, SessionCommand),
}

#[derive(Clone, Debug)]
enum SessionCommand {
    Remove,
    Close,
    Credentials(&'static str, &'static str),
    Candidate(Candidate),
    CandidateOf(&'static str),
    Pacing(Option<Duration>),
    End,
    Role(Role),
    Lite,
    Restart,
    Sent,
    Send,
}

impl Mux {
    const fn new(implementation: Implementation, restarts: Restarts) -> Self {
        Self { implementation, restarts, open: false, ours: RefCell::new(Vec::new()) }
    }

    /// The same with a socket from the start.
    fn open(self) -> Self {
        Self { open: true, ..self }
    }

    fn session(&self, role: Role, implementation: Implementation) -> IceConfig {
        IceConfig {
            role,
            implementation,
            profile: if role == Role::Controlled { Profile::Strict } else { Profile::Responsive },
            restarts: self.restarts,
            local_candidates_max: 8,
            remote_candidates_max: 4,
            pairs_max: 8,
            early_checks_max: 4,
            ..IceConfig::default()
        }
    }

    /// Takes note of what peers sign with.
    fn note(&self, mux: &IceMux) {
        let mut ours = self.ours.borrow_mut();
        for id in mux.sessions() {
            let session = mux.session(id).unwrap();
            let credentials = session.local_credentials();
            if !ours.iter().any(|(known, _)| known == credentials) {
                ours.push((credentials.clone(), session.role()));
            }
        }
        let extra = ours.len().saturating_sub(2 * SESSIONS_MAX);
        ours.drain(..extra);
    }
}

fn role(rng: &mut Rng) -> Role {
    if rng.one_in(2) { Role::Controlling } else { Role::Controlled }
}

impl Subject for Mux {
    type Machine = IceMux;
    type Command = Command;
    const DRAIN_MAX: usize = 600;
    const LATE_MAX: usize = 8;

    fn build(&self) -> IceMux {
        let full = self.implementation == Implementation::Full;
        let gathering = IceConfig {
            stun_servers: if full { vec![address(SERVER)] } else { Vec::new() },
            ..IceConfig::default()
        };
        let strangers = LimiterConfig { buckets: 4, burst: 400, ..LimiterConfig::default() };
        let config = MuxConfig { gathering, port: 5000, sessions_max: SESSIONS_MAX, strangers };
        let mut mux = IceMux::new(&config, [3; 32], SocketIds::root()).unwrap();
        if self.open {
            mux.gather(Instant::ZERO, &[address(LOCAL).ip()]).unwrap();
            let opened = Input::Socket { id: SocketId(0), state: Ok(address(LOCAL)) };
            assert_eq!(mux.handle_input(Instant::ZERO, opened), Verdict::Consumed);
        }
        for role in [Role::Controlling, Role::Controlled] {
            mux.add(Instant::ZERO, &self.session(role, self.implementation)).unwrap();
        }
        self.ours.borrow_mut().clear();
        self.note(&mux);
        mux
    }

    fn paths(&self) -> Vec<Path> {
        let remotes = PEERS.into_iter().chain([SERVER]);
        let ours = remotes.map(|remote| Path::udp(address(LOCAL), address(remote)));
        let other = Path::udp(address("192.0.2.9:9"), address(PEERS[0]));
        ours.chain([other]).collect()
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        match rng.below(9) {
            0 => (0..rng.below(40)).map(|_| rng.bits() as u8).collect(),
            1 => b"data".to_vec(),
            2 => request(rng, &IceCredentials::new("stranger", PWD).unwrap(), Role::Controlled),
            3..6 => {
                let ours = self.ours.borrow();
                let (credentials, role) = rng.pick(&ours).unwrap();
                request(rng, credentials, *role)
            }
            _ => answer(rng, sent).unwrap_or_default(),
        }
    }

    fn command(&self, rng: &mut Rng) -> Command {
        match rng.below(40) {
            0 | 7 => Command::Gather(rng.below(4) as u8),
            1 => Command::Network(rng.below(4) as u8),
            2 | 3 => Command::Add(
                role(rng),
                if rng.one_in(2) { Implementation::Full } else { Implementation::Lite },
            ),
            6 if rng.one_in(9) => Command::Close,
            _ => Command::Of(rng.below(SESSIONS_MAX as u64) as usize, session_command(rng)),
        }
    }

    fn run(&self, mux: &mut IceMux, now: Instant, command: &Command) -> Result<String, String> {
        let text = |error: &dyn core::fmt::Display| error.to_string();
        let result = match command {
            Command::Gather(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into()];
                mux.gather(now, &ips).map_err(|e| text(&e))
            }
            Command::Network(last) => {
                let ips = [[192, 0, 2, 1].into(), [192, 0, 2, *last].into()];
                mux.on_network_change(now, &ips[usize::from(*last == 3)..]).map_err(|e| text(&e))
            }
            Command::Add(role, implementation) => {
                mux.add(now, &self.session(*role, *implementation)).map(drop).map_err(|e| text(&e))
            }
            Command::Close => {
                mux.close(now);
                Ok(())
            }
            Command::Of(at, command) => {
                let id = mux.sessions().nth(*at);
                let Some(id) = id else {
                    mux.handle_timeout(now);
                    return Err("there is no such session".into());
                };
                return run_session(mux, now, id, command).inspect(|_| self.note(mux));
            }
        };
        self.note(mux);
        result.map(|()| String::new())
    }
}

fn session_command(rng: &mut Rng) -> SessionCommand {
    match rng.below(36) {
        0 if rng.one_in(2) => SessionCommand::Remove,
        1 if rng.one_in(2) => SessionCommand::Close,
        2..9 => SessionCommand::Credentials("peer", PWD),
        9 => SessionCommand::Credentials("next", NEXT_PWD),
        10..17 => {
            let kinds =
                [CandidateKind::Host, CandidateKind::ServerReflexive, CandidateKind::Relayed];
            let (kind, priority) = (kinds[rng.below(3) as usize], rng.below(1 << 31) as u32);
            SessionCommand::Candidate(Candidate { kind, priority, ..Candidate::host(peer(rng)) })
        }
        17 => SessionCommand::CandidateOf(if rng.one_in(2) { "peer" } else { "next" }),
        18..21 => SessionCommand::Pacing((!rng.one_in(3)).then(|| Duration::from_millis(5))),
        21 | 22 => SessionCommand::End,
        23 => SessionCommand::Role(role(rng)),
        24 if rng.one_in(3) => SessionCommand::Lite,
        25 | 26 => SessionCommand::Restart,
        27 => SessionCommand::Sent,
        _ => SessionCommand::Send,
    }
}

fn run_session(
    mux: &mut IceMux,
    now: Instant,
    id: SessionId,
    command: &SessionCommand,
) -> Result<String, String> {
    let text = |error: &dyn core::fmt::Display| error.to_string();
    match command {
        SessionCommand::Remove => {
            mux.remove(now, id).then_some(()).ok_or("gone")?;
        }
        SessionCommand::Close => mux.close_session(now, id),
        SessionCommand::Credentials(ufrag, pwd) => {
            let credentials = IceCredentials::new(ufrag, pwd).unwrap();
            mux.set_remote_credentials(now, id, credentials).map_err(|e| text(&e))?;
        }
        SessionCommand::Candidate(candidate) => {
            mux.add_remote_candidate(now, id, *candidate).map_err(|e| text(&e))?;
        }
        SessionCommand::CandidateOf(ufrag) => {
            let candidate = Candidate::host(address(PEERS[0]));
            mux.add_remote_candidate_of(now, id, ufrag, candidate).map_err(|e| text(&e))?;
            mux.end_of_remote_candidates_of(now, id, ufrag);
        }
        SessionCommand::Pacing(pacing) => mux.set_remote_pacing(now, id, *pacing),
        SessionCommand::End => mux.end_of_remote_candidates(now, id),
        SessionCommand::Role(role) => mux.set_role(now, id, *role),
        SessionCommand::Lite => mux.set_remote_lite(now, id, true),
        SessionCommand::Restart => {
            mux.restart(now, id).ok_or("closed")?;
        }
        SessionCommand::Sent => mux.description_sent(now, id),
        SessionCommand::Send => {
            let sent = mux.send(now, id, b"data").map(|packet| format!("{packet:?}"));
            return sent.map_err(|e| text(&e));
        }
    }
    Ok(String::new())
}

fn subjects() -> impl Iterator<Item = Mux> {
    [Implementation::Full, Implementation::Lite].into_iter().flat_map(|implementation| {
        [Restarts::OnRequest, Restarts::WhenNeeded]
            .map(|restarts| Mux::new(implementation, restarts))
    })
}

#[test]
fn a_mux_keeps_the_laws() {
    for subject in subjects() {
        for seed in 0..100 {
            let checked = check(&subject, seed, 250);
            let label = || format!("{:?} {:?}", subject.implementation, subject.restarts);
            checked.map_err(|e| format!("{}: {e:?}", label())).unwrap();
        }
    }
}

#[test]
fn the_inputs_of_the_laws_reach_deep_into_sessions() {
    let mut reached = [0; 4];
    for seed in 0..60 {
        let subject = Mux::new(Implementation::Full, Restarts::OnRequest).open();
        let (mut mux, mut rng) = (subject.build(), Rng::new(seed));
        let (mut now, mut sent, paths) = (Instant::from_secs(1), Vec::new(), subject.paths());
        let mut here = [false; 4];
        for _ in 0..600 {
            now = now.saturating_add(Duration::from_millis(rng.below(60)));
            if rng.one_in(5) {
                drop(subject.run(&mut mux, now, &subject.command(&mut rng)));
            }
            let (bytes, path) = (subject.bytes(&mut rng, &sent), *rng.pick(&paths).unwrap());
            let verdict = mux.handle_input(now, Input::received(path, &bytes));
            here[0] |= matches!(verdict, Verdict::Deliver { .. });
            loop {
                match mux.poll_output() {
                    Output::Transmit(transmit) => sent.push(transmit),
                    Output::Event(ice_proto::MuxEvent::PathTaken { .. }) => here[1] = true,
                    Output::Timeout(_) => break,
                    _ => {}
                }
            }
            let extra = sent.len().saturating_sub(16);
            sent.drain(..extra);
            let completed = |id: &SessionId| {
                mux.session(*id).is_some_and(|session| session.state() == IceState::Completed)
            };
            here[2] |= mux.sessions().filter(completed).count() >= 2;
            here[3] |=
                mux.sessions().any(|id| mux.is_restarting(id) && mux.selected_pair(id).is_some());
        }
        for (count, here) in reached.iter_mut().zip(here) {
            *count += u32::from(here);
        }
    }
    assert!(reached.iter().all(|count| *count >= 5), "{reached:?} of 60");
}

#[test]
fn a_flood_leaves_nothing_behind_in_a_mux() {
    for subject in subjects().map(Mux::open) {
        let mut flood = Flood::new(&subject);
        flood.run(4_000);
        let more = allocation_counter::measure(|| flood.run(8_000)).bytes_current;
        assert!(more < 32_768, "{:?}: {more} bytes more", subject.implementation);
    }
}

#[test]
fn there_is_a_bound_for_sessions() {
    let subject = Mux::new(Implementation::Full, Restarts::OnRequest);
    let mut mux = subject.build();
    let config = subject.session(Role::Controlled, Implementation::Full);
    for _ in 2..SESSIONS_MAX {
        assert!(mux.add(Instant::ZERO, &config).is_ok());
    }
    assert_eq!(mux.add(Instant::ZERO, &config), Err(AddSessionError::Full));
    let first = mux.sessions().next().unwrap();
    assert!(mux.remove(Instant::ZERO, first) && !mux.remove(Instant::ZERO, first));
    assert!(mux.add(Instant::ZERO, &config).is_ok_and(|id| id != first));
    assert!(mux.session(first).is_none());
}
