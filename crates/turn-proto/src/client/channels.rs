//! The channels that a client binds (RFC 8656 §12).
use crate::{CHANNEL_LIFETIME, ChannelNumber, lifetime::refresh_after};
use alloc::collections::BTreeMap;
use core::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use sans_io::Instant;

/// How long after the end of a channel its number and its peer are left alone (RFC 8656 §12). The
/// half minute more is for an end that the server counts from a request whose answer came late.
const LEFT_ALONE: Duration = Duration::from_secs(330);

/// Channels by number and by peer. A number stays with its peer as long as the channel is wanted or
/// the server may have it, and for [`LEFT_ALONE`] more.
#[derive(Debug, Default)]
pub(super) struct Channels {
    by_number: BTreeMap<ChannelNumber, Channel>,
    by_peer: BTreeMap<SocketAddr, ChannelNumber>,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    peer: SocketAddr,
    /// It is kept up.
    wanted: bool,
    /// A request for it is out, or waits to go out.
    asked: bool,
    /// The server has it until then.
    expires: Option<Instant>,
    /// Number and peer are taken until then at least.
    taken: Instant,
}

impl Channel {
    fn is_live(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires > now)
    }

    /// Whether it is to be asked for: there is none, or its refresh is due.
    fn is_due(&self, now: Instant) -> bool {
        let margin = CHANNEL_LIFETIME.saturating_sub(refresh_after(CHANNEL_LIFETIME));
        self.expires.is_none_or(|expires| expires.saturating_sub(margin) <= now)
    }

    /// Notes that no request is out any more. Until now one may have bound it.
    fn rest(&mut self, now: Instant) {
        self.asked = false;
        self.taken = now.saturating_add(CHANNEL_LIFETIME).saturating_add(LEFT_ALONE);
    }
}

impl Channels {
    /// Whether [`want`](Self::want) finds a number for this peer.
    pub(super) fn has_room(&mut self, peer: SocketAddr, now: Instant, limit: usize) -> bool {
        self.by_number.retain(|_, channel| channel.wanted || channel.asked || channel.taken > now);
        self.by_peer.retain(|_, number| self.by_number.contains_key(number));
        self.by_peer.contains_key(&peer)
            || self.by_peer.len() < limit && self.next_number().is_some()
    }

    /// Wants a channel to `peer`, of at most `limit`. The number, if it must be asked for.
    pub(super) fn want(
        &mut self,
        peer: SocketAddr,
        now: Instant,
        limit: usize,
    ) -> Option<ChannelNumber> {
        if !self.has_room(peer, now, limit) {
            return None;
        }
        let number = self.by_peer.get(&peer).copied().or_else(|| self.next_number())?;
        self.by_peer.insert(peer, number);
        let new = Channel { peer, wanted: true, asked: false, expires: None, taken: now };
        let channel = self.by_number.entry(number).or_insert(new);
        channel.wanted = true;
        let ask = !channel.asked && channel.is_due(now);
        channel.asked |= ask;
        ask.then_some(number)
    }

    /// The lowest number that is free.
    fn next_number(&self) -> Option<ChannelNumber> {
        let mut free = ChannelNumber::MIN;
        for taken in self.by_number.keys() {
            if *taken != free {
                break;
            }
            free = free.next()?;
        }
        Some(free)
    }

    /// Keeps the channels of this peer's address up no longer.
    pub(super) fn forget(&mut self, address: IpAddr) {
        for channel in self.by_number.values_mut().filter(|c| c.peer.ip() == address) {
            channel.wanted = false;
        }
    }

    /// The peer that the server may send of on this channel. The answer to its request need not be
    /// here yet (RFC 8656 §12).
    pub(super) fn peer(&self, number: ChannelNumber, now: Instant) -> Option<SocketAddr> {
        let channel = self.by_number.get(&number)?;
        (channel.wanted || channel.is_live(now)).then_some(channel.peer)
    }

    /// The channel that the server is known to have for this peer.
    pub(super) fn bound(&self, peer: SocketAddr, now: Instant) -> Option<ChannelNumber> {
        let number = self.by_peer.get(&peer)?;
        self.by_number.get(number).filter(|channel| channel.is_live(now)).map(|_| *number)
    }

    /// Notes that the server bound it, and when to refresh it. Whether that is news.
    pub(super) fn bind(&mut self, number: ChannelNumber, now: Instant) -> Option<(bool, Instant)> {
        let channel = self.by_number.get_mut(&number)?;
        let news = !channel.is_live(now);
        channel.rest(now);
        channel.expires = Some(now.saturating_add(CHANNEL_LIFETIME));
        Some((news, now.saturating_add(refresh_after(CHANNEL_LIFETIME))))
    }

    /// The peer, if the channel is to be asked for again: its refresh is due, if not overdue after a
    /// jump of time, or went unanswered.
    pub(super) fn ask_again(&mut self, number: ChannelNumber, now: Instant) -> Option<SocketAddr> {
        let channel = self.by_number.get_mut(&number)?;
        if channel.asked && !channel.wanted {
            channel.rest(now);
        }
        channel.asked = channel.wanted;
        channel.asked.then_some(channel.peer)
    }

    /// Gives up a channel. Whether it was wanted.
    pub(super) fn fail(&mut self, number: ChannelNumber, now: Instant) -> bool {
        let Some(channel) = self.by_number.get_mut(&number) else { return false };
        let wanted = channel.wanted;
        channel.wanted = false;
        channel.expires = None;
        channel.rest(now);
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ChannelNumber = ChannelNumber::MIN;

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_number_stays_with_its_peer() {
        let mut channels = Channels::default();
        let now = Instant::from_secs(0);
        assert_eq!(channels.want(peer(1), now, 9), Some(A));
        assert_eq!(channels.want(peer(1), now, 9), None, "asked for already");
        assert!(channels.fail(A, now));
        assert_eq!(channels.peer(A, now), None);
        assert_eq!(channels.want(peer(2), now, 9), A.next());
        assert_eq!(channels.want(peer(1), now, 9), Some(A));
        assert_eq!(channels.want(peer(3), now, 2), None);
        assert!(channels.has_room(peer(1), now, 2) && !channels.has_room(peer(3), now, 2));
    }

    #[test]
    fn data_arrives_before_the_answer_but_leaves_after_it() {
        let mut channels = Channels::default();
        let now = Instant::from_secs(0);
        channels.want(peer(1), now, 9);
        assert_eq!(channels.peer(A, now), Some(peer(1)));
        assert_eq!(channels.bound(peer(1), now), None);
        assert_eq!(channels.bind(A, now), Some((true, Instant::from_secs(540))));
        assert_eq!(channels.bound(peer(1), Instant::from_secs(599)), Some(A));
        assert_eq!(channels.bound(peer(1), Instant::from_secs(600)), None);
    }

    #[test]
    fn a_channel_that_is_forgotten_ends() {
        let mut channels = Channels::default();
        channels.want(peer(1), Instant::from_secs(0), 9);
        channels.bind(A, Instant::from_secs(0));
        assert_eq!(channels.ask_again(A, Instant::from_secs(540)), Some(peer(1)));
        channels.forget(peer(1).ip());
        assert_eq!(channels.ask_again(A, Instant::from_secs(540)), None);
        assert_eq!(channels.peer(A, Instant::from_secs(600)), None);
    }

    #[test]
    fn numbers_run_out_at_the_end_of_their_range() {
        let mut channels = Channels::default();
        let now = Instant::from_secs(0);
        for port in 1..=4096 {
            assert!(channels.want(peer(port), now, usize::MAX).is_some(), "{port}");
        }
        assert_eq!(channels.want(peer(4097), now, usize::MAX), None);
    }
}
