//! The open UDP sockets of a host, found by address and by number.
use crate::map;
use hashbrown::HashTable;
use sans_io::SocketId;
use std::net::SocketAddr;

/// An open UDP socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Socket {
    pub(crate) local: SocketAddr,
    /// The machine that it is of.
    pub(crate) owner: u32,
    /// The number that the machine asked with.
    pub(crate) id: Option<SocketId>,
    /// The interface of its host that has the address. A host that loses an address loses the
    /// sockets of it.
    pub(crate) interface: u8,
}

/// Most hosts have one, and a relay has ten thousand: the tables hold but places in the list.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    all: Vec<Socket>,
    by_address: HashTable<u32>,
    by_id: HashTable<u32>,
}

impl Sockets {
    #[inline]
    pub(crate) fn get(&self, local: &SocketAddr) -> Option<&Socket> {
        if let [only] = &self.all[..] {
            return Some(only).filter(|socket| socket.local == *local);
        }
        self.get_of_many(local)
    }

    #[inline(never)]
    fn get_of_many(&self, local: &SocketAddr) -> Option<&Socket> {
        let place =
            self.by_address.find(address_hash(local), |place| self.at(*place).local == *local);
        place.map(|place| self.at(*place))
    }

    pub(crate) fn contains(&self, local: &SocketAddr) -> bool {
        self.get(local).is_some()
    }

    /// Opens one; its address must be free.
    pub(crate) fn insert(&mut self, socket: Socket) {
        if self.all.is_empty() {
            self.all.reserve_exact(1);
        }
        let place = self.all.len() as u32;
        self.all.push(socket);
        let Self { all, by_address, by_id } = self;
        by_address.insert_unique(address_hash(&socket.local), place, |place| {
            address_hash(&all[*place as usize].local)
        });
        if let Some(number) = number(&socket) {
            let rehash = |place: &u32| number_hash(&all[*place as usize]);
            by_id.insert_unique(map::hash(&number), place, rehash);
        }
    }

    /// Closes the one that a machine asked for with this number.
    pub(crate) fn close(&mut self, owner: u32, id: SocketId) -> Option<Socket> {
        let wanted = (owner, id);
        let found =
            self.by_id.find(map::hash(&wanted), |place| number(self.at(*place)) == Some(wanted));
        found.copied().map(|place| self.remove(place))
    }

    /// Closes all that `gone` picks, and gives them in the order of their addresses.
    pub(crate) fn close_all(&mut self, gone: impl Fn(&SocketAddr) -> bool) -> Vec<Socket> {
        let mut lost = Vec::new();
        for place in (0..self.all.len() as u32).rev() {
            if gone(&self.at(place).local) {
                lost.push(self.remove(place));
            }
        }
        lost.sort_unstable_by_key(|socket| socket.local);
        lost
    }

    fn at(&self, place: u32) -> &Socket {
        &self.all[place as usize]
    }

    /// Takes one out of the list; the last one gets its place.
    fn remove(&mut self, place: u32) -> Socket {
        let last = self.all.len() as u32 - 1;
        self.unlink(place);
        if place != last {
            let moved = *self.at(last);
            let (address, number) = (address_hash(&moved.local), number_hash(&moved));
            if let Some(entry) = self.by_address.find_mut(address, |p| *p == last) {
                *entry = place;
            }
            if let Some(entry) = self.by_id.find_mut(number, |p| *p == last) {
                *entry = place;
            }
        }
        self.all.swap_remove(place as usize)
    }

    fn unlink(&mut self, place: u32) {
        let socket = *self.at(place);
        if let Ok(entry) = self.by_address.find_entry(address_hash(&socket.local), |p| *p == place)
        {
            entry.remove();
        }
        if let Ok(entry) = self.by_id.find_entry(number_hash(&socket), |p| *p == place) {
            entry.remove();
        }
    }
}

fn number(socket: &Socket) -> Option<(u32, SocketId)> {
    socket.id.map(|id| (socket.owner, id))
}

fn address_hash(address: &SocketAddr) -> u64 {
    map::hash(&map::SocketKey(*address))
}

fn number_hash(socket: &Socket) -> u64 {
    number(socket).map_or(0, |number| map::hash(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(port: u16, id: Option<u64>) -> Socket {
        let local = SocketAddr::from(([192, 0, 2, 1], port));
        Socket { local, owner: 3, id: id.map(SocketId), interface: 0 }
    }

    #[test]
    fn many_are_found_by_address_and_by_number() {
        let mut sockets = Sockets::default();
        for port in 1..=1_000 {
            sockets.insert(socket(port, (port % 3 > 0).then_some(port.into())));
        }
        for port in (1..=1_000).filter(|port| port % 3 == 1) {
            let closed = sockets.close(3, SocketId(port.into())).unwrap();
            assert_eq!(closed.local.port(), port);
            assert!(sockets.close(3, SocketId(port.into())).is_none());
        }
        assert!(sockets.close(4, SocketId(2)).is_none(), "another machine's");
        for port in 1..=1_000 {
            let found = sockets.get(&socket(port, None).local);
            assert_eq!(found.map(|socket| socket.local.port()), (port % 3 != 1).then_some(port));
        }
    }

    #[test]
    fn those_that_are_lost_come_in_order() {
        let mut sockets = Sockets::default();
        for port in [7, 3, 9, 1, 8] {
            sockets.insert(socket(port, Some(port.into())));
        }
        let lost = sockets.close_all(|local| local.port() != 9);
        let ports: Vec<u16> = lost.iter().map(|socket| socket.local.port()).collect();
        assert_eq!(ports, [1, 3, 7, 8]);
        assert!(sockets.contains(&socket(9, None).local));
        assert!(sockets.close(3, SocketId(9)).is_some());
        assert!(!sockets.contains(&socket(9, None).local));
    }
}
