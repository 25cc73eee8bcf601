//! The NATs of the laboratory, as rules for the kernel's nftables.

/// What kind of NAT a side sits behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NatKind {
    /// Linux's own: keeps the port where it can, lets in only from where was sent.
    Masquerade,
    /// A new random port for every destination: no peer can guess it.
    MasqueradeRandom,
    /// Forwards nothing of UDP.
    UdpBlocked,
    /// No NAT and no firewall: the host is routed.
    Open,
}

impl NatKind {
    pub(crate) const ALL: [(&'static str, Self); 4] = [
        ("masq", Self::Masquerade),
        ("masq-random", Self::MasqueradeRandom),
        ("udpblock", Self::UdpBlocked),
        ("open", Self::Open),
    ];

    /// The rules for a NAT with the public address `wan`, with counters of what goes to the other
    /// side's public address and to the server.
    pub(super) fn rules(self, wan: &str, peer: &str, server: &str) -> String {
        let source = match self {
            Self::Masquerade | Self::UdpBlocked => {
                format!("oifname wan ip saddr != {wan} masquerade;")
            }
            Self::MasqueradeRandom => format!("oifname wan ip saddr != {wan} masquerade random;"),
            Self::Open => String::new(),
        };
        let (policy, forward) = match self {
            Self::Masquerade | Self::MasqueradeRandom => {
                ("drop", "ct state established,related accept; iifname lan accept;")
            }
            Self::UdpBlocked => (
                "drop",
                "meta l4proto udp drop; ct state established,related accept; iifname lan accept;",
            ),
            Self::Open => ("accept", ""),
        };
        format!(
            "table ip {TABLE} {{
               counter {TO_PEER} {{ }}
               counter {TO_SERVER} {{ }}
               chain source {{ type nat hook postrouting priority srcnat; {source} }}
               chain count {{ type filter hook forward priority filter - 1;
                 iifname lan ip daddr {peer} udp length > {LARGE} counter name {TO_PEER};
                 iifname lan ip daddr {server} udp length > {LARGE} counter name {TO_SERVER}; }}
               chain pass {{ type filter hook forward priority filter; policy {policy}; {forward} }}
               chain local {{ type filter hook input priority filter;
                 iifname wan ct state established,related accept;
                 iifname wan icmp type echo-request accept;
                 iifname wan drop; }}
             }}"
        )
    }
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
