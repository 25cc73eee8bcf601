//! The cases: who meets whom, through what, and what each needs.

use std::path::Path;

use super::checking;
use super::chromium;
use super::install::Tool;
use super::negotiation::{self, Topic};
use super::peers::{Meeting, Program, Way};
use super::phones::{self, Model};
use super::server::Kind;
use super::{differential, discovery, fleet, gateways, login, names, relaying, tls};
use crate::lab::{NatKind, probe};
use crate::run::Failure;
use crate::twin;

/// One case: its name for `--only`, what it shows, and what is played.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) shows: &'static str,
    pub(crate) play: Play,
}

/// What happens in a case.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Play {
    /// The laboratory itself: a NAT is what it is called.
    Nat(NatKind),
    /// Every NAT of the laboratory beside its model.
    Twin,
    /// Two programs exchange descriptions and lines.
    Meet(Meeting),
    /// A browser opens a data channel with itself, through a server.
    Browser(Kind),
    /// Three programs look at a NAT.
    Discover(NatKind),
    /// `spool nat` finds out how long an idle binding lasts.
    Lifetime,
    /// A STUN client shows its credentials to this server.
    Login(Kind),
    /// A STUN client judges the certificate of this server.
    Tls(Kind),
    /// An operator looks at this server from outside.
    Check(Kind),
    /// coturn's client at our server, in all the ways that it knows.
    TheirClient,
    /// Our client at coturn, in all the ways that it knows.
    OurClient,
    /// Servers are drained and killed in the middle of calls.
    Fleet,
    /// Servers are found by their records in the DNS.
    Names,
    /// A browser and our negotiator exchange descriptions.
    Negotiate(Topic),
    /// Two browsers and our negotiator answer the same offers.
    Differ,
    /// A SIP phone and our negotiator call each other.
    Phone(Model),
    /// Browsers and phones call each other through rtpengine, and through our gateway.
    Gateways,
}

const fn discover(name: &'static str, kind: NatKind) -> Case {
    let shows = "spool nat and coturn's tools tell the same of a NAT, and it is right";
    Case { name, shows, play: Play::Discover(kind) }
}

const fn meet(offers: Program, answers: Program, server: Kind, way: Way) -> Play {
    Play::Meet(Meeting { offers, answers, server, way })
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "lab-masq",
        shows: "the laboratory's NAT keeps ports and filters by address and port",
        play: Play::Nat(NatKind::Masquerade),
    },
    Case {
        name: "lab-masq-random",
        shows: "the laboratory's other NAT is symmetric",
        play: Play::Nat(NatKind::MasqueradeRandom),
    },
    Case {
        name: "twin",
        shows: "the models of nat-sim behave as the kernel's NATs do",
        play: Play::Twin,
    },
    Case {
        name: "harness-direct",
        shows: "aioice with itself, directly: the harness works without us",
        play: meet(Program::Aioice, Program::Aioice, Kind::Coturn, Way::DirectWithoutRelay),
    },
    Case {
        name: "harness-relayed",
        shows: "aioice with itself through coturn: the harness works without us",
        play: meet(Program::Aioice, Program::Aioice, Kind::Coturn, Way::Relayed),
    },
    Case {
        name: "harness-chromium",
        shows: "Chromium through coturn: the harness works without us",
        play: Play::Browser(Kind::Coturn),
    },
    Case {
        name: "spool-direct",
        shows: "spool offer and spool answer, directly between two NATs",
        play: meet(Program::Spool, Program::Spool, Kind::Spool, Way::Direct),
    },
    Case {
        name: "spool-relayed",
        shows: "spool offer and spool answer behind symmetric NATs, through our relay",
        play: meet(Program::Spool, Program::Spool, Kind::Spool, Way::Relayed),
    },
    Case {
        name: "spool-relay-only",
        shows: "spool offer and spool answer with policy relay, through our relay as it is by default",
        play: meet(Program::Spool, Program::Spool, Kind::Spool, Way::RelayOnly),
    },
    Case {
        name: "spool-coturn",
        shows: "spool offer and spool answer behind symmetric NATs, through coturn",
        play: meet(Program::Spool, Program::Spool, Kind::Coturn, Way::Relayed),
    },
    Case {
        name: "aioice-answers",
        shows: "spool offers, aioice answers, directly",
        play: meet(Program::Spool, Program::Aioice, Kind::Spool, Way::DirectWithoutRelay),
    },
    Case {
        name: "aioice-offers",
        shows: "aioice offers, spool answers, directly",
        play: meet(Program::Aioice, Program::Spool, Kind::Spool, Way::DirectWithoutRelay),
    },
    Case {
        name: "aioice-answers-relayed",
        shows: "spool offers, aioice answers, through our relay",
        play: meet(Program::Spool, Program::Aioice, Kind::Spool, Way::Relayed),
    },
    Case {
        name: "aioice-offers-relayed",
        shows: "aioice offers, spool answers, through our relay",
        play: meet(Program::Aioice, Program::Spool, Kind::Spool, Way::Relayed),
    },
    Case {
        name: "chromium-relayed",
        shows: "two peer connections of Chromium with policy relay, through our relay over UDP",
        play: Play::Browser(Kind::Spool),
    },
    Case {
        name: "stun-login",
        shows: "spool stun at our server, by SHA-256 and USERHASH, over UDP and TCP",
        play: Play::Login(Kind::Spool),
    },
    Case {
        name: "stun-login-coturn",
        shows: "spool stun at coturn, by MD5 and SHA-1, over UDP and TCP",
        play: Play::Login(Kind::Coturn),
    },
    Case {
        name: "stun-tls",
        shows: "spool stun stuns: at our server; certificates that prove nothing are refused",
        play: Play::Tls(Kind::Spool),
    },
    Case {
        name: "stun-tls-coturn",
        shows: "spool stun stuns: at coturn; certificates that prove nothing are refused",
        play: Play::Tls(Kind::Coturn),
    },
    Case {
        name: "turn-check",
        shows: "spool turn-check finds nothing to mend at our server, over UDP, TCP and TLS",
        play: Play::Check(Kind::Spool),
    },
    Case {
        name: "turn-check-coturn",
        shows: "spool turn-check finds what coturn leaves open by default, over UDP, TCP and TLS",
        play: Play::Check(Kind::Coturn),
    },
    Case {
        name: "turn-their-client",
        shows: "turnutils_uclient at our server: UDP, TCP, TLS, IPv6, TCP relayed, mobility",
        play: Play::TheirClient,
    },
    Case {
        name: "turn-fleet",
        shows: "of three servers one is drained and one killed in the middle of calls: none is lost",
        play: Play::Fleet,
    },
    Case {
        name: "turn-our-client",
        shows: "our client at coturn: both families, a pair of ports, TCP relayed both ways",
        play: Play::OurClient,
    },
    Case {
        name: "stun-names",
        shows: "spool stun and spool offer find their servers by SRV and NAPTR records",
        play: Play::Names,
    },
    Case {
        name: "sdp-browser-offers",
        shows: "our negotiator answers Chromium: media, data, BUNDLE, simulcast, rejections",
        play: Play::Negotiate(Topic::BrowserOffers),
    },
    Case {
        name: "sdp-we-offer",
        shows: "Chromium answers our negotiator: media, data, BUNDLE, simulcast, rejections",
        play: Play::Negotiate(Topic::WeOffer),
    },
    Case {
        name: "sdp-changes",
        shows: "renegotiation with Chromium: new and recycled sections, restarts, rollback, glare",
        play: Play::Negotiate(Topic::Changes),
    },
    Case {
        name: "sdp-walk",
        shows: "Chromium and our negotiator agree after each of many random changes",
        play: Play::Negotiate(Topic::Walk),
    },
    Case {
        name: "sdp-differential",
        shows: "generated offers are answered by Chromium, Firefox and our negotiator: who differs",
        play: Play::Differ,
    },
    Case {
        name: "sip-baresip",
        shows: "calls with baresip: in clear, SDES, DTLS; held, offers late, answers early or two",
        play: Play::Phone(Model::Baresip),
    },
    Case {
        name: "sip-linphone",
        shows: "calls with linphone: in clear, SDES, DTLS; held, offers late, T.140, two answers",
        play: Play::Phone(Model::Linphone),
    },
    Case {
        name: "sip-twinkle",
        shows: "calls with twinkle in clear: held by direction and by address, offers late, forked",
        play: Play::Phone(Model::Twinkle),
    },
    Case {
        name: "sip-rtpengine",
        shows: "calls between Chromium and phones through rtpengine and through ours: who differs",
        play: Play::Gateways,
    },
    discover("nat-masq", NatKind::Masquerade),
    discover("nat-masq-random", NatKind::MasqueradeRandom),
    discover("nat-masq-frandom", NatKind::MasqueradeFullyRandom),
    discover("nat-masq-persist", NatKind::MasqueradePersistent),
    discover("nat-snat-range", NatKind::PortRange),
    discover("nat-cgn-block", NatKind::PortBlock),
    discover("nat-dmz", NatKind::Demilitarized),
    discover("nat-portfwd", NatKind::PortForward),
    discover("nat-fullcone", NatKind::FullCone),
    discover("nat-fullcone-hairpin", NatKind::FullConeHairpin),
    discover("nat-adf", NatKind::AddressRestricted),
    discover("nat-udpblock", NatKind::UdpBlocked),
    discover("nat-udpreject", NatKind::UdpRejected),
    discover("nat-fw", NatKind::Firewall),
    discover("nat-open", NatKind::Open),
    Case {
        name: "nat-lifetime",
        shows: "spool nat finds out how long the kernel keeps an idle binding",
        play: Play::Lifetime,
    },
];

impl Play {
    /// What has to be on the machine.
    pub(crate) fn needs(self) -> Vec<Tool> {
        let of_server = |kind| match kind {
            Kind::Spool => Tool::Spool,
            Kind::Coturn => Tool::Coturn,
        };
        let of_program = |program| match program {
            Program::Spool => Tool::Spool,
            Program::Aioice => Tool::Aioice,
        };
        let mut needs = vec![Tool::Lab];
        match self {
            Self::Phone(Model::Baresip) => return vec![Tool::Baresip],
            Self::Phone(Model::Linphone) => return vec![Tool::Linphone],
            Self::Phone(Model::Twinkle) => return vec![Tool::Twinkle],
            Self::Gateways => needs.extend([
                Tool::Chromium,
                Tool::Rtpengine,
                Tool::Baresip,
                Tool::Linphone,
                Tool::Twinkle,
            ]),
            Self::Nat(_) | Self::Twin => {}
            Self::Discover(_) => needs.extend([Tool::Spool, Tool::Coturn]),
            Self::Login(kind) => needs.extend([Tool::Spool, of_server(kind)]),
            Self::Tls(kind) | Self::Check(kind) => {
                needs.extend([Tool::Spool, of_server(kind), Tool::Dnsmasq, Tool::Openssl]);
            }
            Self::TheirClient => needs.extend([Tool::Spool, Tool::Coturn, Tool::Openssl]),
            Self::OurClient => needs.push(Tool::Coturn),
            Self::Names => needs.extend([Tool::Spool, Tool::Dnsmasq]),
            Self::Fleet | Self::Lifetime => needs.push(Tool::Spool),
            Self::Negotiate(_) => needs.push(Tool::Chromium),
            Self::Differ => needs.extend([Tool::Chromium, Tool::Firefox]),
            Self::Meet(meeting) => {
                needs.push(of_server(meeting.server));
                needs.extend([meeting.offers, meeting.answers].map(of_program));
            }
            Self::Browser(kind) => needs.extend([of_server(kind), Tool::Chromium]),
        }
        needs
    }

    /// Plays the case, with its files in a directory of its own. Returns the facts that were seen.
    pub(crate) fn run(self, dir: &Path) -> Result<String, Failure> {
        match self {
            Self::Nat(kind) => probe::check(kind),
            Self::Twin => twin::compare(),
            Self::Meet(meeting) => meeting.run(dir),
            Self::Browser(kind) => chromium::run(kind, dir),
            Self::Discover(kind) => discovery::agree(kind, dir),
            Self::Lifetime => discovery::lifetime(dir),
            Self::Login(kind) => login::run(kind, dir),
            Self::Tls(kind) => tls::run(kind, dir),
            Self::Check(kind) => checking::run(kind, dir),
            Self::TheirClient => relaying::their_client(dir),
            Self::OurClient => relaying::our_client(dir),
            Self::Names => names::run(dir),
            Self::Fleet => fleet::run(dir),
            Self::Negotiate(topic) => negotiation::run(topic, dir),
            Self::Differ => differential::run(dir),
            Self::Phone(model) => phones::run(model, dir),
            Self::Gateways => gateways::run(dir),
        }
    }
}
