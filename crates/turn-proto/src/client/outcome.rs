//! What becomes of the client's state when a request ends (RFC 8656 §7.3, §7.4, §8.3, §10.3, §12.3).
use super::{
    AGAIN_AFTER, REFUSALS_MAX, State, Timer, TurnClient, TurnEvent, TurnFault,
    request::{Purpose, Task},
};
use crate::{ChannelNumber, lifetime::refresh_after};
use alloc::vec::Vec;
use core::{net::IpAddr, net::SocketAddr, time::Duration};
use sans_io::Instant;
use stun_proto::{Message, attribute::Lifetime};

/// How long a server without room is left alone (RFC 8656 §7.3, §7.4).
pub(super) const LEAVE_ALONE: Duration = Duration::from_secs(60);

impl TurnClient {
    /// The server said yes.
    pub(super) fn succeeded(&mut self, now: Instant, purpose: Purpose, message: &Message<'_>) {
        match purpose {
            Purpose::Allocate => self.allocated(now, message),
            Purpose::Refresh => match message.get::<Lifetime>() {
                Some(lifetime) if lifetime.0 > 0 => {
                    self.keep_for(now, lifetime.duration());
                    self.event(TurnEvent::Refreshed { lifetime: lifetime.duration() });
                }
                _ => self.lose(TurnFault::BadResponse),
            },
            Purpose::Move => self.moved(now, message),
            Purpose::Connect(peer) => self.peer_connected(peer, message),
            Purpose::BindConnection(peer, _) => self.data_bound(peer),
            Purpose::Close => self.end_closing(),
            Purpose::Permissions(addresses) => {
                for address in addresses {
                    self.permissions.answered(address);
                    self.installed(now, address);
                }
            }
            Purpose::Channel(number, peer) => {
                if let Some((news, refresh)) = self.channels.bind(number, now) {
                    self.timers.set(Timer::Channel(number), Some(refresh));
                    if news {
                        self.event(TurnEvent::ChannelBound { peer });
                    }
                }
                self.installed(now, peer.ip());
            }
        }
    }

    /// The server said no, or nothing.
    pub(super) fn failed(&mut self, now: Instant, task: Task, fault: TurnFault) {
        let gone = fault == TurnFault::Mismatch;
        match task.purpose {
            Purpose::Allocate => match self.options.without(fault) {
                Some(less) => {
                    self.options = less;
                    self.start(now, task.purpose.into());
                }
                None => self.fail(now, fault),
            },
            Purpose::Move => self.move_failed(fault),
            Purpose::Close => self.end_closing(),
            Purpose::BindConnection(peer, _) => self.connection_failed(peer, fault),
            // Every other request presupposes an allocation (RFC 8656 §5).
            _ if gone => self.mismatched(now, task),
            Purpose::Connect(peer) => self.connect_failed(now, peer, fault),
            // While the allocation lasts another request may still be answered.
            Purpose::Refresh if fault == TurnFault::TimedOut => self.ask_refresh(now),
            Purpose::Refresh if fault.may_pass() && self.refusals < REFUSALS_MAX => {
                self.refusals += 1;
                self.timers.set(Timer::Refresh, Some(now.saturating_add(AGAIN_AFTER)));
            }
            Purpose::Refresh => self.abandon(now, fault),
            Purpose::Permissions(addresses) => {
                self.permissions_failed(now, addresses, task.urgent, fault);
            }
            Purpose::Channel(number, peer) => self.channel_failed(now, number, peer, fault),
        }
    }

    /// The server knows of no allocation at our address. With a ticket it is found by that, should
    /// only the address have changed.
    fn mismatched(&mut self, now: Instant, task: Task) {
        if self.ticket.is_none() {
            return self.lose(TurnFault::Mismatch);
        }
        if task.purpose != Purpose::Refresh {
            self.stranded.push(task);
        }
        if self.paths.next().is_none() {
            self.paths.begin_again();
            self.start(now, Task { urgent: true, ..Purpose::Move.into() });
        }
    }

    /// No allocation came about.
    pub(super) fn fail(&mut self, now: Instant, fault: TurnFault) {
        let room = !matches!(fault, TurnFault::QuotaReached | TurnFault::NoCapacity);
        let wait = if room { Duration::ZERO } else { LEAVE_ALONE };
        self.clear();
        self.state = State::Idle { not_before: now.saturating_add(wait) };
        self.event(TurnEvent::Failed { fault });
    }

    /// The allocation is no more.
    pub(super) fn lose(&mut self, fault: TurnFault) {
        self.clear();
        self.state = State::Idle { not_before: Instant::ZERO };
        self.event(TurnEvent::Lost { fault });
    }

    /// The allocation cannot be kept up. The server, which has it still, is told so first: whoever
    /// asks for another one from the same address at once would be refused otherwise.
    pub(super) fn abandon(&mut self, now: Instant, fault: TurnFault) {
        self.clear();
        self.give_up(now, false);
        self.event(TurnEvent::Lost { fault });
    }

    pub(super) fn closed(&mut self, announce: bool) {
        self.clear();
        self.state = State::Idle { not_before: Instant::ZERO };
        if announce {
            self.event(TurnEvent::Closed);
        }
    }

    /// Tells the server that the allocation is not wanted any more.
    pub(super) fn give_up(&mut self, now: Instant, announce: bool) {
        self.state = State::Closing { announce };
        self.start(now, Task { urgent: true, ..Purpose::Close.into() });
    }

    /// Forgets everything that belongs to one allocation.
    pub(super) fn clear(&mut self) {
        self.permissions = super::Permissions::default();
        self.channels = super::Channels::default();
        self.transactions = super::no_transactions(&self.config);
        self.waiting.clear();
        self.timers = sans_io::Timers::default();
        self.paths.settle();
        self.ticket = None;
        self.nudges = 0;
        self.stranded.clear();
        self.drop_connections();
    }

    fn end_closing(&mut self) {
        if let State::Closing { announce } = self.state {
            self.closed(announce);
        }
    }

    pub(super) fn keep_for(&mut self, now: Instant, lifetime: Duration) {
        if let State::Allocated { expires, .. } = &mut self.state {
            *expires = now.saturating_add(lifetime);
            self.refusals = 0;
            self.timers.set(Timer::Expiry, Some(*expires));
            self.timers.set(Timer::Refresh, Some(now.saturating_add(refresh_after(lifetime))));
        }
    }

    fn installed(&mut self, now: Instant, address: IpAddr) {
        if self.permissions.installed(address, now) {
            self.event(TurnEvent::PermissionInstalled { address });
        }
        self.timers.set(Timer::Permissions, self.permissions.next_refresh());
    }

    fn permissions_failed(
        &mut self,
        now: Instant,
        mut addresses: Vec<IpAddr>,
        urgent: bool,
        fault: TurnFault,
    ) {
        let of_one = matches!(fault, TurnFault::Forbidden | TurnFault::NoCapacity);
        if of_one && addresses.len() > 1 {
            // The server does not say which of them it refuses. Halves find it.
            let rest = addresses.split_off(addresses.len() / 2);
            for part in [addresses, rest] {
                let purpose = Purpose::Permissions(part);
                self.submit(now, Task { urgent, part: true, ..purpose.into() });
            }
            return;
        }
        if fault == TurnFault::TimedOut {
            addresses.retain(|address| {
                let again = self.permissions.unanswered(*address, now);
                if !again && self.permissions.remove(*address) {
                    let event = TurnEvent::PermissionFailed { address: *address, fault };
                    self.out.event(event);
                }
                again
            });
            return self.ask_permissions(now, &addresses, true);
        }
        for address in addresses {
            let again = now.saturating_add(AGAIN_AFTER);
            if fault.may_pass() && self.permissions.postpone(address, again) {
                continue;
            }
            if self.permissions.remove(address) {
                self.event(TurnEvent::PermissionFailed { address, fault });
            }
        }
        self.timers.set(Timer::Permissions, self.permissions.next_refresh());
    }

    fn channel_failed(
        &mut self,
        now: Instant,
        number: ChannelNumber,
        peer: SocketAddr,
        fault: TurnFault,
    ) {
        if fault == TurnFault::TimedOut && self.channels.bound(peer, now).is_some() {
            return self.ask_channel_again(now, number);
        }
        let again = now.saturating_add(AGAIN_AFTER);
        if fault.may_pass() && self.channels.bound(peer, again).is_some() {
            return self.timers.set(Timer::Channel(number), Some(again));
        }
        self.timers.set(Timer::Channel(number), None);
        if self.channels.fail(number, now) {
            self.event(TurnEvent::ChannelFailed { peer, fault });
        }
    }
}
