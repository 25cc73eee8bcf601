//! What bounds an encoding whatever its codec (RFC 8851 §5).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::Rid;
use crate::text::Token;
use crate::value::decimal;

/// A measure of which an encoding may have so much at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// `max-width`, in pixels.
    Width,
    /// `max-height`, in pixels.
    Height,
    /// `max-fps`, in frames a second.
    FrameRate,
    /// `max-fs`, in pixels a frame.
    FrameSize,
    /// `max-br`, in bits of payload a second.
    BitRate,
    /// `max-pps`, in pixels a second.
    PixelRate,
    /// `max-bpp`, in ten-thousandths of a bit a pixel.
    BitsPerPixel,
}

/// How much of a measure there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// As much, in the unit of the measure.
    AtMost(u64),
    /// The side that answers may say (RFC 8851 §6.1).
    Open,
}

/// The restrictions of an encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    bounds: BTreeMap<Measure, Bound>,
    depends: Vec<Token<'static>>,
    others: BTreeMap<String, Option<String>>,
}

impl Measure {
    const ALL: [Self; 7] = [
        Self::Width,
        Self::Height,
        Self::FrameRate,
        Self::FrameSize,
        Self::BitRate,
        Self::PixelRate,
        Self::BitsPerPixel,
    ];

    /// The name of the restriction.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Width => "max-width",
            Self::Height => "max-height",
            Self::FrameRate => "max-fps",
            Self::FrameSize => "max-fs",
            Self::BitRate => "max-br",
            Self::PixelRate => "max-pps",
            Self::BitsPerPixel => "max-bpp",
        }
    }

    fn read(self, value: &str) -> Bound {
        // What is larger than can be told bounds nothing either.
        let whole = |digits: &str| decimal(digits).unwrap_or(u64::MAX);
        let (int, part) = value.split_once('.').unwrap_or((value, ""));
        let places = part.chars().chain("0000".chars()).take(BPP_PLACES);
        Bound::AtMost(match self {
            Self::BitsPerPixel => {
                let part = places
                    .fold(0, |sum, digit| sum * 10 + u64::from(digit.to_digit(10).unwrap_or(0)));
                whole(int).saturating_mul(BPP_UNITS).saturating_add(part)
            }
            _ => whole(value),
        })
    }

    fn write(self, bound: Bound) -> String {
        match (self, bound) {
            (_, Bound::Open) => self.as_str().into(),
            (Self::BitsPerPixel, Bound::AtMost(units)) => {
                format!("{}={}.{:04}", self.as_str(), units / BPP_UNITS, units % BPP_UNITS)
            }
            (_, Bound::AtMost(most)) => format!("{}={most}", self.as_str()),
        }
    }
}

/// Digits behind the point of `max-bpp`.
const BPP_PLACES: usize = 4;
const BPP_UNITS: u64 = 10_u64.pow(BPP_PLACES as u32);

impl Restrictions {
    /// None at all.
    pub const NONE: Self =
        Self { bounds: BTreeMap::new(), depends: Vec::new(), others: BTreeMap::new() };

    /// The same with a bound.
    #[must_use]
    pub fn with(mut self, measure: Measure, bound: Bound) -> Self {
        self.bounds.insert(measure, bound);
        self
    }

    /// The same with rids of streams that this one cannot do without (`depend`).
    #[must_use]
    pub fn with_dependencies(mut self, rids: impl IntoIterator<Item = Token<'static>>) -> Self {
        self.depends = rids.into_iter().collect();
        self
    }

    /// How much there may be of a measure; `None` where nothing is said of it.
    pub fn bound(&self, measure: Measure) -> Option<Bound> {
        self.bounds.get(&measure).copied()
    }

    /// The bounds there are.
    pub fn bounds(&self) -> impl Iterator<Item = (Measure, Bound)> {
        self.bounds.iter().map(|(measure, bound)| (*measure, *bound))
    }

    /// The rids of the streams that this one cannot do without.
    pub fn dependencies(&self) -> &[Token<'static>] {
        &self.depends
    }

    /// Restrictions that have no meaning here, with their values.
    pub fn others(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.others.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// As `a=rid` has them, the payload types apart.
    pub(super) fn read(rid: &Rid<'_>) -> Self {
        let mut all = Self::NONE;
        for (name, value) in rid.pairs() {
            let measure = Measure::ALL.into_iter().find(|measure| measure.as_str() == name);
            match (measure, name, value) {
                (Some(measure), _, value) => {
                    let bound = value.map_or(Bound::Open, |value| measure.read(value));
                    all.bounds.entry(measure).or_insert(bound);
                }
                (None, "pt", _) => {}
                (None, "depend", value) => {
                    let rids = value.into_iter().flat_map(|rids| rids.split(','));
                    all.depends.extend(rids.filter_map(|rid| rid.parse().ok()));
                }
                (None, name, value) => {
                    all.others.entry(name.into()).or_insert(value.map(String::from));
                }
            }
        }
        all
    }

    /// The parts of `a=rid`.
    pub(super) fn written(&self) -> impl Iterator<Item = String> {
        let bounds = self.bounds.iter().map(|(measure, bound)| measure.write(*bound));
        let depends: Vec<&str> = self.depends.iter().map(Token::as_str).collect();
        let depends = (!depends.is_empty()).then(|| format!("depend={}", depends.join(",")));
        let others = self.others.iter().map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => name.clone(),
        });
        bounds.chain(depends).chain(others)
    }

    /// These bounds, each as narrow as the other side has it as well. What is not bounded here is
    /// not bounded by that either (RFC 8851 §6.3).
    pub(super) fn narrowed(&self, other: &Self) -> Self {
        let narrow = |(measure, bound): (&Measure, &Bound)| {
            // Open comes last, so that the narrower one is the lesser.
            let both = other.bounds.get(measure).map_or(*bound, |other| *bound.min(other));
            (*measure, both)
        };
        Self { bounds: self.bounds.iter().map(narrow).collect(), ..self.clone() }
    }

    /// Whether these may answer what was offered: nothing that was not, and nothing wider (RFC 8851
    /// §6.4).
    pub(super) fn answers(&self, offered: &Self) -> bool {
        let narrow = |(measure, bound): (&Measure, &Bound)| {
            offered.bounds.get(measure).is_some_and(|offered| bound <= offered)
        };
        let known = |(name, value): (&String, &Option<String>)| {
            offered.others.get(name).is_some_and(|offered| offered.is_none() || offered == value)
        };
        self.bounds.iter().all(narrow)
            && self.others.iter().all(known)
            && self.depends.iter().all(|rid| offered.depends.contains(rid))
    }
}
