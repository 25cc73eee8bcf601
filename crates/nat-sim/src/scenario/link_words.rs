//! Links, times and chances in words.
use super::ScenarioFault;
use crate::{Bursts, Chance, Link};
use core::{fmt, time::Duration};

/// What to call a link's properties, for error messages.
const EXPECTED: &str =
    "delay, jitter, loss, bursts, duplicate, reorder, corrupt, rate, hops, mtu or black-hole";

/// Which property of a link a word sets.
pub(super) fn property(word: &str) -> Result<&'static str, ScenarioFault> {
    const WORDS: [&str; 9] =
        ["delay", "jitter", "loss", "bursts", "duplicate", "reorder", "corrupt", "rate", "hops"];
    match word {
        "mtu" | "black-hole" => Ok("mtu"),
        _ => {
            let property = WORDS.into_iter().find(|property| *property == word);
            property.ok_or_else(|| unexpected(word, EXPECTED))
        }
    }
}

/// Reads one [`property`] of a link, on top of the `usual` link of the place.
/// `next` gives the words that follow.
pub(super) fn read<'a>(
    link: &mut Option<Link>,
    usual: Link,
    word: &str,
    next: &mut impl FnMut(&'static str) -> Result<&'a str, ScenarioFault>,
) -> Result<(), ScenarioFault> {
    let mut new = link.unwrap_or(usual);
    match word {
        "delay" => new.delay = duration(next("a time such as 20ms")?)?,
        "jitter" => new.jitter = duration(next("a time such as 5ms")?)?,
        "loss" => new.loss = chance(next("a chance such as 1%")?)?,
        "bursts" => {
            let text = next("three chances such as 1%/10%/80%")?;
            let parts: Vec<&str> = text.split('/').collect();
            let [enter, leave, loss] = parts[..] else {
                return Err(unexpected(text, "three chances such as 1%/10%/80%"));
            };
            let (enter, leave, loss) = (chance(enter)?, chance(leave)?, chance(loss)?);
            new.bursts = Some(Bursts { enter, leave, loss });
        }
        "duplicate" => new.duplication = chance(next("a chance such as 1%")?)?,
        "reorder" => {
            let text = next("a chance and a time such as 1%/10ms")?;
            let (often, by) = pair(text, "a chance and a time such as 1%/10ms")?;
            new = new.with_reordering(chance(often)?, duration(by)?);
        }
        "corrupt" => new.corruption = chance(next("a chance such as 1%")?)?,
        "rate" => {
            let text = next("bits a second and bytes of queue, such as 8000000/64000")?;
            let (bits, bytes) = pair(text, "bits a second and bytes of queue")?;
            let bits = whole(bits, 1..=u64::MAX, "at least one bit a second")?;
            new = new.with_rate(bits, number(bytes)?);
        }
        "hops" => new.hops = whole(next(HOPS)?, 0..=63, HOPS)?,
        "mtu" => new = new.with_mtu(mtu(next(MTU)?)?),
        "black-hole" => new = new.with_black_hole(mtu(next(MTU)?)?),
        _ => return Err(unexpected(word, EXPECTED)),
    }
    *link = Some(new);
    Ok(())
}

fn unexpected(word: &str, expected: &'static str) -> ScenarioFault {
    ScenarioFault::Unexpected { word: word.to_owned(), expected }
}

fn pair<'a>(text: &'a str, expected: &'static str) -> Result<(&'a str, &'a str), ScenarioFault> {
    text.split_once('/').ok_or_else(|| unexpected(text, expected))
}

/// More, and no packet with the usual TTL of 64 gets anywhere.
const HOPS: &str = "a number of routers from 0 to 63";

/// Every IPv4 link takes packets of 68 bytes (RFC 791), and none takes more than 65,535.
const MTU: &str = "a number of bytes from 68 to 65535";

fn mtu(text: &str) -> Result<u32, ScenarioFault> {
    whole(text, 68..=65_535, MTU)
}

/// A number within bounds, which `expected` names.
pub(super) fn whole<T: core::str::FromStr + PartialOrd>(
    text: &str,
    bounds: core::ops::RangeInclusive<T>,
    expected: &'static str,
) -> Result<T, ScenarioFault> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| unexpected(text, expected))
}

pub(super) fn number<T: core::str::FromStr>(text: &str) -> Result<T, ScenarioFault> {
    text.parse().map_err(|_| unexpected(text, "a number"))
}

/// Whole units only, so that what is printed reads back the same.
pub(super) fn duration(text: &str) -> Result<Duration, ScenarioFault> {
    let expected = "a time in s, ms, us or ns, such as 20ms";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().map_err(|_| unexpected(text, expected))?;
    match unit {
        "s" => Ok(Duration::from_secs(count)),
        "ms" => Ok(Duration::from_millis(count)),
        "us" => Ok(Duration::from_micros(count)),
        "ns" => Ok(Duration::from_nanos(count)),
        _ => Err(unexpected(text, expected)),
    }
}

/// Percent with up to four decimals.
pub(super) fn chance(text: &str) -> Result<Chance, ScenarioFault> {
    let expected = "a chance from 0% to 100%, with up to four decimals";
    let parse = || {
        let (whole, fraction) = match text.strip_suffix('%')?.split_once('.') {
            Some(parts) => parts,
            None => (text.strip_suffix('%')?, ""),
        };
        if fraction.len() > 4 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 100)?;
        let fraction: u32 = format!("{fraction:0<4}").parse().ok()?;
        let ppm = whole * 10_000 + fraction;
        (ppm <= 1_000_000).then(|| Chance::ppm(ppm))
    };
    parse().ok_or_else(|| unexpected(text, expected))
}

/// A time in the largest unit that it is a whole number of.
pub(super) struct Time(pub(super) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")] {
            if nanos.is_multiple_of(unit) {
                return write!(f, "{}{name}", nanos / unit);
            }
        }
        write!(f, "{nanos}ns")
    }
}

pub(super) struct Percent(pub(super) Chance);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ppm = self.0.as_ppm();
        if ppm.is_multiple_of(10_000) {
            return write!(f, "{}%", ppm / 10_000);
        }
        write!(f, "{}.{:04}%", ppm / 10_000, ppm % 10_000)
    }
}

/// Writes the properties of a link, each with a space before it. A link without any is written as
/// one without delay, so that it does not read as the usual one.
pub(super) fn write(f: &mut fmt::Formatter<'_>, link: &Link) -> fmt::Result {
    write!(f, " delay {}", Time(link.delay))?;
    if !link.jitter.is_zero() {
        write!(f, " jitter {}", Time(link.jitter))?;
    }
    if link.loss != Chance::NEVER {
        write!(f, " loss {}", Percent(link.loss))?;
    }
    if let Some(Bursts { enter, leave, loss }) = link.bursts {
        write!(f, " bursts {}/{}/{}", Percent(enter), Percent(leave), Percent(loss))?;
    }
    if link.duplication != Chance::NEVER {
        write!(f, " duplicate {}", Percent(link.duplication))?;
    }
    if let Some(reordering) = link.reordering {
        write!(f, " reorder {}/{}", Percent(reordering.chance), Time(reordering.by))?;
    }
    if link.corruption != Chance::NEVER {
        write!(f, " corrupt {}", Percent(link.corruption))?;
    }
    if let Some(rate) = link.rate {
        write!(f, " rate {}/{}", rate.bits_per_second, rate.queue_bytes)?;
    }
    if link.hops > 0 {
        write!(f, " hops {}", link.hops)?;
    }
    match link.mtu {
        Some(mtu) if mtu.black_hole => write!(f, " black-hole {}", mtu.bytes),
        Some(mtu) => write!(f, " mtu {}", mtu.bytes),
        None => Ok(()),
    }
}
