//! Allocate: from request to relayed address (RFC 8656 §7.2).
use super::{
    OPEN_WITHIN, Traffic, TurnServer,
    allocation::{Allocation, Opening, Phase},
    auth::Identity,
    bandwidth::Bandwidth,
    channels::Channels,
    mobility::Mobility,
    params::{AllocateParams, PortSource},
    permissions::Permissions,
    ports::{self, PortRequirement},
    relays::{Relay, Relays},
    reservations::Token,
    table::AllocationId,
};
use alloc::{boxed::Box, sync::Arc};
use core::net::{IpAddr, SocketAddr};
use sans_io::{DropReason, Instant, Path, SocketRequest, Transport, Verdict};
use stun_proto::{
    Message, MessageBuilder, MessageType, Method,
    attribute::{
        AddressErrorCode, AddressFamily, Code, Lifetime, MobilityTicket, ReservationToken,
        XorMappedAddress, XorRelayedAddress,
    },
};

/// All that a new allocation takes.
struct AllocationPlan {
    params: AllocateParams,
    relays: Relays,
    /// What is held back for the user besides.
    token: Option<Token>,
}

impl TurnServer {
    pub(super) fn allocate(
        &mut self,
        now: Instant,
        path: Path,
        identity: Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        if let Some(id) = self.table.find_client(&path) {
            return self.allocate_again(now, id, &identity, message);
        }
        let AllocationPlan { params, relays, token } =
            match self.plan(now, path, &identity, message) {
                Ok(plan) => plan,
                Err(code) => {
                    self.tell_refused(now, path, Arc::clone(&identity.user), code);
                    if code == Code::INSUFFICIENT_CAPACITY
                        && self.is_full()
                        && message.get::<ReservationToken>().is_none()
                        && let Some(verdict) = self.redirect(path, &identity, message)
                    {
                        return verdict;
                    }
                    return self.refuse(path, &identity, message, code);
                }
            };
        let expires = now.saturating_add(OPEN_WITHIN);
        let mobility = params.is_mobile.then(|| Mobility::new(self.tickets.take_number()));
        let id = self.table.insert(
            now,
            Allocation {
                client: path,
                user: Arc::clone(&identity.user),
                account: Arc::clone(&identity.account),
                request: message.transaction_id(),
                transport: params.transport,
                relays,
                refused: params.refused,
                mobility: mobility.map(Box::new),
                session: identity.session_key(),
                token,
                phase: Phase::Opening(Box::new(Opening {
                    identity,
                    lifetime: params.lifetime,
                    port: match params.port {
                        PortSource::Port(port) => Some(port),
                        PortSource::Reserved(..) => None,
                    },
                })),
                since: now,
                traffic: Traffic::default(),
                bandwidth: Bandwidth::default(),
                permissions: Permissions::default(),
                channels: Channels::default(),
            },
        );
        self.connections.keep(&path);
        self.timers.set(id, Some(expires));
        for relay in relays.iter() {
            self.open_relay(params.transport, relay);
        }
        Verdict::Consumed
    }

    /// Has the socket of a relayed address opened.
    pub(super) fn open_relay(&mut self, transport: Transport, relay: &Relay) {
        let (id, local) = (relay.socket, relay.bound);
        self.out.socket(match transport {
            Transport::Udp => SocketRequest::Bind { id, local },
            Transport::Tcp | Transport::Tls => SocketRequest::Listen { id, local },
        });
    }

    /// Another Allocate on a path that has an allocation: the same again gets the same answer, as
    /// soon as there is one.
    fn allocate_again(
        &mut self,
        now: Instant,
        id: AllocationId,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Verdict<'static> {
        let Some(allocation) = self.table.get(id) else {
            return self.drops.refuse(DropReason::Unexpected);
        };
        let path = allocation.client;
        if allocation.request != message.transaction_id() || allocation.user != identity.user {
            return self.refuse(path, identity, message, Code::ALLOCATION_MISMATCH);
        }
        if !allocation.is_open() {
            return Verdict::Consumed;
        }
        self.answer_allocate(now, id, identity);
        Verdict::Consumed
    }

    /// Looks for everything that a new allocation takes, and takes nothing if it is not there.
    fn plan(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<AllocationPlan, Code> {
        let mut params = self.parse_allocate(now, path.transport(), identity, message)?;
        if self.table.count_of(&identity.account) >= self.limits.allocations_per_user {
            return Err(Code::ALLOCATION_QUOTA_REACHED);
        }
        // What is held back outlives the allocation that it came with, so it is counted apart.
        if matches!(params.port, PortSource::Port(PortRequirement::Pair))
            && self.reservations.count_of(now, &identity.account)
                >= self.limits.allocations_per_user
        {
            return Err(Code::ALLOCATION_QUOTA_REACHED);
        }
        if self.is_full() {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        let mut relays = Relays::default();
        let mut token = None;
        match params.port {
            PortSource::Reserved(token, address) => {
                self.reservations.release(token);
                relays.insert(Relay::new(self.sockets.take(), address));
            }
            PortSource::Port(port) => {
                let listener = path.local().ip();
                for family in core::iter::once(params.family).chain(params.additional) {
                    match self.find_address(now, family, listener, port, &identity.account) {
                        Some((bound, held)) => {
                            relays.insert(Relay::new(self.sockets.take(), bound));
                            token = held;
                        }
                        None => params.refused = Some((family, Code::INSUFFICIENT_CAPACITY)),
                    }
                }
            }
        }
        if relays.len() == 0 {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        Ok(AllocationPlan { params, relays, token })
    }

    /// A relay address that nobody has; of a pair the second one is held back.
    pub(super) fn find_address(
        &mut self,
        now: Instant,
        family: AddressFamily,
        listener: IpAddr,
        port: PortRequirement,
        account: &Arc<str>,
    ) -> Option<(SocketAddr, Option<Token>)> {
        let address = self.pick_address(now, family, listener, port)?;
        if port != PortRequirement::Pair {
            return Some((address, None));
        }
        let second = SocketAddr::new(address.ip(), address.port() + 1);
        let (token, limit) = (Token(self.entropy.secret()), self.limits.allocations);
        let held = self.reservations.hold(now, token, second, Arc::clone(account), limit);
        held.then_some((address, Some(token)))
    }

    /// A relay address of this family with a port that no allocation has, and that is not held
    /// back.
    fn pick_address(
        &mut self,
        now: Instant,
        family: AddressFamily,
        listener: IpAddr,
        requirement: PortRequirement,
    ) -> Option<SocketAddr> {
        let anyone = u32::from_be_bytes(self.entropy.public());
        let relays = self.addressing.relays_for(family, listener, anyone);
        let (entropy, table, addressing) = (&mut self.entropy, &self.table, &self.addressing);
        let reservations = &self.reservations;
        relays.into_iter().find_map(|ip| {
            let random = || u32::from_be_bytes(entropy.public());
            let is_taken = |port| {
                let address = SocketAddr::new(ip, port);
                table.find_bound(address).is_some()
                    || addressing.listeners.contains(&address)
                    || reservations.holds(now, address)
            };
            let port = ports::pick(&addressing.ports, requirement, random, is_taken)?;
            Some(SocketAddr::new(ip, port))
        })
    }

    /// The success response, also to a retransmission: with what is left of the lifetime.
    pub(super) fn answer_allocate(&mut self, now: Instant, id: AllocationId, identity: &Identity) {
        let Some(allocation) = self.table.get(id) else { return };
        let (client, request) = (allocation.client, allocation.request);
        let relays = allocation.relays;
        let left = relays.next_end().unwrap_or(now).saturating_since(now);
        let (refused, token) = (allocation.refused, allocation.token);
        let ticket = self.ticket_of(id);
        let kind = MessageType::success(Method::ALLOCATE);
        let mut addresses = [None; 2];
        for (place, relay) in addresses.iter_mut().zip(relays.iter()) {
            *place = Some(XorRelayedAddress(self.addressing.relayed(relay.bound)));
        }
        let write = |reply: &mut MessageBuilder<'_>| {
            for relayed in addresses.iter().flatten() {
                reply.push(relayed);
            }
            reply.push(&XorMappedAddress(client.remote()));
            reply.push(&Lifetime(left.as_secs() as u32));
            if let Some(Token(token)) = token {
                reply.push(&ReservationToken(token));
            }
            if let Some(ticket) = &ticket {
                reply.push(&MobilityTicket(ticket));
            }
            if let Some((family, code)) = refused {
                reply.push(&AddressErrorCode { family, code, reason: "" });
            }
        };
        // It queues the answer, or counts what it could not write.
        let _ = self.reply(client, identity, kind, request, write);
    }
}
