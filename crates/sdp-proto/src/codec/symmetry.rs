//! Which parameters of a codec have to be the same on both sides (RFC 3264 §6.1): those that decide
//! how packets are read, and not those by which a receiver says what it likes.

use alloc::vec::Vec;

use crate::attribute::Fmtp;
use crate::text::{Text, Token};

/// The parameters that two formats of one codec must share to be the same format. Means nothing for
/// codecs that [`Parameters`](super::Parameters) has a type for: their rules are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Symmetry {
    /// What the registration of the codec says, where it is known here; else all of them.
    #[default]
    Registered,
    /// None.
    Free,
    /// These.
    Shared(Vec<SharedParameter>),
}

/// A parameter that both sides must have the same value of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedParameter {
    /// Its name; case does not matter.
    pub name: Token<'static>,
    /// The value that counts where a description does not have it.
    pub default: Option<Text<'static>>,
}

/// The name of a parameter, and what counts where it is absent.
type Rule = (&'static str, Option<&'static str>);

/// Codecs whose registration is known: the parameters to share, with their defaults. Of those
/// without any every parameter is a wish of the receiver, or there are none.
const REGISTERED: [(&str, &[Rule]); 32] = [
    ("AMR", AMR),
    ("AMR-WB", AMR),
    ("G7221", &[("bitrate", None)]),
    ("MP4V-ES", &[("profile-level-id", Some("1"))]),
    ("EVS", &[("hf-only", Some("0"))]),
    ("PCMU", &[]),
    ("PCMA", &[]),
    ("G722", &[]),
    ("G723", &[]),
    ("G726-16", &[]),
    ("G726-24", &[]),
    ("G726-32", &[]),
    ("G726-40", &[]),
    ("G728", &[]),
    ("G729", &[]),
    ("GSM", &[]),
    ("GSM-EFR", &[]),
    ("iLBC", &[]),
    ("SPEEX", &[]),
    ("L8", &[]),
    ("L16", &[]),
    ("L24", &[]),
    ("DVI4", &[]),
    ("CN", &[]),
    ("tone", &[]),
    ("t140", &[]),
    ("H261", &[]),
    ("H263", &[]),
    ("H263-1998", &[]),
    ("ulpfec", &[]),
    ("flexfec", &[]),
    ("flexfec-03", &[]),
];

/// RFC 4867
const AMR: &[Rule] = &[
    ("octet-align", Some("0")),
    ("crc", Some("0")),
    ("robust-sorting", Some("0")),
    ("interleaving", None),
];

impl Symmetry {
    /// Whether two formats of the codec with this name are the same by their parameters.
    pub(crate) fn agree(&self, encoding: &str, a: Option<&Fmtp<'_>>, b: Option<&Fmtp<'_>>) -> bool {
        let equal = |name: &str, default: Option<&str>| match (
            value(a, name).or(default),
            value(b, name).or(default),
        ) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let known = || REGISTERED.iter().find(|(name, _)| encoding.eq_ignore_ascii_case(name));
        match self {
            Self::Free => true,
            Self::Shared(shared) => {
                shared.iter().all(|shared| equal(&shared.name, shared.default.as_deref()))
            }
            Self::Registered => match known() {
                Some((_, shared)) => shared.iter().all(|(name, default)| equal(name, *default)),
                None => all_of(a) == all_of(b),
            },
        }
    }
}

fn value<'f>(fmtp: Option<&'f Fmtp<'_>>, name: &str) -> Option<&'f str> {
    fmtp?.get(name)
}

/// All parameters in an order of their own, names in lower case.
fn all_of<'f>(fmtp: Option<&'f Fmtp<'_>>) -> Vec<(alloc::string::String, Option<&'f str>)> {
    let pairs = fmtp.into_iter().flat_map(Fmtp::pairs);
    let mut all: Vec<_> = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    all.sort_unstable();
    all
}
