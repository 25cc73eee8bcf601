//! What a client asks an allocation to be, and what came of it (RFC 8656 §7.1, §7.3, RFC 8016 §3.1).
use super::{
    RefusedFamily, State, TurnClient, TurnEvent, TurnFault,
    config::{RelayedFamilies, RelayedPort, RelayedTransport, TurnClientConfig},
    outcome::LEAVE_ALONE,
};
use crate::per_family::PerFamily;
use bytes::Bytes;
use core::net::SocketAddr;
use sans_io::{Instant, canonical};
use stun_proto::{
    Message, MessageBuilder,
    attribute::{
        AdditionalAddressFamily, AddressErrorCode, AddressFamily, Code, DontFragment, EvenPort,
        Lifetime, MobilityTicket, RequestedAddressFamily, RequestedTransport, ReservationToken,
        XorMappedAddress, XorRelayedAddress,
    },
};

/// The longest ticket that is kept: with it a request still fits into what every path carries
/// unfragmented (RFC 8016 §3.1.2).
const TICKET_MAX: usize = 256;

/// What is asked for of what a server may be without. It shrinks with what the server refuses.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllocationOptions {
    pub families: RelayedFamilies,
    pub dont_fragment: bool,
    pub mobility: bool,
}

/// A family that the server did not give beside the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rejected {
    family: AddressFamily,
    /// It is not to be asked for before this.
    until: Instant,
}

/// What a success response says.
struct Granted {
    relayed: PerFamily<SocketAddr>,
    mapped: SocketAddr,
    lifetime: Lifetime,
}

impl AllocationOptions {
    pub(super) const fn new(config: &TurnClientConfig) -> Self {
        let datagrams = matches!(config.relayed_transport, RelayedTransport::Udp);
        Self {
            families: config.families,
            dont_fragment: config.dont_fragment && datagrams,
            mobility: config.mobility && datagrams,
        }
    }

    /// Does without what the server refused. `None`: it refused something else.
    pub(super) const fn without(mut self, fault: TurnFault) -> Option<Self> {
        match fault {
            TurnFault::DontFragmentUnsupported if self.dont_fragment => self.dont_fragment = false,
            TurnFault::MobilityForbidden if self.mobility => self.mobility = false,
            _ => return None,
        }
        Some(self)
    }

    /// Writes what an Allocate request is about.
    pub(super) fn write(self, config: &TurnClientConfig, message: &mut MessageBuilder<'_>) {
        message.push(match config.relayed_transport {
            RelayedTransport::Udp => &RequestedTransport::UDP,
            RelayedTransport::Tcp => &RequestedTransport::TCP,
        });
        if self.dont_fragment {
            message.push(&DontFragment);
        }
        match config.port {
            RelayedPort::Any => {}
            RelayedPort::Even => message.push(&EvenPort { reserve: false }),
            RelayedPort::EvenWithNext => message.push(&EvenPort { reserve: true }),
            RelayedPort::Reserved(token) => message.push(&token),
        }
        match self.families {
            // The token says which.
            RelayedFamilies::One(_) if matches!(config.port, RelayedPort::Reserved(_)) => {}
            RelayedFamilies::One(AddressFamily::V4) => {}
            RelayedFamilies::One(AddressFamily::V6) => message.push(&RequestedAddressFamily::V6),
            RelayedFamilies::Both => message.push(&AdditionalAddressFamily::V6),
        }
        if self.mobility {
            message.push(&MobilityTicket(b""));
        }
    }
}

impl Rejected {
    /// What to ask for at `now` instead.
    pub(super) fn narrow(self, families: RelayedFamilies, now: Instant) -> RelayedFamilies {
        match (families, self.family) {
            (RelayedFamilies::Both, AddressFamily::V4) if now < self.until => {
                RelayedFamilies::One(AddressFamily::V6)
            }
            (RelayedFamilies::Both, AddressFamily::V6) if now < self.until => {
                RelayedFamilies::One(AddressFamily::V4)
            }
            _ => families,
        }
    }
}

impl TurnClient {
    /// The server gave an allocation, or says so.
    pub(super) fn allocated(&mut self, now: Instant, message: &Message<'_>) {
        let mapped: Option<XorMappedAddress> = message.get();
        let lifetime: Option<Lifetime> = message.get();
        let (Some(mapped), Some(lifetime), true) =
            (mapped, lifetime, message.has(stun_proto::AttributeType::XOR_RELAYED_ADDRESS))
        else {
            return self.fail(now, TurnFault::BadResponse);
        };
        let Some(relayed) = self.relayed_in(message).filter(|_| lifetime.0 > 0) else {
            self.fail(now, TurnFault::BadResponse);
            return self.give_up(now, false);
        };
        self.rejected = None;
        let refused = message.get::<AddressErrorCode<'_>>().filter(|refused| {
            self.options.families == RelayedFamilies::Both && relayed.get(refused.family).is_none()
        });
        let refused = refused.map(|AddressErrorCode { family, code, .. }| {
            let supported = code != Code::ADDRESS_FAMILY_NOT_SUPPORTED;
            let until = if supported { now.saturating_add(LEAVE_ALONE) } else { Instant::FAR };
            self.rejected = Some(Rejected { family, until });
            RefusedFamily { family, fault: code.into() }
        });
        self.keep_ticket(message);
        let granted = Granted { relayed, mapped: canonical(mapped.0), lifetime };
        self.begin(now, &granted, refused, message.get());
    }

    fn begin(
        &mut self,
        now: Instant,
        granted: &Granted,
        refused: Option<RefusedFamily>,
        reserved: Option<ReservationToken>,
    ) {
        let Granted { relayed, mapped, lifetime } = *granted;
        let mut addresses = relayed.into_iter();
        let Some(first) = addresses.next() else { return };
        self.state = State::Allocated { relayed, expires: now };
        self.keep_for(now, lifetime.duration());
        self.event(TurnEvent::Allocated {
            relayed: first,
            additional: addresses.next(),
            refused,
            mapped,
            lifetime: lifetime.duration(),
            reserved,
        });
    }

    /// The relayed addresses of a response. `None`: they are not what was asked for, or cannot be.
    fn relayed_in(&self, message: &Message<'_>) -> Option<PerFamily<SocketAddr>> {
        let mut relayed = PerFamily::default();
        for XorRelayedAddress(address) in message.get_all::<XorRelayedAddress>() {
            let address = canonical(address);
            let family = AddressFamily::of(address.ip());
            let is_wanted = match self.options.families {
                RelayedFamilies::One(wanted) => family == wanted,
                RelayedFamilies::Both => true,
            };
            let is_usable = address.port() != 0 && !address.ip().is_unspecified();
            if !is_wanted || !is_usable || relayed.get(family).is_some() {
                return None;
            }
            relayed.insert(family, address);
        }
        (relayed.len() > 0).then_some(relayed)
    }

    /// Keeps what the allocation can be moved with, if it is to be. Without one in the response it
    /// cannot, any longer.
    pub(super) fn keep_ticket(&mut self, message: &Message<'_>) {
        let ticket = message.get::<MobilityTicket<'_>>().map(|ticket| ticket.0);
        let is_asked = self.options.mobility;
        let ticket = ticket.filter(|ticket| is_asked && (1..=TICKET_MAX).contains(&ticket.len()));
        self.ticket = ticket.map(Bytes::copy_from_slice);
    }
}
