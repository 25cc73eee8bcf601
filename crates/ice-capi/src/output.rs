//! What an agent wants done and tells, as C reads it.
use crate::{
    Address, State,
    agent::{Text, candidate_text},
    config::Role,
};
use ice_proto::{IceEvent, RestartReason, SelectedPair};
use sans_io::Path;
use std::{ffi::c_char, ptr, sync::Arc};

/// What an output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OutputKind {
    /// There is nothing more. Wake the agent at `at`.
    Wait = 0,
    /// Send `bytes` from the socket at `local` to `remote`.
    Transmit = 1,
    /// `bytes` are data of the peer.
    Deliver = 2,
    /// Something happened: see `event`.
    Event = 3,
    /// Open a UDP socket at `local`, and say what became of `socket`. Port 0 is any.
    Bind = 4,
    /// Close `socket`. It is not named again.
    Close = 5,
    /// What arrived was for the agent, which took it.
    Taken = 6,
    /// What arrived is not the agent's: whatever else shares the socket may have it.
    Unclaimed = 7,
    /// What arrived was refused, and counted. `code` says why: 0 malformed, 1 without proof of identity,
    /// 2 unexpected, 3 forbidden, 4 a limit is reached, 5 too fast, 6 unsupported, 7 anything else.
    Dropped = 8,
}

/// What happened. `text` always says it in words, or is what is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Event {
    /// `text` is a local candidate, to be told to the peer.
    Candidate = 0,
    /// The local candidate `text`, which was told, is no more.
    CandidateLost = 1,
    /// The candidate `text` of either side was left out, since there are as many that are better.
    CandidateDropped = 2,
    /// All local candidates were told.
    GatheringComplete = 3,
    /// An address or a server gave no candidate. Others may.
    GatheringFailed = 4,
    /// `code` is the new `SpoolIceState`.
    StateChanged = 5,
    /// Data goes from `local` to `remote` from now on, as seen past a relay of ours. `code` is 1 if a relay
    /// is in the path.
    PathChanged = 6,
    /// Both agents have settled on this path; as for `PathChanged`.
    Selected = 7,
    /// A conflict of roles was repaired; `code` is the new `SpoolIceRole`.
    RoleChanged = 8,
    /// Only a restart can help. `code` says why: 0 no pair works, 1 the nominated pair went silent, 2 consent
    /// expired, 3 the peer withdrew it, 4 the path is gone, 5 a better pair works, 6 a NAT shows another
    /// address, 7 the peer is silent.
    RestartNeeded = 9,
    /// ICE was restarted, by this side or by the peer, which is to be told the new local parameters, and then
    /// each candidate that follows.
    Restarted = 10,
}

/// One thing to do or to know. What its kind does not speak of is zero or null.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Output {
    /// A `SpoolIceOutputKind`.
    pub kind: u32,
    /// A `SpoolIceEvent`.
    pub event: u32,
    /// A number that belongs to the event, or to what was refused.
    pub code: u32,
    /// The time to live of what is to be sent, where it matters; 0 leaves it to the system. A driver may
    /// pass over it: then some NATs are harder to cross.
    pub ttl: u32,
    /// The agent's name for a socket.
    pub socket: u64,
    /// When the agent is to be woken, in nanoseconds; `UINT64_MAX` is never.
    pub at: u64,
    /// An address of this host.
    pub local: Address,
    /// An address of the peer or of a server.
    pub remote: Address,
    /// The bytes that are to be sent, or that arrived.
    pub bytes: *const u8,
    /// How many.
    pub bytes_len: usize,
    /// A text of an event, with a zero at its end.
    pub text: *const c_char,
}

impl Output {
    pub(crate) const fn of(kind: OutputKind) -> Self {
        let nowhere = Address { family: 0, port: 0, scope: 0, ip: [0; 16] };
        Self {
            kind: kind as u32,
            event: 0,
            code: 0,
            ttl: 0,
            socket: 0,
            at: 0,
            local: nowhere,
            remote: nowhere,
            bytes: ptr::null(),
            bytes_len: 0,
            text: ptr::null(),
        }
    }

    /// Bytes on their way. They stay where they are.
    pub(crate) fn bytes_on(kind: OutputKind, path: Path, bytes: &[u8]) -> Self {
        let (local, remote) = (path.local().into(), path.remote().into());
        let (bytes, bytes_len) = (bytes.as_ptr(), bytes.len());
        Self { local, remote, bytes, bytes_len, ..Self::of(kind) }
    }

    /// An event whose words are put into `text`. `ufrag` is that of the generation which candidates are of.
    pub(crate) fn event(event: &IceEvent, ufrag: &mut Arc<str>, text: &mut Text) -> Self {
        let of = |event: Event| Self { event: event as u32, ..Self::of(OutputKind::Event) };
        let over = |event: Event, pair: &SelectedPair| Self {
            code: u32::from(!pair.is_direct()),
            local: pair.path.local().into(),
            remote: pair.path.remote().into(),
            ..of(event)
        };
        let output = match event {
            IceEvent::Candidate(candidate) => {
                text.set(candidate_text(candidate, ufrag));
                of(Event::Candidate)
            }
            IceEvent::CandidateLost(candidate) => {
                text.set(candidate_text(candidate, ufrag));
                of(Event::CandidateLost)
            }
            IceEvent::CandidateDropped(candidate) => {
                text.set(candidate.to_sdp().attribute());
                of(Event::CandidateDropped)
            }
            IceEvent::GatheringComplete => {
                text.set("all candidates are known");
                of(Event::GatheringComplete)
            }
            IceEvent::GatheringFailed(failure) => {
                text.set(match failure.server {
                    Some(server) => format!("{server} from {}: {}", failure.local, failure.fault),
                    None => format!("{}: {}", failure.local, failure.fault),
                });
                of(Event::GatheringFailed)
            }
            IceEvent::StateChanged(state) => {
                text.set(state);
                Self { code: State::from(*state) as u32, ..of(Event::StateChanged) }
            }
            IceEvent::PathChanged(pair) => {
                text.set(pair_text(pair));
                over(Event::PathChanged, pair)
            }
            IceEvent::Selected(pair) => {
                text.set(pair_text(pair));
                over(Event::Selected, pair)
            }
            IceEvent::RoleChanged(role) => {
                text.set(role);
                Self { code: Role::from(*role) as u32, ..of(Event::RoleChanged) }
            }
            IceEvent::RestartNeeded(reason) => {
                text.set(reason);
                Self { code: reason_code(*reason), ..of(Event::RestartNeeded) }
            }
            IceEvent::Restarted(credentials) => {
                ufrag.clone_from(&credentials.ufrag);
                text.set("ICE was restarted");
                of(Event::Restarted)
            }
        };
        Self { text: text.as_ptr(), ..output }
    }
}

fn pair_text(pair: &SelectedPair) -> String {
    let (local, remote) = (pair.path.local(), pair.path.remote());
    format!("{} {local} > {} {remote}", pair.local, pair.remote)
}

const fn reason_code(reason: RestartReason) -> u32 {
    match reason {
        RestartReason::NoPairWorks => 0,
        RestartReason::NominationFailed => 1,
        RestartReason::ConsentExpired => 2,
        RestartReason::ConsentRevoked => 3,
        RestartReason::PathLost => 4,
        RestartReason::BetterPair => 5,
        RestartReason::AddressChanged => 6,
        RestartReason::Silent => 7,
    }
}
