//! Allocate: from request to relayed address (RFC 8656 §7.2).
use super::{
    AllocationEnd, OPEN_WITHIN, Traffic, TurnServer, TurnServerEvent,
    allocation::{Allocation, Opening, Phase},
    auth::Identity,
    bandwidth::Bandwidth,
    channels::Channels,
    permissions::Permissions,
    ports::{self, PortWish},
    reservations::Token,
    table::AllocationId,
    wish::{Wanted, Wish},
};
use alloc::{boxed::Box, sync::Arc};
use core::net::{IpAddr, SocketAddr};
use sans_io::{DropReason, Instant, Path, SocketFault, SocketId, SocketRequest, Verdict};
use stun_proto::{
    Message, MessageBuilder, MessageType, Method,
    attribute::{
        AddressErrorCode, AddressFamily, Code, ErrorCode, Lifetime, ReservationToken,
        XorMappedAddress, XorRelayedAddress,
    },
};

/// How many ports are tried that another program turns out to hold.
const ATTEMPTS_MAX: u8 = 8;

/// All that a new allocation takes.
struct Plan {
    wish: Wish,
    bound: SocketAddr,
    socket: SocketId,
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
        let Plan { wish, bound, socket, token } = match self.plan(now, path, &identity, message) {
            Ok(plan) => plan,
            Err(code) => {
                self.tell_refused(now, path, Arc::clone(&identity.user), code);
                return self.refuse(path, &identity, message, code);
            }
        };
        let expires = now.saturating_add(OPEN_WITHIN);
        let id = self.table.insert(Allocation {
            client: path,
            user: Arc::clone(&identity.user),
            account: Arc::clone(&identity.account),
            request: message.transaction_id(),
            socket,
            bound,
            refused: wish.refused,
            token,
            phase: Phase::Opening(Box::new(Opening {
                identity,
                lifetime: wish.lifetime,
                port: match wish.port {
                    Wanted::Port(port) => Some(port),
                    Wanted::Reserved(..) => None,
                },
                attempts: 1,
            })),
            expires,
            since: now,
            traffic: Traffic::default(),
            bandwidth: Bandwidth::default(),
            permissions: Permissions::default(),
            channels: Channels::default(),
        });
        self.connections.keep(&path);
        self.timers.set(id, Some(expires));
        self.out.socket(SocketRequest::Bind { id: socket, local: bound });
        Verdict::Consumed
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
    ) -> Result<Plan, Code> {
        if self.draining {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        let wish = self.wish(now, identity, message)?;
        if self.table.count_of(&identity.account) >= self.limits.allocations_per_user {
            return Err(Code::ALLOCATION_QUOTA_REACHED);
        }
        // What is held back outlives the allocation that it came with, so it is counted apart.
        if matches!(wish.port, Wanted::Port(PortWish::Pair))
            && self.reservations.count_of(now, &identity.account)
                >= self.limits.allocations_per_user
        {
            return Err(Code::ALLOCATION_QUOTA_REACHED);
        }
        if self.table.len() >= self.limits.allocations {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        let (bound, token) = match wish.port {
            Wanted::Reserved(token, address) => {
                self.reservations.release(token);
                (address, None)
            }
            Wanted::Port(port) => {
                let listener = path.local().ip();
                let found = self.find_address(now, wish.family, listener, port, &identity.account);
                found.ok_or(Code::INSUFFICIENT_CAPACITY)?
            }
        };
        let socket = self.sockets.take();
        Ok(Plan { wish, bound, socket, token })
    }

    /// A relay address that nobody has; of a pair the second one is held back.
    fn find_address(
        &mut self,
        now: Instant,
        family: AddressFamily,
        listener: IpAddr,
        port: PortWish,
        account: &Arc<str>,
    ) -> Option<(SocketAddr, Option<Token>)> {
        let address = self.pick_address(now, family, listener, port)?;
        if port != PortWish::Pair {
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
        wish: PortWish,
    ) -> Option<SocketAddr> {
        let anyone = u32::from_be_bytes(self.entropy.public());
        let relays = self.reach.relays_for(family, listener, anyone);
        let (entropy, table, reach) = (&mut self.entropy, &self.table, &self.reach);
        let reservations = &self.reservations;
        relays.into_iter().find_map(|ip| {
            let random = || u32::from_be_bytes(entropy.public());
            let is_taken = |port| {
                let address = SocketAddr::new(ip, port);
                table.find_bound(address).is_some()
                    || reach.listeners.contains(&address)
                    || reservations.holds(now, address)
            };
            let port = ports::pick(&reach.ports, wish, random, is_taken)?;
            Some(SocketAddr::new(ip, port))
        })
    }

    /// What the driver says of a relay socket: it is open, could not be opened, or is lost.
    pub(super) fn on_socket(
        &mut self,
        now: Instant,
        socket: SocketId,
        state: Result<SocketAddr, SocketFault>,
    ) -> Verdict<'static> {
        let Some(id) = self.table.find_socket(socket) else {
            return Verdict::Unclaimed;
        };
        let Some(allocation) = self.table.get_mut(id) else {
            return Verdict::Unclaimed;
        };
        let (bound, family) = (allocation.bound, allocation.family());
        match (state, &mut allocation.phase) {
            (Ok(address), Phase::Opening(_)) if address == bound => self.opened(now, id),
            (Err(SocketFault::InUse), Phase::Opening(opening))
                if opening.attempts < ATTEMPTS_MAX =>
            {
                opening.attempts += 1;
                match opening.port {
                    Some(port) => self.try_another_port(now, id, family, port),
                    None => self.give_up_opening(id),
                }
            }
            (Ok(_), Phase::Opening(_)) => {
                // Somewhere else than asked: of no use.
                self.out.socket(SocketRequest::Close(socket));
                self.give_up_opening(id);
            }
            (Err(_), Phase::Opening(_)) => self.give_up_opening(id),
            (Ok(_), Phase::Open) => {}
            (Err(_), Phase::Open) => self.end(id, AllocationEnd::SocketLost),
        }
        Verdict::Consumed
    }

    fn try_another_port(
        &mut self,
        now: Instant,
        id: AllocationId,
        family: AddressFamily,
        port: PortWish,
    ) {
        let Some(allocation) = self.table.get_mut(id) else { return };
        let account = Arc::clone(&allocation.account);
        let listener = allocation.client.local().ip();
        if let Some(token) = allocation.token.take() {
            self.reservations.release(token);
        }
        let found = self.find_address(now, family, listener, port, &account);
        match found {
            Some((local, token)) => {
                let socket = self.sockets.take();
                self.table.rebind(id, socket, local);
                if let Some(allocation) = self.table.get_mut(id) {
                    allocation.token = token;
                }
                self.out.socket(SocketRequest::Bind { id: socket, local });
            }
            None => self.give_up_opening(id),
        }
    }

    fn opened(&mut self, now: Instant, id: AllocationId) {
        let Some(allocation) = self.table.get_mut(id) else { return };
        let Phase::Opening(opening) = core::mem::replace(&mut allocation.phase, Phase::Open) else {
            return;
        };
        allocation.since = now;
        allocation.expires = now.saturating_add(opening.lifetime);
        self.timers.set(id, Some(allocation.expires));
        let (client, user) = (allocation.client, Arc::clone(&allocation.user));
        let relayed = self.reach.relayed(allocation.bound);
        self.answer_allocate(now, id, &opening.identity);
        self.event(TurnServerEvent::AllocationCreated { client, user, relayed });
    }

    /// Tells the client that there is no relayed address to be had.
    pub(super) fn give_up_opening(&mut self, id: AllocationId) {
        self.timers.set(id, None);
        let Some(allocation) = self.table.remove(id) else { return };
        self.connections.release(self.clock.now(), &allocation.client);
        if let Some(token) = allocation.token {
            self.reservations.release(token);
        }
        let Phase::Opening(opening) = allocation.phase else { return };
        let (client, code) = (allocation.client, Code::INSUFFICIENT_CAPACITY);
        let kind = MessageType::error(Method::ALLOCATE);
        let write = |reply: &mut MessageBuilder<'_>| reply.push(&ErrorCode::from(code));
        // It queues the answer, or counts what it could not write.
        let _ = self.reply(client, &opening.identity, kind, allocation.request, write);
        self.tell_refused(self.clock.now(), client, allocation.user, code);
    }

    fn tell_refused(&mut self, now: Instant, client: Path, user: Arc<str>, code: Code) {
        if let Some(untold) = self.refusals.tell(now) {
            self.event(TurnServerEvent::AllocationRefused { client, user, code, untold });
        }
    }

    /// The success response, also to a retransmission: with what is left of the lifetime.
    fn answer_allocate(&mut self, now: Instant, id: AllocationId, identity: &Identity) {
        let Some(allocation) = self.table.get(id) else { return };
        let (client, request) = (allocation.client, allocation.request);
        let relayed = self.reach.relayed(allocation.bound);
        let left = allocation.expires.saturating_since(now);
        let (refused, token) = (allocation.refused, allocation.token);
        let kind = MessageType::success(Method::ALLOCATE);
        let write = |reply: &mut MessageBuilder<'_>| {
            reply.push(&XorRelayedAddress(relayed));
            reply.push(&XorMappedAddress(client.remote()));
            reply.push(&Lifetime(left.as_secs() as u32));
            if let Some(Token(token)) = token {
                reply.push(&ReservationToken(token));
            }
            if let Some((family, code)) = refused {
                reply.push(&AddressErrorCode { family, code, reason: "" });
            }
        };
        // It queues the answer, or counts what it could not write.
        let _ = self.reply(client, identity, kind, request, write);
    }
}
