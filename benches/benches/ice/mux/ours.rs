//! `ice-proto`.
use super::crowd::{BEGIN, Incoming, LOCAL, PEER, Server, check, peer};
use ice_proto::{
    IceConfig, IceCredentials, IceMux, IceState, Implementation, MuxConfig, Role, SessionId,
};
use sans_io::{Input, Instant, Machine, Output, Path, SocketIds, SocketRequest, Verdict};
use stun_proto::LimiterConfig;

pub(crate) struct Ours {
    mux: IceMux,
    ids: Vec<SessionId>,
}

impl Ours {
    /// Sessions that have settled.
    pub(crate) fn new(sessions: u32) -> Self {
        let gathering = IceConfig::default();
        // Strangers are answered, as those of the others are.
        let strangers = LimiterConfig { burst: u32::MAX, ..LimiterConfig::default() };
        let config =
            MuxConfig { gathering, port: LOCAL.port(), sessions_max: sessions as usize, strangers };
        let mux = IceMux::new(&config, [7; 32], SocketIds::root()).expect("a good configuration");
        let mut this = Self { mux, ids: Vec::with_capacity(sessions as usize) };
        this.mux.gather(BEGIN, &[LOCAL.ip()]).expect("an address");
        this.drain(BEGIN);
        let session = IceConfig {
            role: Role::Controlled,
            implementation: Implementation::Lite,
            ..IceConfig::default()
        };
        for number in 0..sessions {
            let id = this.mux.add(BEGIN, &session).expect("room");
            this.ids.push(id);
            let peer_says = IceCredentials::new(PEER.0, PEER.1).expect("good credentials");
            this.mux.set_remote_credentials(BEGIN, id, peer_says).expect("good credentials");
            this.mux.end_of_remote_candidates(BEGIN, id);
            let (ufrag, pwd) = this.credentials(number);
            let (from, bytes) = (peer(number), check(&ufrag, &pwd, 0));
            assert!(
                this.check(BEGIN, &Incoming { from, session: number, bytes }),
                "it is answered"
            );
            let state = this.mux.session(id).map(ice_proto::IceSession::state);
            assert_eq!(state, Some(IceState::Completed));
        }
        this
    }

    fn drain(&mut self, now: Instant) -> u32 {
        let mut sent = 0;
        loop {
            match self.mux.poll_output() {
                Output::Transmit(_) => sent += 1,
                Output::Socket(SocketRequest::Bind { id, local }) => {
                    let opened = Input::Socket { id, state: Ok(local) };
                    assert_eq!(self.mux.handle_input(now, opened), Verdict::Consumed);
                }
                Output::Timeout(_) => return sent,
                Output::Socket(_) | Output::Lookup(_) | Output::Event(_) => {}
            }
        }
    }
}

impl Server for Ours {
    fn credentials(&self, session: u32) -> (String, String) {
        let session = self.mux.session(self.ids[session as usize]).expect("a session");
        let credentials = session.local_credentials();
        (credentials.ufrag.to_string(), credentials.pwd.to_string())
    }

    fn check(&mut self, now: Instant, packet: &Incoming) -> bool {
        let input = Input::received(Path::udp(LOCAL, packet.from), &packet.bytes);
        let consumed = self.mux.handle_input(now, input) == Verdict::Consumed;
        self.drain(now) == 1 && consumed
    }

    fn data(&mut self, now: Instant, packet: &Incoming) -> bool {
        let input = Input::received(Path::udp(LOCAL, packet.from), &packet.bytes);
        let Verdict::Deliver { path, .. } = self.mux.handle_input(now, input) else { return false };
        self.mux.session_at(&path) == Some(self.ids[packet.session as usize])
    }

    fn idle(&mut self) -> bool {
        matches!(self.mux.poll_output(), Output::Timeout(Some(_)))
    }
}
