//! `ice-proto`.
use crate::peer::{Datagram, Out, Peer, Setup, Standing};
use core::time::Duration;
use ice_proto::{Candidate, IceAgent, IceConfig, IceCredentials, IceState, Profile, Role};
use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, SocketRequest, Verdict};
use std::net::SocketAddr;

pub(crate) struct Ours {
    agent: IceAgent,
    port: u16,
    proposes_pacing: bool,
}

#[derive(Clone)]
pub(crate) struct Description {
    credentials: IceCredentials,
    candidates: Vec<Candidate>,
    pacing: Option<Duration>,
}

impl Peer for Ours {
    type Settings = Profile;
    type Description = Description;
    const SIZE: usize = size_of::<IceAgent>();

    fn new(profile: Profile, setup: &Setup, now: Instant) -> Self {
        let role = if setup.side.controls() { Role::Controlling } else { Role::Controlled };
        let config = IceConfig {
            role,
            profile,
            stun_servers: setup.stun_server.into_iter().collect(),
            ..IceConfig::default()
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&setup.seed.to_be_bytes());
        seed[8] = u8::from(setup.side.controls());
        let agent = IceAgent::new(config, seed, SocketIds::root()).expect("a good configuration");
        let port = setup.port;
        let mut this = Self { agent, port, proposes_pacing: setup.proposes_pacing };
        this.agent.gather(now, &setup.ips).expect("few addresses");
        this
    }

    fn description(&self) -> Description {
        Description {
            credentials: self.agent.local_credentials().clone(),
            candidates: self.agent.local_candidates().copied().collect(),
            pacing: self.proposes_pacing.then_some(self.agent.local_pacing()),
        }
    }

    fn hear(&mut self, now: Instant, description: &Description) {
        self.agent.set_remote_pacing(now, description.pacing);
        for candidate in &description.candidates {
            self.agent.add_remote_candidate(now, *candidate).expect("room");
        }
        self.agent.end_of_remote_candidates(now);
        let credentials = description.credentials.clone();
        self.agent.set_remote_credentials(now, credentials).expect("good credentials");
    }

    fn receive(&mut self, now: Instant, datagram: Datagram<'_>, out: Out<'_>) {
        let path = Path::udp(datagram.to, datagram.from);
        if let Verdict::Send(reply) =
            self.agent.handle_input(now, Input::received(path, datagram.bytes))
        {
            out(Datagram::new(datagram.to, datagram.from, &reply.to_vec()));
        }
    }

    fn wake(&mut self, now: Instant) {
        self.agent.handle_timeout(now);
    }

    fn drain(&mut self, now: Instant, out: Out<'_>) -> Option<Instant> {
        loop {
            match self.agent.poll_output() {
                Output::Transmit(sent) => out(Datagram {
                    from: sent.path.local(),
                    to: sent.path.remote(),
                    ttl: sent.meta.ttl,
                    bytes: &sent.payload,
                }),
                Output::Socket(SocketRequest::Bind { id, local }) => {
                    let state = Ok(SocketAddr::new(local.ip(), self.port));
                    let _ = self.agent.handle_input(now, Input::Socket { id, state });
                }
                Output::Timeout(at) => return at,
                Output::Socket(_) | Output::Lookup(_) | Output::Event(_) => {}
            }
        }
    }

    fn standing(&self) -> Standing {
        match (self.agent.state(), self.agent.selected_pair()) {
            (IceState::Failed | IceState::Closed, _) => Standing::Lost,
            (_, Some(pair)) if pair.nominated => {
                Standing::Settled { local: pair.path.local(), remote: pair.path.remote() }
            }
            _ => Standing::Checking,
        }
    }

    fn close(&mut self, now: Instant) -> bool {
        self.agent.close(now);
        true
    }
}
