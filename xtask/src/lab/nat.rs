//! The NATs of the laboratory, as rules for the kernel's nftables.

use super::Input;

/// What kind of NAT a side sits behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NatKind {
    /// Linux's own: keeps the port where it can, lets in only from where was sent.
    Masquerade,
    /// A new random port for every destination: no peer can guess it.
    MasqueradeRandom,
    /// The same, by the kernel's other generator.
    MasqueradeFullyRandom,
    /// As the first, with the same outer address for each host.
    MasqueradePersistent,
    /// Ports of a small range, whatever the host chose.
    PortRange,
    /// A block of ports for each host, as carriers do it (RFC 7422).
    PortBlock,
    /// As the first, and all that nobody asked for goes to one host.
    Demilitarized,
    /// As the first, with one port that goes to one host.
    PortForward,
    /// Lets in everybody at a port that was sent from.
    FullCone,
    /// The same, and from inside as well (RFC 4787, section 6).
    FullConeHairpin,
    /// Lets in everybody at an address that was sent to.
    AddressRestricted,
    /// Forwards nothing of UDP.
    UdpBlocked,
    /// The same, and says so by ICMP.
    UdpRejected,
    /// No NAT; a firewall that lets in only answers.
    Firewall,
    /// No NAT and no firewall: the host is routed.
    Open,
}

impl NatKind {
    pub(crate) const ALL: [(&'static str, Self); 15] = [
        ("masq", Self::Masquerade),
        ("masq-random", Self::MasqueradeRandom),
        ("masq-frandom", Self::MasqueradeFullyRandom),
        ("masq-persist", Self::MasqueradePersistent),
        ("snat-range", Self::PortRange),
        ("cgn-block", Self::PortBlock),
        ("dmz", Self::Demilitarized),
        ("portfwd", Self::PortForward),
        ("fullcone", Self::FullCone),
        ("fullcone-hairpin", Self::FullConeHairpin),
        ("adf", Self::AddressRestricted),
        ("udpblock", Self::UdpBlocked),
        ("udpreject", Self::UdpRejected),
        ("fw", Self::Firewall),
        ("open", Self::Open),
    ];

    /// Whether two behind it reach each other by their outer addresses.
    pub(crate) fn hairpins(self) -> bool {
        self == Self::FullConeHairpin
    }

    /// Whether the host behind it has a public address, which the segment must know the way to.
    pub(crate) fn is_routed(self) -> bool {
        matches!(self, Self::Firewall | Self::Open)
    }

    /// What becomes of the source of what goes out.
    fn source(self, site: &Site<'_>) -> String {
        let Site { wan, host, .. } = site;
        let out = format!("oifname wan ip saddr != {wan}");
        let ports = |range: &str| {
            format!("{out} meta l4proto {{ tcp, udp }} snat to {wan}:{range}; {out} masquerade;")
        };
        match self {
            Self::MasqueradeRandom => format!("{out} masquerade random;"),
            Self::MasqueradeFullyRandom => format!("{out} masquerade fully-random;"),
            Self::MasqueradePersistent => format!("{out} masquerade persistent;"),
            Self::PortRange => ports("40000-40063"),
            Self::PortBlock => {
                let block = format!("{out} ip saddr {host} meta l4proto {{ tcp, udp }}");
                format!("{block} snat to {wan}:10000-10063; {out} masquerade;")
            }
            Self::FullConeHairpin => {
                format!("iifname lan oifname lan ct status dnat snat to {wan}; {out} masquerade;")
            }
            Self::Firewall | Self::Open => String::new(),
            _ => format!("{out} masquerade;"),
        }
    }

    /// What becomes of the destination of what comes in and belongs to nothing that went out.
    fn destination(self, site: &Site<'_>) -> String {
        let Site { wan, host, .. } = site;
        let to_us = format!("iifname wan ip daddr {wan}");
        match self {
            Self::Demilitarized => {
                format!("{to_us} meta l4proto {{ tcp, udp }} dnat to {host};")
            }
            Self::PortForward => {
                format!(
                    "{to_us} udp dport 5000 dnat to {host}; {to_us} tcp dport 5000 dnat to {host};"
                )
            }
            Self::FullConeHairpin => {
                format!("ip daddr {wan} meta l4proto udp dnat ip to udp dport map @inside;")
            }
            Self::FullCone => format!("{to_us} dnat ip to udp dport map @inside;"),
            Self::AddressRestricted => {
                format!("{to_us} udp dport . ip saddr @contacted dnat ip to udp dport map @inside;")
            }
            _ => String::new(),
        }
    }

    /// Remembers which inner port is behind each outer one, and who was sent to, where that
    /// decides who gets in. After the source was translated, so that both ports are known.
    fn memory(self) -> &'static str {
        let remembers =
            matches!(self, Self::FullCone | Self::FullConeHairpin | Self::AddressRestricted);
        if !remembers {
            return "";
        }
        "map inside { type inet_service : ipv4_addr . inet_service; size 65535;
           flags dynamic, timeout; timeout 120s; }
         set contacted { type inet_service . ipv4_addr; size 65535;
           flags dynamic, timeout; timeout 120s; }
         chain learn { type filter hook postrouting priority srcnat + 10;
           oifname wan meta l4proto udp ct direction original update @inside \
             { udp sport : ct original ip saddr . ct original proto-src };
           oifname wan meta l4proto udp ct direction original update @contacted \
             { udp sport . ip daddr }; }"
    }

    /// Which packets pass, beside those of connections that there are.
    fn forward(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("accept", ""),
            Self::UdpBlocked => ("drop", "meta l4proto udp drop;"),
            Self::UdpRejected => {
                ("drop", "meta l4proto udp reject with icmp type admin-prohibited;")
            }
            _ => ("drop", ""),
        }
    }

    /// The rules for a NAT at this site, with counters of what goes to the other side's public
    /// address and to the server.
    pub(super) fn rules(self, site: &Site<'_>, input: Input) -> String {
        let Site { peer, server, .. } = site;
        let (source, destination) = (self.source(site), self.destination(site));
        let (memory, (policy, forward)) = (self.memory(), self.forward());
        let input = input.rule();
        format!(
            "table ip {TABLE} {{
               counter {TO_PEER} {{ }}
               counter {TO_SERVER} {{ }}
               {memory}
               chain destination {{ type nat hook prerouting priority dstnat; {destination} }}
               chain source {{ type nat hook postrouting priority srcnat; {source} }}
               chain count {{ type filter hook forward priority filter - 1;
                 iifname lan ip daddr {peer} udp length > {LARGE} counter name {TO_PEER};
                 iifname lan ip daddr {server} udp length > {LARGE} counter name {TO_SERVER}; }}
               chain pass {{ type filter hook forward priority filter; policy {policy}; {forward}
                 ct state established,related accept;
                 ct status dnat accept;
                 iifname lan accept; }}
               chain local {{ type filter hook input priority filter;
                 iifname wan ct state established,related accept;
                 iifname wan icmp type echo-request accept;
                 {input} }}
             }}"
        )
    }
}

/// Where a NAT is: its public address, the host behind it, the other side, and the server.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) wan: &'a str,
    pub(super) host: &'a str,
    pub(super) peer: &'a str,
    pub(super) server: &'a str,
}

pub(super) const TABLE: &str = "lab";
pub(super) const TO_PEER: &str = "large_to_peer";
pub(super) const TO_SERVER: &str = "large_to_server";

/// A UDP length above which a datagram is data: checks and TURN requests are shorter.
const LARGE: u32 = 500;

/// The bytes of one counter in what `nft list counters` prints.
pub(super) fn counter(text: &str, name: &str) -> Option<u64> {
    let (_, rest) = text.split_once(&format!("counter {name} {{"))?;
    rest.split_whitespace().skip_while(|word| *word != "bytes").nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::counter;

    #[test]
    fn counters_are_told_apart() {
        let text = "table ip lab {\n\tcounter large_to_peer {\n\t\tpackets 7 bytes 4900\n\t}\n\
                    \tcounter large_to_server {\n\t\tpackets 12 bytes 99\n\t}\n}\n";
        assert_eq!(counter(text, "large_to_peer"), Some(4900));
        assert_eq!(counter(text, "large_to_server"), Some(99));
        assert_eq!(counter(text, "large_to_nobody"), None);
    }
}
