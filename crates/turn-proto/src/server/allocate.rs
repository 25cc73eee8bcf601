//! Allocate: from request to relayed address (RFC 8656 §7.2).
use super::{
    OPEN_WITHIN, Traffic, TurnServer,
    allocation::{Allocation, Opening, Phase},
    auth::Identity,
    bandwidth::Bandwidth,
    channels::Channels,
    common::{Ledger, Quota},
    permissions::Permissions,
    ports::{self, PortWish},
    relays::{Relay, Relays},
    reservations::Token,
    table::AllocationId,
    wish::{Wanted, Wish},
};
use alloc::{boxed::Box, sync::Arc};
use core::net::{IpAddr, SocketAddr};
use sans_io::{DropReason, Instant, Path, SocketRequest, Verdict};
use stun_proto::{
    Message, MessageBuilder, MessageType, Method,
    attribute::{
        AddressErrorCode, AddressFamily, Code, Lifetime, ReservationToken, XorMappedAddress,
        XorRelayedAddress,
    },
};

/// All that a new allocation takes.
struct Plan {
    wish: Wish,
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
        let Plan { wish, relays, token } = match self.plan(now, path, &identity, message) {
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
        let id = self.table.insert(Allocation {
            client: path,
            user: Arc::clone(&identity.user),
            account: Arc::clone(&identity.account),
            request: message.transaction_id(),
            relays,
            refused: wish.refused,
            token,
            phase: Phase::Opening(Box::new(Opening {
                identity,
                lifetime: wish.lifetime,
                port: match wish.port {
                    Wanted::Port(port) => Some(port),
                    Wanted::Reserved(..) => None,
                },
            })),
            since: now,
            traffic: Traffic::default(),
            bandwidth: Bandwidth::default(),
            permissions: Permissions::default(),
            channels: Channels::default(),
        });
        self.connections.keep(&path);
        self.timers.set(id, Some(expires));
        for relay in relays.iter() {
            self.out.socket(SocketRequest::Bind { id: relay.socket, local: relay.bound });
        }
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
        let wish = self.wish(now, identity, message)?;
        self.admit(now, identity, &wish)?;
        let plan = self.find_relays(now, path, identity, wish);
        if plan.is_err() {
            self.table.books.leave(&identity.account);
        }
        plan
    }

    /// Counts it, if the user may have one more.
    fn admit(&mut self, now: Instant, identity: &Identity, wish: &Wish) -> Result<(), Code> {
        let quota = self.limits.quota;
        let in_all = if self.draining { 0 } else { quota.in_all };
        self.table.books.admit(&identity.account, Quota { in_all, ..quota })?;
        // What is held back outlives the allocation that it came with, so it is counted apart.
        if matches!(wish.port, Wanted::Port(PortWish::Pair)) {
            let held = |ledger: &mut Ledger| ledger.reservations.count_of(now, &identity.account);
            if self.table.books.with(held) >= quota.of_account {
                self.table.books.leave(&identity.account);
                return Err(Code::ALLOCATION_QUOTA_REACHED);
            }
        }
        Ok(())
    }

    fn find_relays(
        &mut self,
        now: Instant,
        path: Path,
        identity: &Identity,
        mut wish: Wish,
    ) -> Result<Plan, Code> {
        let mut relays = Relays::default();
        let mut token = None;
        match wish.port {
            Wanted::Reserved(token, address) => {
                // before it is let go, so that nobody else has it in between
                self.table.books.claim(address);
                self.release(token);
                relays.insert(Relay::new(self.sockets.take(), address));
            }
            Wanted::Port(port) => {
                let listener = path.local().ip();
                for family in core::iter::once(wish.family).chain(wish.additional) {
                    match self.find_address(now, family, listener, port, &identity.account) {
                        Some((bound, held)) => {
                            relays.insert(Relay::new(self.sockets.take(), bound));
                            token = held;
                        }
                        None => wish.refused = Some((family, Code::INSUFFICIENT_CAPACITY)),
                    }
                }
            }
        }
        if relays.len() == 0 {
            return Err(Code::INSUFFICIENT_CAPACITY);
        }
        Ok(Plan { wish, relays, token })
    }

    /// A relay address that nobody has; of a pair the second one is held back.
    pub(super) fn find_address(
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
        let (token, limit) = (Token(self.entropy.secret()), self.limits.quota.in_all);
        let hold = |ledger: &mut Ledger| {
            ledger.reservations.hold(now, token, second, Arc::clone(account), limit)
        };
        if !self.table.books.with(hold) {
            self.table.books.give_up(address);
            return None;
        }
        Some((address, Some(token)))
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
        let (entropy, reach) = (&mut self.entropy, &self.reach);
        self.table.choose(now, |has_other| {
            relays.into_iter().find_map(|ip| {
                let random = || u32::from_be_bytes(entropy.public());
                let is_taken = |port| {
                    let address = SocketAddr::new(ip, port);
                    has_other(address) || reach.listeners.contains(&address)
                };
                let port = ports::pick(&reach.ports, wish, random, is_taken)?;
                Some(SocketAddr::new(ip, port))
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
        let kind = MessageType::success(Method::ALLOCATE);
        let mut addresses = [None; 2];
        for (place, relay) in addresses.iter_mut().zip(relays.iter()) {
            *place = Some(XorRelayedAddress(self.reach.relayed(relay.bound)));
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
            if let Some((family, code)) = refused {
                reply.push(&AddressErrorCode { family, code, reason: "" });
            }
        };
        // It queues the answer, or counts what it could not write.
        let _ = self.reply(client, identity, kind, request, write);
    }
}
