//! Whose side the text of the RFCs takes where answers differ.

use super::facts::Facet;
use super::judge::Difference;

/// Whom the text supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Ours,
    Theirs,
}

/// One decided kind of difference.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    facet: Facet,
    /// What the offer has in it.
    offer: &'static str,
    /// What we say begins like this, and what they say has that in it.
    ours: &'static str,
    theirs: &'static str,
    pub(super) side: Side,
    /// Where it stands, and what it says.
    pub(super) text: &'static str,
}

/// The first one that fits holds.
const RULES: &[Rule] = &[
    Rule {
        facet: Facet::Extensions,
        offer: "/recvonly ",
        ours: "sendonly",
        theirs: "both-ways",
        side: Side::Ours,
        text: "RFC 8285 §7: what is offered recvonly MUST be sendonly in the answer",
    },
    Rule {
        facet: Facet::Extensions,
        offer: "a=simulcast:recv",
        ours: "none",
        theirs: "sdes:",
        side: Side::Ours,
        text: "RFC 8829 §3.7: no way to send simulcast that an offer asks for, so no rid either",
    },
    Rule {
        facet: Facet::Simulcast,
        offer: "a=simulcast:recv",
        ours: "none",
        theirs: "send ",
        side: Side::Ours,
        text: "RFC 8829 §3.7: no way to send simulcast that an offer asks for",
    },
    Rule {
        facet: Facet::Accepted,
        offer: "",
        ours: "rejected, the BUNDLE policy",
        theirs: "accepted",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: with balanced a second transport for a type MUST be rejected",
    },
    Rule {
        facet: Facet::Accepted,
        offer: "",
        ours: "rejected, the section with the transport",
        theirs: "accepted",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: a group whose tagged section is rejected MUST be so as a whole",
    },
    Rule {
        facet: Facet::Accepted,
        offer: "",
        ours: "rejected, RTCP would need",
        theirs: "accepted",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: without what is mandatory, as rtcp-mux with require, a section MUST be rejected",
    },
    Rule {
        facet: Facet::Taken,
        offer: "",
        ours: "taken",
        theirs: "missing a=rtcp-mux",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: what lacks a mandatory attribute is rejected by itself; §5.8.3 would refuse all of it",
    },
    Rule {
        facet: Facet::Taken,
        offer: "",
        ours: "taken",
        theirs: "RTCP-MUX is not enabled",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: what lacks a mandatory attribute is rejected by itself; §5.8.3 would refuse all of it",
    },
    Rule {
        facet: Facet::Taken,
        offer: "",
        ours: "taken",
        theirs: "rtcp-mux must be enabled",
        side: Side::Ours,
        text: "RFC 9143 §9.3.1.2: a bundled section that has rtcp-mux MUST be answered by using it; those without it are rejected by RFC 8829 §5.3.1",
    },
    Rule {
        facet: Facet::RtcpMux,
        offer: "",
        ours: "yes",
        theirs: "no",
        side: Side::Ours,
        text: "RFC 9143 §9.3: RTP of a group MUST be multiplexed with its RTCP, which the tagged section says for all",
    },
    Rule {
        facet: Facet::Taken,
        offer: "",
        ours: "taken",
        theirs: "extension id",
        side: Side::Ours,
        text: "RFC 8285 §4.3: identifiers up to 255 are valid, with two-byte headers",
    },
    Rule {
        facet: Facet::Taken,
        offer: "RTP/AVPF",
        ours: "taken",
        theirs: "Invalid port format",
        side: Side::Ours,
        text: "RFC 8829 §5.1.2: RTP/AVPF MUST be accepted",
    },
    Rule {
        facet: Facet::Taken,
        offer: "a=x-unheard",
        ours: "taken",
        theirs: "Unrecognize",
        side: Side::Ours,
        text: "RFC 8866 §5.13: an attribute that is not understood MUST be ignored",
    },
    Rule {
        facet: Facet::Taken,
        offer: " stray",
        ours: "taken",
        theirs: "matching no m= section",
        side: Side::Ours,
        text: "RFC 5888 §6: a group with a mid that there is not MUST be ignored",
    },
    Rule {
        facet: Facet::Accepted,
        offer: "TCP/DTLS/RTP/SAVPF",
        ours: "accepted",
        theirs: "rejected",
        side: Side::Ours,
        text: "RFC 8829 §5.1.2: TCP/DTLS/RTP/SAVPF MUST be accepted",
    },
    Rule {
        facet: Facet::Codecs,
        offer: "profile-id=2",
        ours: "none",
        theirs: "vp9/",
        side: Side::Ours,
        text: "RFC 9628: VP9 without profile-id is profile 0, which is not what profile-id=2 is answered by",
    },
    Rule {
        facet: Facet::Codecs,
        offer: "profile-id=2",
        ours: "none",
        theirs: "rtx/",
        side: Side::Ours,
        text: "RFC 9628: VP9 without profile-id is profile 0, which is not what profile-id=2 is answered by",
    },
    Rule {
        facet: Facet::Codecs,
        offer: "profile-id=2",
        ours: "vp9/",
        theirs: "none",
        side: Side::Ours,
        text: "RFC 9628: VP9 without profile-id is profile 0, which is not what profile-id=2 is answered by",
    },
    Rule {
        facet: Facet::Codecs,
        offer: "profile-id=2",
        ours: "rtx/",
        theirs: "none",
        side: Side::Ours,
        text: "RFC 9628: VP9 without profile-id is profile 0, which is not what profile-id=2 is answered by",
    },
    Rule {
        facet: Facet::FirstCodec,
        offer: "profile-id=2",
        ours: "",
        theirs: "vp9/",
        side: Side::Ours,
        text: "RFC 9628: VP9 without profile-id is profile 0, which is not what profile-id=2 is answered by",
    },
    Rule {
        facet: Facet::Accepted,
        offer: "profile-id=2",
        ours: "rejected, no codec in common",
        theirs: "accepted",
        side: Side::Ours,
        text: "RFC 9628: VP9 without profile-id is profile 0, which is not what profile-id=2 is answered by",
    },
    Rule {
        facet: Facet::Group,
        offer: " stray",
        ours: "none",
        theirs: "2",
        side: Side::Ours,
        text: "RFC 5888 §6: a group with a mid that there is not MUST be ignored",
    },
    Rule {
        facet: Facet::Codecs,
        offer: "",
        ours: "none",
        theirs: "rtx/",
        side: Side::Ours,
        text: "RFC 3264 §6.1: a payload type means what it means in the offer, RTX of a dropped format goes with it",
    },
    Rule {
        facet: Facet::Codecs,
        offer: "",
        ours: "none",
        theirs: "red/48000/2",
        side: Side::Ours,
        text: "RFC 3264 §6.1: a payload type means what it means in the offer, RED of a dropped format goes with it",
    },
    Rule {
        facet: Facet::Taken,
        offer: "a=simulcast:",
        ours: "taken",
        theirs: "does not negotiate the RID",
        side: Side::Ours,
        text: "RFC 8829 §3.7, RFC 8853 §5.3.2: simulcast that is not wanted is left out of the answer",
    },
    Rule {
        facet: Facet::Accepted,
        offer: "CN/8000",
        ours: "accepted",
        theirs: "rejected",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: rejected without a supported format; comfort noise is one that Chromium offers",
    },
];

/// The rule about this difference in the answers to this offer.
pub(super) fn find(facet: Facet, difference: &Difference, offer: &str) -> Option<&'static Rule> {
    let Difference { ours, theirs } = difference;
    RULES.iter().find(|rule| {
        rule.facet == facet
            && ours.starts_with(rule.ours)
            && theirs.contains(rule.theirs)
            && offer.contains(rule.offer)
    })
}

#[cfg(test)]
mod tests {
    use super::super::facts::Facet;
    use super::super::judge::Difference;
    use super::find;

    #[test]
    fn a_rule_holds_for_offers_of_its_kind_alone() {
        let difference = Difference { ours: "sendonly".into(), theirs: "both-ways".into() };
        let asks = "a=extmap:1/recvonly urn:x";
        assert!(find(Facet::Extensions, &difference, asks).is_some());
        assert!(find(Facet::Extensions, &difference, "a=extmap:1 urn:x").is_none());
        assert!(find(Facet::Direction, &difference, asks).is_none());
    }
}
