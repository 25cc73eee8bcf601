//! Allocate: from request to relayed address (RFC 8656 §7.2).
use super::{
    OPEN_WITHIN, Traffic, TurnServer,
    allocation::{Allocation, Opening, Phase},
    auth::Identity,
    bandwidth::Bandwidth,
    channels::Channels,
    common::{Ledger, Quota},
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
use sans_io::{DropReason, Instant, Path, SlabKey, SocketRequest, Transport, Verdict};
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
    /// Where it counts.
    account: SlabKey,
    relays: Relays,
    /// What is held back for the user besides.
    token: Option<Token>,
}

/// What a relayed address must be.
#[derive(Clone, Copy)]
pub(super) struct RelayRequirement {
    pub family: AddressFamily,
    pub transport: Transport,
    pub port: PortRequirement,
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
        let AllocationPlan { params, account, relays, token } =
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
            account,
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
        let params = self.parse_allocate(now, path.transport(), identity, message)?;
        let account = self.admit(now, identity, &params)?;
        let plan = self.find_relays(now, path, identity, params, account);
        if plan.is_err() {
            self.table.books.leave(account);
        }
        plan
    }

    /// Counts it, if the user may have one more.
    fn admit(
        &mut self,
        now: Instant,
        identity: &Identity,
        params: &AllocateParams,
    ) -> Result<SlabKey, Code> {
        let quota = self.limits.quota;
        let in_all = if self.draining { 0 } else { quota.in_all };
        let quota_now = Quota { in_all, ..quota };
        let account = self.table.books.admit(now, &identity.account, quota_now)?;
        // What is held back outlives the allocation that it came with, so it is counted apart.
        if matches!(params.port, PortSource::Port(PortRequirement::Pair)) {
            let held = |ledger: &mut Ledger| ledger.reservations.count_of(now, &identity.account);
            if self.table.books.with(held) >= quota.of_account {
                self.table.books.leave(account);
                return Err(Code::ALLOCATION_QUOTA_REACHED);
            }
        }
        Ok(account)
    }

    fn find_relays(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        mut params: AllocateParams,
        account: SlabKey,
    ) -> Result<AllocationPlan, Code> {
        let mut relays = Relays::default();
        let mut token = None;
        match params.port {
            PortSource::Reserved(token, address) => {
                // before it is let go, so that nobody else has it in between
                self.table.books.claim(params.transport, address);
                self.release(token);
                relays.insert(Relay::new(self.sockets.take(), address));
            }
            PortSource::Port(port) => {
                let (listener, transport) = (path.local().ip(), params.transport);
                for family in core::iter::once(params.family).chain(params.additional) {
                    let requirement = RelayRequirement { family, transport, port };
                    match self.find_address(now, requirement, listener, &identity.account) {
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
        Ok(AllocationPlan { params, account, relays, token })
    }

    /// A relay address that nobody has; of a pair the second one is held back.
    pub(super) fn find_address(
        &mut self,
        now: Instant,
        requirement: RelayRequirement,
        listener: IpAddr,
        account: &Arc<str>,
    ) -> Option<(SocketAddr, Option<Token>)> {
        let address = self.pick_address(now, requirement, listener)?;
        if requirement.port != PortRequirement::Pair {
            return Some((address, None));
        }
        let second = SocketAddr::new(address.ip(), address.port() + 1);
        let (token, limit) = (Token(self.entropy.secret()), self.limits.quota.in_all);
        let hold = |ledger: &mut Ledger| {
            ledger.reservations.hold(now, token, second, Arc::clone(account), limit)
        };
        if !self.table.books.with(hold) {
            self.table.books.give_up(requirement.transport, address);
            return None;
        }
        Some((address, Some(token)))
    }

    /// A relay address of this family with a port that no allocation has, and that is not held
    /// back.
    fn pick_address(
        &mut self,
        now: Instant,
        requirement: RelayRequirement,
        listener: IpAddr,
    ) -> Option<SocketAddr> {
        let RelayRequirement { family, transport, port } = requirement;
        let anyone = u32::from_be_bytes(self.entropy.public());
        let relays = self.addressing.relays_for(family, listener, anyone);
        let (entropy, addressing) = (&mut self.entropy, &self.addressing);
        self.table.choose(now, transport, |has_other| {
            relays.into_iter().find_map(|ip| {
                let random = || u32::from_be_bytes(entropy.public());
                let is_taken = |at| {
                    let address = SocketAddr::new(ip, at);
                    has_other(address) || addressing.listeners.contains(&address)
                };
                let at = ports::pick(&addressing.ports, port, random, is_taken)?;
                Some(SocketAddr::new(ip, at))
            })
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
