//! A NAT with one mapping for each inner address, that lets in what was sent to before
//! (port-restricted cone).
use std::{collections::BTreeSet, net::SocketAddr};

#[derive(Clone, Debug)]
pub(crate) struct Nat {
    inner: SocketAddr,
    outer: SocketAddr,
    asked: BTreeSet<SocketAddr>,
}

impl Nat {
    pub(crate) const fn new(inner: SocketAddr, outer: SocketAddr) -> Self {
        Self { inner, outer, asked: BTreeSet::new() }
    }

    pub(crate) const fn outer(&self) -> SocketAddr {
        self.outer
    }

    /// What others see of a packet that leaves.
    pub(crate) fn leave(&mut self, to: SocketAddr) -> SocketAddr {
        self.asked.insert(to);
        self.outer
    }

    /// Where a packet from outside goes, if anywhere.
    pub(crate) fn enter(&self, from: SocketAddr, to: SocketAddr) -> Option<SocketAddr> {
        (to == self.outer && self.asked.contains(&from)).then_some(self.inner)
    }

    /// Forgets everything, and uses another port from now on.
    pub(crate) fn rebind(&mut self) {
        self.outer.set_port(self.outer.port() + 1);
        self.asked.clear();
    }
}
