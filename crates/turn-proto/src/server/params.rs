//! What an Allocate request asks for, and whether it may (RFC 8656 §7.2).
use super::{
    TurnServer,
    auth::Identity,
    ports::PortRequirement,
    reservations::{Reservations, Token},
};
use crate::{ChannelRange, lifetime::granted};
use core::{net::SocketAddr, time::Duration};
use sans_io::{Instant, Transport};
use stun_proto::{
    AttributeType, Message,
    attribute::{
        AdditionalAddressFamily, AddressFamily, Code, EvenPort, Lifetime, MobilityTicket,
        RequestedAddressFamily, RequestedTransport, ReservationToken,
    },
};

/// ADDITIONAL-ADDRESS-FAMILY before RFC 8656 gave it 0x8000: coturn's client up to 4.6 knows no other.
const OLD_ADDITIONAL_ADDRESS_FAMILY: AttributeType = AttributeType(0x8032);

/// What a request asks for, once nothing is wrong with it.
pub(super) struct AllocateParams {
    pub family: AddressFamily,
    /// The other one besides.
    pub additional: Option<AddressFamily>,
    pub refused: Option<(AddressFamily, Code)>,
    pub port: PortSource,
    pub lifetime: Duration,
    /// Whether the allocation is to go along with its client.
    pub is_mobile: bool,
    pub transport: Transport,
}

/// Which port.
#[derive(Clone, Copy)]
pub(super) enum PortSource {
    /// A port that no one has.
    Port(PortRequirement),
    /// The one that was held back.
    Reserved(Token, SocketAddr),
}

impl TurnServer {
    /// The checks of the request itself, in the order of the RFC.
    pub(super) fn parse_allocate(
        &mut self,
        now: Instant,
        client: Transport,
        identity: &Identity,
        message: &Message<'_>,
    ) -> Result<AllocateParams, Code> {
        let transport = self.transport(client, message)?;
        let is_mobile = match message.get::<MobilityTicket<'_>>() {
            None => false,
            Some(MobilityTicket(b"")) if self.is_mobility_allowed => true,
            Some(MobilityTicket(b"")) => return Err(Code::MOBILITY_FORBIDDEN),
            Some(_) => return Err(Code::BAD_REQUEST),
        };
        let requested = message.get::<RequestedAddressFamily>();
        let additional = self.additional_family(message);
        let even = message.get::<EvenPort>();
        let families = requested.is_some() || additional.is_some();
        let asked = message.get::<Lifetime>().map(|lifetime| lifetime.0);
        let lifetime = granted(asked, self.limits.default_lifetime, self.limits.max_lifetime);
        let lifetime = identity.limit(now, lifetime);
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
            let port = PortSource::Reserved(token, address);
            let (additional, refused) = (None, None);
            return Ok(AllocateParams {
                family,
                additional,
                refused,
                port,
                lifetime,
                is_mobile,
                transport,
            });
        }
        let both = requested.is_some() && additional.is_some();
        let reserve = even.is_some_and(|even| even.reserve);
        if both || reserve && families && requested.is_none() {
            return Err(Code::BAD_REQUEST);
        }
        let Families { family, additional, refused } = self.families(requested, additional)?;
        let port = PortSource::Port(match even {
            None => PortRequirement::Any,
            Some(EvenPort { reserve: false }) => PortRequirement::Even,
            Some(EvenPort { reserve: true }) => PortRequirement::Pair,
        });
        // What is bound to its connection cannot leave it.
        let is_mobile = is_mobile && transport == Transport::Udp;
        Ok(AllocateParams { family, additional, refused, port, lifetime, is_mobile, transport })
    }

    /// What is to be relayed (RFC 6062 §5.1).
    fn transport(&self, client: Transport, message: &Message<'_>) -> Result<Transport, Code> {
        const OF_UDP: [AttributeType; 3] = [
            AttributeType::DONT_FRAGMENT,
            AttributeType::EVEN_PORT,
            AttributeType::RESERVATION_TOKEN,
        ];
        match message.get::<RequestedTransport>().ok_or(Code::BAD_REQUEST)? {
            RequestedTransport::UDP => Ok(Transport::Udp),
            RequestedTransport::TCP if self.relays_tcp => {
                let is_udp = OF_UDP.into_iter().any(|kind| message.has(kind));
                let is_good = client.is_stream() && !is_udp;
                if is_good { Ok(Transport::Tcp) } else { Err(Code::BAD_REQUEST) }
            }
            _ => Err(Code::UNSUPPORTED_TRANSPORT),
        }
    }

    /// The family that is asked for besides: old clients ask by a number of their own.
    fn additional_family(&self, message: &Message<'_>) -> Option<AdditionalAddressFamily> {
        let is_old = self.channels == ChannelRange::Rfc5766
            && message.value(OLD_ADDITIONAL_ADDRESS_FAMILY) == Some(&[2, 0, 0, 0]);
        if is_old { Some(AdditionalAddressFamily::V6) } else { message.get() }
    }

    /// Which families are allocated, and which is not though it was asked for.
    fn families(
        &self,
        requested: Option<RequestedAddressFamily>,
        additional: Option<AdditionalAddressFamily>,
    ) -> Result<Families, Code> {
        let unsupported = Code::ADDRESS_FAMILY_NOT_SUPPORTED;
        let has = |family| self.addressing.has_relay(family);
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
