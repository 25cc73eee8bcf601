//! Whose side the text of the RFCs takes where answers differ.

use super::facts::Facet;
use super::judge::Difference;

/// Whom the text supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Ours,
    Theirs,
    /// It leaves the choice.
    Open,
    /// The offer is against it, so that it prescribes no answer.
    Nobody,
}

/// One decided kind of difference.
pub(super) struct Rule {
    facet: Facet,
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
        ours: "sendonly",
        theirs: "both-ways",
        side: Side::Ours,
        text: "RFC 8285 §7: what is offered recvonly MUST be sendonly in the answer",
    },
    Rule {
        facet: Facet::Extensions,
        ours: "none",
        theirs: "sdes:",
        side: Side::Ours,
        text: "RFC 8829 §3.7: no way to send simulcast that an offer asks for, so no rid either",
    },
    Rule {
        facet: Facet::Simulcast,
        ours: "none",
        theirs: "send ",
        side: Side::Ours,
        text: "RFC 8829 §3.7: no way to send simulcast that an offer asks for",
    },
    Rule {
        facet: Facet::Accepted,
        ours: "rejected, the BUNDLE policy",
        theirs: "accepted",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: with balanced a second transport for a type MUST be rejected",
    },
    Rule {
        facet: Facet::Accepted,
        ours: "rejected, the section with the transport",
        theirs: "accepted",
        side: Side::Ours,
        text: "RFC 8829 §5.3.1: a group whose tagged section is rejected MUST be so as a whole",
    },
    Rule {
        facet: Facet::Accepted,
        ours: "rejected, RTCP would need",
        theirs: "accepted",
        side: Side::Nobody,
        text: "RFC 8829 §5.8.3: with the policy require each section MUST have rtcp-mux",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "missing a=rtcp-mux",
        side: Side::Nobody,
        text: "RFC 8829 §5.8.3, §4.1.1: an error; R8829-4.1.1-2: the section alone is turned down",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "RTCP-MUX is not enabled",
        side: Side::Nobody,
        text: "RFC 8829 §5.8.3, §4.1.1: an error; R8829-4.1.1-2: the section alone is turned down",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "rtcp-mux must be enabled",
        side: Side::Nobody,
        text: "RFC 9143 §9.3.1.1: bundled sections of an offer MUST have rtcp-mux",
    },
    Rule {
        facet: Facet::RtcpMux,
        ours: "yes",
        theirs: "no",
        side: Side::Nobody,
        text: "RFC 9143 §9.3.1.1: bundled sections of an offer MUST have rtcp-mux",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "extension id",
        side: Side::Ours,
        text: "RFC 8285 §4.3: identifiers up to 255 are valid, with two-byte headers",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "Invalid port format",
        side: Side::Ours,
        text: "RFC 8829 §5.1.2: RTP/AVPF MUST be accepted",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "Unrecognize",
        side: Side::Ours,
        text: "RFC 8866 §5.13: an attribute that is not understood MUST be ignored",
    },
    Rule {
        facet: Facet::Taken,
        ours: "taken",
        theirs: "matching no m= section",
        side: Side::Ours,
        text: "RFC 5888 §6: a group with a mid that there is not MUST be ignored",
    },
    Rule {
        facet: Facet::Accepted,
        ours: "accepted",
        theirs: "rejected",
        side: Side::Ours,
        text: "RFC 8829 §5.1.2: TCP/DTLS/RTP/SAVPF MUST be accepted",
    },
];

/// The rule about this difference.
pub(super) fn find(
    facet: Facet,
    Difference { ours, theirs }: &Difference,
) -> Option<&'static Rule> {
    RULES.iter().find(|rule| {
        rule.facet == facet && ours.starts_with(rule.ours) && theirs.contains(rule.theirs)
    })
}
