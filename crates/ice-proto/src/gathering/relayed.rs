//! Relays on TURN servers: relayed candidates, their permissions and channels
//! (RFC 8445 §5.1.1.2 and §7.2.1).
use super::{Gathered, unreachable::Strikes};
use crate::GatheringFault;
use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use sans_io::{ChildId, Children, Input, Instant, Output, Packet, Path, PathFault, Verdict};
use stun_proto::{Credentials, attribute::AddressFamily};
use turn_proto::{PeerPolicy, SendError, TurnClient, TurnClientConfig, TurnEvent, TurnFault};

/// What is known of one TURN client.
#[derive(Clone, Debug)]
struct Relay {
    path: Path,
    /// Which host and which server, as the parent counts them.
    asked: (usize, usize),
    /// Of which family the relayed address is to be.
    family: AddressFamily,
    relayed: Option<SocketAddr>,
    state: RelayState,
    /// Peers that are to be let through.
    permits: VecDeque<IpAddr>,
    strikes: Strikes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RelayState {
    Asking,
    Ready,
    /// Being given up; its socket is needed until that is done.
    Closing,
}

/// What a relay tells the parent.
#[derive(Debug)]
pub(crate) enum Told {
    Gathered(Gathered),
    Allocated {
        base: SocketAddr,
        asked: (usize, usize),
        relayed: SocketAddr,
        mapped: SocketAddr,
    },
    /// The server relays no such family. It may relay that of the socket, the `other`.
    WrongFamily {
        asked: (usize, usize),
        other: AddressFamily,
    },
    Refused {
        base: SocketAddr,
        asked: (usize, usize),
        fault: GatheringFault,
        no_room: bool,
    },
}

#[derive(Debug, Default)]
pub(crate) struct Relays {
    clients: Children<TurnClient>,
    known: BTreeMap<ChildId, Relay>,
    by_path: BTreeMap<Path, ChildId>,
    by_relayed: BTreeMap<SocketAddr, ChildId>,
    /// Peers for whom a client could not even ask.
    refused: VecDeque<Gathered>,
}

impl Relays {
    /// Starts a client. Its first request waits for a slot.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        path: Path,
        account: Credentials,
        asked: (usize, usize),
        family: AddressFamily,
        seed: [u8; 32],
    ) {
        if self.by_path.contains_key(&path) {
            return;
        }
        let config = TurnClientConfig::new(path, account).with_family(family).with_pacing();
        let id = self.clients.insert(TurnClient::new(config, seed));
        let started = self.clients.with(id, |client| client.allocate(now));
        debug_assert_eq!(started, Some(Ok(())), "a new client can ask");
        let state = RelayState::Asking;
        let (permits, strikes) = (VecDeque::new(), Strikes::default());
        let relay = Relay { path, asked, family, relayed: None, state, permits, strikes };
        self.known.insert(id, relay);
        self.by_path.insert(path, id);
    }

    /// Whether a request waits for a slot.
    pub(crate) fn wants_slot(&self) -> bool {
        self.clients.iter().any(|(_, client)| client.has_pending_request())
            || self.known.values().any(|relay| !relay.permits.is_empty())
    }

    /// Lets one request go out.
    pub(crate) fn take_slot(&mut self, now: Instant) -> bool {
        let waiting = self.clients.iter().find(|(_, client)| client.has_pending_request());
        let mut id = waiting.map(|(id, _)| id);
        if id.is_none()
            && let Some((next, relay)) =
                self.known.iter_mut().find(|(_, relay)| !relay.permits.is_empty())
            && let Some(peer) = relay.permits.pop_front()
        {
            id = Some(*next);
            let asked = self.clients.with(*next, |client| client.create_permission(now, &[peer]));
            if asked != Some(Ok(()))
                && let Some(relayed) = relay.relayed
            {
                self.refused.push_back(Gathered::Permitted { relayed, peer, granted: false });
            }
        }
        let released = id.and_then(|id| self.clients.with(id, |c| c.release_request(now)));
        released.unwrap_or(false)
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(crate) fn are_asking(&self) -> bool {
        self.known.values().any(|relay| relay.state == RelayState::Asking)
    }

    /// Asks a relay to let these peers through, with a request each: servers refuse a request whole,
    /// and most refuse what is not public, which therefore comes last.
    pub(crate) fn permit(&mut self, relayed: SocketAddr, peers: &[IpAddr]) {
        let Some(id) = self.by_relayed.get(&relayed) else { return };
        let Some(relay) = self.known.get_mut(id) else { return };
        let policy = PeerPolicy::global_only();
        let (public, other): (Vec<IpAddr>, Vec<IpAddr>) =
            peers.iter().partition(|peer| policy.allows(**peer));
        relay.permits.extend(public.into_iter().chain(other));
    }

    /// Binds a channel for a pair that works (RFC 8445 §12.1).
    pub(crate) fn bind(&mut self, now: Instant, relayed: SocketAddr, peer: SocketAddr) {
        let Some(id) = self.by_relayed.get(&relayed) else { return };
        // Without a channel data still passes, with a longer head.
        let _ = self.clients.with(*id, |client| client.bind_channel(now, peer));
    }

    /// Wraps data for a peer. `None`: there is no such relay.
    pub(crate) fn send<'d>(
        &mut self,
        now: Instant,
        path: &Path,
        data: &'d [u8],
    ) -> Option<Result<Packet<'d>, SendError>> {
        let id = *self.by_relayed.get(&path.local())?;
        self.clients.with(id, |client| client.send(now, path.remote(), data))
    }

    /// Whether this is the address of a relay.
    pub(crate) fn is_relayed(&self, address: &SocketAddr) -> bool {
        self.by_relayed.contains_key(address)
    }

    /// Hands an input to the client of its path.
    pub(crate) fn offer<'a>(&mut self, now: Instant, path: &Path, input: Input<'a>) -> Verdict<'a> {
        match self.by_path.get(path) {
            Some(id) => self.clients.handle_input(*id, now, input),
            None => Verdict::Unclaimed,
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.clients.handle_timeout(now);
    }

    pub(crate) const fn next(&self) -> Option<Instant> {
        self.clients.next()
    }

    /// The next thing that a client has to say.
    pub(crate) fn poll(&mut self) -> Option<Told> {
        if let Some(refused) = self.refused.pop_front() {
            return Some(Told::Gathered(refused));
        }
        loop {
            let (id, output) = self.clients.poll()?;
            let told = match output {
                Output::Transmit(transmit) => {
                    Told::Gathered(Gathered::Transmit(transmit.path, transmit.payload))
                }
                Output::Socket(request) => Told::Gathered(Gathered::Socket(request)),
                Output::Event(event) => match self.on_event(id, &event) {
                    Some(told) => told,
                    None => continue,
                },
                // A client looks up no names, and `poll` keeps the deadlines.
                Output::Lookup(_) | Output::Timeout(_) => continue,
            };
            return Some(told);
        }
    }

    fn on_event(&mut self, id: ChildId, event: &TurnEvent) -> Option<Told> {
        let relay = self.known.get_mut(&id)?;
        let (base, asked) = (relay.path.local(), relay.asked);
        match *event {
            TurnEvent::Allocated { relayed, mapped, .. } => {
                relay.relayed = Some(relayed);
                relay.state = RelayState::Ready;
                self.by_relayed.insert(relayed, id);
                Some(Told::Allocated { base, asked, relayed, mapped })
            }
            TurnEvent::Failed { fault } => {
                let (asked_for, other) = (relay.family, AddressFamily::of(base.ip()));
                self.remove(id);
                if fault == TurnFault::FamilyUnsupported && asked_for != other {
                    return Some(Told::WrongFamily { asked, other });
                }
                let no_room = matches!(fault, TurnFault::NoCapacity | TurnFault::QuotaReached);
                Some(Told::Refused { base, asked, fault: fault_of(fault), no_room })
            }
            TurnEvent::Lost { .. } => {
                let relayed = relay.relayed?;
                self.remove(id);
                Some(Told::Gathered(Gathered::RelayLost { relayed }))
            }
            TurnEvent::Closed => {
                self.remove(id);
                None
            }
            TurnEvent::PermissionInstalled { address } => permitted(relay.relayed, address, true),
            TurnEvent::PermissionFailed { address, .. } => permitted(relay.relayed, address, false),
            _ => None,
        }
    }

    fn remove(&mut self, id: ChildId) {
        self.clients.remove(id);
        let Some(relay) = self.known.remove(&id) else { return };
        self.by_path.remove(&relay.path);
        if let Some(relayed) = relay.relayed {
            self.by_relayed.remove(&relayed);
        }
    }

    /// An ICMP error about a path came. Whether that ends the attempt to get a relay there.
    pub(crate) fn struck(&mut self, now: Instant, path: &Path, fault: PathFault) -> bool {
        let Some(id) = self.by_path.get(path).copied() else { return false };
        let Some(relay) = self.known.get_mut(&id) else { return false };
        let over = relay.state == RelayState::Asking && relay.strikes.strike(now, path, fault);
        if over {
            self.remove(id);
        }
        over
    }

    /// Forgets the clients of a socket that is gone. Gives their relayed addresses.
    pub(crate) fn forget_base(&mut self, base: SocketAddr) -> Vec<SocketAddr> {
        let on_it = |(id, relay): (&ChildId, &Relay)| {
            (relay.path.local() == base).then_some((*id, relay.relayed))
        };
        let gone: Vec<_> = self.known.iter().filter_map(on_it).collect();
        for (id, _) in &gone {
            self.remove(*id);
        }
        gone.into_iter().filter_map(|(_, relayed)| relayed).collect()
    }

    /// Gives up all relays but those whose address is `used`. Gives the sockets that they need.
    pub(crate) fn close_unused(&mut self, now: Instant, used: &[SocketAddr]) -> Vec<SocketAddr> {
        let mut keep = Vec::new();
        for (id, relay) in &mut self.known {
            if relay.relayed.is_some_and(|relayed| used.contains(&relayed)) {
                keep.push(relay.path.local());
            } else if relay.state != RelayState::Closing {
                relay.state = RelayState::Closing;
                relay.permits.clear();
                self.clients.with(*id, |client| client.close(now));
            }
        }
        keep
    }

    /// Whether a client still needs this socket.
    pub(crate) fn uses_base(&self, base: SocketAddr) -> bool {
        self.known.values().any(|relay| relay.path.local() == base)
    }
}

fn permitted(relayed: Option<SocketAddr>, peer: IpAddr, granted: bool) -> Option<Told> {
    Some(Told::Gathered(Gathered::Permitted { relayed: relayed?, peer, granted }))
}

fn fault_of(fault: TurnFault) -> GatheringFault {
    match fault {
        TurnFault::TimedOut => GatheringFault::TimedOut,
        TurnFault::WrongCredentials => GatheringFault::Refused(401),
        TurnFault::BadRequest => GatheringFault::Refused(400),
        TurnFault::Forbidden => GatheringFault::Refused(403),
        TurnFault::UnknownAttribute => GatheringFault::Refused(420),
        TurnFault::Mismatch => GatheringFault::Refused(437),
        TurnFault::FamilyUnsupported => GatheringFault::Refused(440),
        TurnFault::TransportUnsupported => GatheringFault::Refused(442),
        TurnFault::QuotaReached => GatheringFault::Refused(486),
        TurnFault::NoCapacity => GatheringFault::Refused(508),
        TurnFault::TryAlternate(_) => GatheringFault::Refused(300),
        TurnFault::Other(code) => GatheringFault::Refused(code),
        _ => GatheringFault::Broken,
    }
}

/// The bytes of a packet as one message of the agent's own.
pub(crate) fn to_bytes(packet: &Packet<'_>) -> Bytes {
    Bytes::from(packet.to_vec())
}
