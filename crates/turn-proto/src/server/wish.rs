//! What an Allocate request asks for, and whether it may (RFC 8656 §7.2).
use super::{
    TurnServer,
    auth::Identity,
    ports::PortWish,
    reservations::{Reservations, Token},
};
use crate::lifetime::granted;
use core::{net::SocketAddr, time::Duration};
use sans_io::Instant;
use stun_proto::{
    AttributeType, Message,
    attribute::{
        AdditionalAddressFamily, AddressFamily, Code, EvenPort, Lifetime, RequestedAddressFamily,
        RequestedTransport, ReservationToken,
    },
};

/// What a request asks for, once nothing is wrong with it.
pub(super) struct Wish {
    pub family: AddressFamily,
    /// The other one besides.
    pub additional: Option<AddressFamily>,
    pub refused: Option<(AddressFamily, Code)>,
    pub port: Wanted,
    pub lifetime: Duration,
}

/// Which port.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// A port that no one has.
    Port(PortWish),
    /// The one that was held back.
    Reserved(Token, SocketAddr),
}

impl TurnServer {
    /// The checks of the request itself, in the order of the RFC.
    pub(super) fn wish(
        &mut self,
        now: Instant,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<Wish, Code> {
        match message.get::<RequestedTransport>() {
            None => return Err(Code::BAD_REQUEST),
            Some(RequestedTransport::UDP) => {}
            Some(_) => return Err(Code::UNSUPPORTED_TRANSPORT),
        }
        let requested = message.get::<RequestedAddressFamily>();
        let additional = message.get::<AdditionalAddressFamily>();
        let even = message.get::<EvenPort>();
        let families = requested.is_some() || message.has(AttributeType::ADDITIONAL_ADDRESS_FAMILY);
        let asked = message.get::<Lifetime>().map(|lifetime| lifetime.0);
        let lifetime = granted(asked, self.limits.default_lifetime, self.limits.max_lifetime);
        if let Some(ReservationToken(token)) = message.get() {
            let token = Token(token);
            if even.is_some() || families {
                return Err(Code::BAD_REQUEST);
            }
            let held =
                |reservations: &Reservations| reservations.find(now, token, &identity.account);
            let address = self.table.books.with(|ledger| held(&ledger.reservations));
            let address = address.ok_or(Code::INSUFFICIENT_CAPACITY)?;
            let family = AddressFamily::of(address.ip());
            let port = Wanted::Reserved(token, address);
            return Ok(Wish { family, additional: None, refused: None, port, lifetime });
        }
        let both = requested.is_some() && message.has(AttributeType::ADDITIONAL_ADDRESS_FAMILY);
        let reserve = even.is_some_and(|even| even.reserve);
        if both || reserve && families && requested.is_none() {
            return Err(Code::BAD_REQUEST);
        }
        let Families { family, additional, refused } = self.families(requested, additional)?;
        let port = Wanted::Port(match even {
            None => PortWish::Any,
            Some(EvenPort { reserve: false }) => PortWish::Even,
            Some(EvenPort { reserve: true }) => PortWish::Pair,
        });
        Ok(Wish { family, additional, refused, port, lifetime })
    }

    /// Which families are allocated, and which is not though it was asked for.
    fn families(
        &self,
        requested: Option<RequestedAddressFamily>,
        additional: Option<AdditionalAddressFamily>,
    ) -> Result<Families, Code> {
        let unsupported = Code::ADDRESS_FAMILY_NOT_SUPPORTED;
        let has = |family| self.reach.has_relay(family);
        if let Some(additional) = additional {
            if additional != AdditionalAddressFamily::V6 {
                return Err(Code::BAD_REQUEST);
            }
            let (v4, v6) = (AddressFamily::V4, AddressFamily::V6);
            return Ok(match (has(v4), has(v6)) {
                (true, true) => Families { family: v4, additional: Some(v6), refused: None },
                (false, _) => {
                    Families { family: v6, additional: None, refused: Some((v4, unsupported)) }
                }
                (true, false) => {
                    Families { family: v4, additional: None, refused: Some((v6, unsupported)) }
                }
            });
        }
        let family = requested.map_or(Some(AddressFamily::V4), RequestedAddressFamily::family);
        let family = family.filter(|family| has(*family)).ok_or(unsupported)?;
        Ok(Families { family, additional: None, refused: None })
    }
}

/// What of the families that were asked for is to be had.
struct Families {
    family: AddressFamily,
    additional: Option<AddressFamily>,
    refused: Option<(AddressFamily, Code)>,
}
