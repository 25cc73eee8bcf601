//! What a machine asked the world for, and the answers that the fuzzer decides on.
use crate::script::Script;
use sans_io::{
    CertificateFault, Input, LookupAnswer, LookupFault, LookupId, LookupKind, LookupRequest, Path,
    PathFault, SocketFault, SocketId, SocketRequest, Transport,
};
use std::{collections::VecDeque, net::SocketAddr};

/// How many paths and questions are remembered.
const MEMORY_MAX: usize = 64;
const SOCKET_FAULTS: [SocketFault; 8] = [
    SocketFault::InUse,
    SocketFault::Unavailable,
    SocketFault::NoCapacity,
    SocketFault::Refused,
    SocketFault::TimedOut,
    SocketFault::Denied,
    SocketFault::Untrusted(CertificateFault::Issuer),
    SocketFault::Lost,
];
const LOOKUP_FAULTS: [LookupFault; 4] =
    [LookupFault::NotFound, LookupFault::TimedOut, LookupFault::Failed, LookupFault::Unsupported];

enum Asked {
    Local(SocketId, SocketAddr),
    Stream(SocketId, Transport, SocketAddr),
    Lookup(LookupId, LookupKind),
}

/// The world around the machine.
pub(crate) struct World {
    paths: Vec<Path>,
    remotes: Vec<SocketAddr>,
    asked: VecDeque<Asked>,
    open: Vec<SocketId>,
    port: u16,
}

impl World {
    pub(crate) fn new(paths: Vec<Path>) -> Self {
        let remotes = paths.iter().map(Path::remote).collect();
        Self { paths, remotes, asked: VecDeque::new(), open: Vec::new(), port: 40_000 }
    }

    /// A path on which something comes.
    pub(crate) fn path(&self, script: &mut Script<'_>) -> Option<Path> {
        script.pick(&self.paths).copied()
    }

    pub(crate) fn asked(&mut self, request: &SocketRequest) {
        match *request {
            SocketRequest::Bind { id, local } | SocketRequest::Listen { id, local } => {
                self.ask(Asked::Local(id, local));
            }
            SocketRequest::Connect { id, transport, remote, .. } => {
                self.ask(Asked::Stream(id, transport, remote));
            }
            SocketRequest::Close(id) => self.open.retain(|open| *open != id),
            SocketRequest::Hangup(_) | SocketRequest::Pause(_) | SocketRequest::Resume(_) => {}
        }
    }

    pub(crate) fn looked_up(&mut self, LookupRequest { id, kind, .. }: LookupRequest) {
        self.ask(Asked::Lookup(id, kind));
    }

    fn ask(&mut self, asked: Asked) {
        self.asked.push_back(asked);
        if self.asked.len() > MEMORY_MAX {
            self.asked.pop_front();
        }
    }

    /// Answers what was asked first, mostly kindly.
    pub(crate) fn answer(&mut self, script: &mut Script<'_>, give: impl FnOnce(Input<'_>)) {
        let fails = script.one_in(8);
        match self.asked.pop_front() {
            None => {}
            Some(Asked::Local(id, _) | Asked::Stream(id, ..)) if fails => {
                give(Input::Socket { id, state: Err(script.choose(&SOCKET_FAULTS)) });
            }
            Some(Asked::Lookup(id, _)) if fails => {
                give(Input::LookedUp { id, result: Err(script.choose(&LOOKUP_FAULTS)) });
            }
            Some(Asked::Local(id, local)) => {
                let local = self.opened(id, Transport::Udp, local, None);
                give(Input::Socket { id, state: Ok(local) });
            }
            Some(Asked::Stream(id, transport, remote)) => {
                let Some(local) = self.paths.first().map(Path::local) else { return };
                let local = self.opened(id, transport, local, Some(remote));
                give(Input::Socket { id, state: Ok(local) });
            }
            Some(Asked::Lookup(id, kind)) => {
                let count = script.below(5);
                let records: Vec<LookupAnswer> = (0..count).map(|_| record(kind, script)).collect();
                give(Input::LookedUp { id, result: Ok(&records) });
            }
        }
    }

    /// Something goes wrong, or comes unasked.
    pub(crate) fn fault(&mut self, script: &mut Script<'_>, give: impl FnOnce(Input<'_>)) {
        let open = script.pick(&self.open).copied();
        match script.below(5) {
            0 => give(Input::Socket {
                id: open.unwrap_or(SocketId(script.number::<u8>().into())),
                state: Err(SocketFault::Lost),
            }),
            1 => {
                if let Some(path) = self.path(script) {
                    let listener = open.unwrap_or(SocketId(script.number::<u8>().into()));
                    give(Input::Accepted { listener, path });
                }
            }
            2 => give(Input::LookedUp {
                id: LookupId(script.number::<u8>().into()),
                result: Ok(&[]),
            }),
            _ => {
                if let Some(path) = self.path(script) {
                    give(Input::PathFailed { path, fault: path_fault(script) });
                }
            }
        }
    }

    fn opened(
        &mut self,
        id: SocketId,
        transport: Transport,
        mut local: SocketAddr,
        remote: Option<SocketAddr>,
    ) -> SocketAddr {
        if local.port() == 0 || remote.is_some() {
            self.port = self.port.wrapping_add(1).max(1024);
            local.set_port(self.port);
        }
        self.open.push(id);
        let extra = self.open.len().saturating_sub(MEMORY_MAX);
        self.open.drain(..extra);
        for remote in remote.map_or_else(|| self.remotes.clone(), |remote| vec![remote]) {
            self.paths.push(Path::new(transport, local, remote));
        }
        let extra = self.paths.len().saturating_sub(MEMORY_MAX);
        self.paths.drain(..extra);
        local
    }
}

fn path_fault(script: &mut Script<'_>) -> PathFault {
    match script.below(5) {
        0 => PathFault::Unreachable { kind: script.below(5) as u8, code: script.below(8) as u8 },
        1 => PathFault::TooBig { mtu: script.number() },
        2 => PathFault::Ended,
        3 => PathFault::TimeExceeded,
        _ => PathFault::Reset,
    }
}

fn record(kind: LookupKind, script: &mut Script<'_>) -> LookupAnswer {
    let names = ["", "host.example", "_turn._udp.example", "other.example", "a.local"];
    let name = |script: &mut Script<'_>| script.choose(&names).into();
    // Sometimes not what was asked for.
    let kind = if script.one_in(8) {
        script.choose(&[LookupKind::Address, LookupKind::Srv, LookupKind::Naptr])
    } else {
        kind
    };
    match kind {
        LookupKind::Address if script.one_in(4) => {
            LookupAnswer::Address(script.number::<[u8; 16]>().into())
        }
        LookupKind::Address => LookupAnswer::Address([192, 0, 2, script.below(9) as u8].into()),
        LookupKind::Srv => LookupAnswer::Srv {
            priority: script.below(3) as u16,
            weight: script.number(),
            port: script.choose(&[0, 3478, 5349, u16::MAX]),
            target: name(script),
        },
        LookupKind::Pointer => LookupAnswer::Pointer("host.example".into()),
        LookupKind::Naptr => LookupAnswer::Naptr {
            order: script.below(3) as u16,
            preference: script.below(3) as u16,
            flags: script.choose(&["S", "A", "s", "a", "", "U"]).into(),
            service: script
                .choose(&["RELAY:turn.udp", "RELAY:turn.tcp:turn.tls", "RELAY", "x", ""])
                .into(),
            replacement: name(script),
        },
    }
}
