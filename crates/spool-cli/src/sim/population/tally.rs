//! What came of many pairs, summed up: a sum that does not depend on the order.
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// How two hosts ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Connected without a relay.
    Direct {
        /// How long it took.
        took: Duration,
        /// Whether over IPv6.
        ipv6: bool,
    },
    /// Connected through a relay.
    Relayed {
        /// How long it took.
        took: Duration,
    },
    /// Not connected.
    Never,
}

/// What came of one pair.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) classes: [&'static str; 2],
    pub(super) ending: Ending,
    /// Sent by the hosts and the server.
    pub(super) packets: u64,
    /// Passed on by NATs.
    pub(super) forwarded: u64,
    pub(super) hash: u64,
}

/// How often each ending was.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    direct: u64,
    relayed: u64,
    never: u64,
}

impl Counts {
    fn count(&mut self, ending: Ending) {
        match ending {
            Ending::Direct { .. } => self.direct += 1,
            Ending::Relayed { .. } => self.relayed += 1,
            Ending::Never => self.never += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.direct += other.direct;
        self.relayed += other.relayed;
        self.never += other.never;
    }

    const fn all(self) -> u64 {
        self.direct + self.relayed + self.never
    }

    fn json(self) -> Value {
        json!({ "direct": self.direct, "relayed": self.relayed, "never": self.never })
    }
}

/// The sum.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    ipv6: u64,
    direct: Vec<Duration>,
    relayed: Vec<Duration>,
    packets: Vec<u64>,
    forwarded: u64,
    classes: BTreeMap<&'static str, Counts>,
    hash: u64,
}

impl Tally {
    pub(super) const fn pairs(&self) -> u64 {
        self.counts.all()
    }

    pub(super) fn count(&mut self, met: &Meeting) {
        self.counts.count(met.ending);
        match met.ending {
            Ending::Direct { took, ipv6 } => {
                self.ipv6 += u64::from(ipv6);
                self.direct.push(took);
            }
            Ending::Relayed { took } => self.relayed.push(took),
            Ending::Never => {}
        }
        self.packets.push(met.packets);
        self.forwarded += met.forwarded;
        for class in met.classes {
            self.classes.entry(class).or_default().count(met.ending);
        }
        self.hash = self.hash.wrapping_add(met.hash);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.ipv6 += other.ipv6;
        self.direct.extend(other.direct);
        self.relayed.extend(other.relayed);
        self.packets.extend(other.packets);
        self.forwarded += other.forwarded;
        for (class, counts) in other.classes {
            self.classes.entry(class).or_default().add(counts);
        }
        self.hash = self.hash.wrapping_add(other.hash);
    }

    fn all_times(&self) -> Vec<Duration> {
        self.direct.iter().chain(&self.relayed).copied().collect()
    }

    pub(super) fn json(&self, seed: u64) -> Value {
        let times = |times: &[Duration]| {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            quantiles(times).map_or(Value::Null, |[p50, p90, p99, max]| {
                json!({ "p50": ms(p50), "p90": ms(p90), "p99": ms(p99), "max": ms(max) })
            })
        };
        let packets = quantiles(&self.packets).map_or(Value::Null, |[p50, p90, p99, max]| {
            let total: u64 = self.packets.iter().sum();
            json!({
                "total": total,
                "forwarded": self.forwarded,
                "p50": p50,
                "p90": p90,
                "p99": p99,
                "max": max,
            })
        });
        let classes: serde_json::Map<_, _> =
            self.classes.iter().map(|(class, n)| ((*class).to_owned(), n.json())).collect();
        json!({
            "seed": seed,
            "pairs": self.pairs(),
            "endings": self.counts.json(),
            "direct_ipv6": self.ipv6,
            "time_to_connect_ms": {
                "all": times(&self.all_times()),
                "direct": times(&self.direct),
                "relayed": times(&self.relayed),
            },
            "packets": packets,
            "hosts_by_class": classes,
            "trace_hash": format!("{:016x}", self.hash),
        })
    }

    pub(super) fn text(&self, seed: u64) -> String {
        let mut text = String::new();
        // writing to a String cannot fail
        let _ = self.write(&mut text, seed);
        text
    }

    fn write(&self, text: &mut String, seed: u64) -> std::fmt::Result {
        let Counts { direct, relayed, never } = self.counts;
        let pairs = self.pairs();
        let of = |n| share(n, pairs);
        let count = indicatif::HumanCount(pairs);
        writeln!(
            text,
            "{count} pairs of hosts from a model of who is behind which NAT, seed {seed}\n"
        )?;
        writeln!(text, "connected   {}", of(direct + relayed))?;
        writeln!(text, "  direct    {}   over IPv6 {}", of(direct), of(self.ipv6).trim_start())?;
        writeln!(text, "  relayed   {}", of(relayed))?;
        writeln!(text, "never       {}\n", of(never))?;
        writeln!(text, "{:<18}{:>10}{:>10}{:>10}{:>10}", "", "half", "90 %", "99 %", "all")?;
        let rows = [
            ("time to connect", self.all_times()),
            ("  direct", self.direct.clone()),
            ("  relayed", self.relayed.clone()),
        ];
        for (name, times) in rows {
            let Some(values) = quantiles(&times) else { continue };
            write!(text, "{name:<18}")?;
            for time in values {
                write!(text, "{:>10}", millis(time))?;
            }
            writeln!(text)?;
        }
        if let Some(values) = quantiles(&self.packets) {
            write!(text, "{:<18}", "packets sent")?;
            for packets in values {
                write!(text, "{packets:>10}")?;
            }
            writeln!(text)?;
        }
        writeln!(
            text,
            "\n{:<32}{:>8}{:>9}{:>9}{:>9}",
            "host", "share", "direct", "relayed", "never"
        )?;
        let mut classes: Vec<_> = self.classes.iter().collect();
        classes.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.all()));
        for (class, counts) in classes {
            let all = counts.all();
            let of = |n| share(n, all);
            writeln!(
                text,
                "{class:<32}{:>8}{:>9}{:>9}{:>9}",
                share(all, 2 * pairs),
                of(counts.direct),
                of(counts.relayed),
                of(counts.never)
            )?;
        }
        writeln!(
            text,
            "\nTime counts from when both have the other's description until data can go both"
        )?;
        writeln!(
            text,
            "ways. Packets are those of both hosts and the server, from the first to the last."
        )?;
        writeln!(text, "The same seed gives the same run: trace {:016x}", self.hash)
    }
}

/// As a percentage, rounded to tenths.
fn share(n: u64, of: u64) -> String {
    let of = of.max(1);
    let tenths = (n * 1000 + of / 2) / of;
    format!("{:>3}.{} %", tenths / 10, tenths % 10)
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

/// The values that half, 90 %, 99 % and all of them do not exceed.
fn quantiles<T: Copy + Ord>(values: &[T]) -> Option<[T; 4]> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let last = *sorted.last()?;
    let at = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1];
    Some([at(50), at(90), at(99), last])
}

#[cfg(test)]
mod tests {
    use super::{Ending, Meeting, Tally, quantiles};
    use std::time::Duration;

    #[test]
    fn quantiles_are_values_that_occur() {
        assert_eq!(quantiles::<u64>(&[]), None);
        assert_eq!(quantiles(&[7]), Some([7; 4]));
        let values: Vec<u64> = (1..=1000).rev().collect();
        assert_eq!(quantiles(&values), Some([500, 900, 990, 1000]));
    }

    #[test]
    fn a_sum_tells_what_was_counted() {
        let meeting =
            |ending, hash| Meeting { classes: ["x", "y"], ending, packets: 10, forwarded: 7, hash };
        let took = Duration::from_millis(50);
        let (mut one, mut two) = (Tally::default(), Tally::default());
        one.count(&meeting(Ending::Direct { took, ipv6: true }, u64::MAX));
        two.count(&meeting(Ending::Relayed { took: took * 4 }, 3));
        two.count(&meeting(Ending::Never, 4));
        one.add(two);
        let json = one.json(9);
        assert_eq!(json["pairs"], 3);
        assert_eq!(json["endings"]["relayed"], 1);
        assert_eq!(json["time_to_connect_ms"]["all"]["max"], 200.0);
        assert_eq!(json["packets"]["total"], 30);
        assert_eq!(json["packets"]["forwarded"], 21);
        assert_eq!(json["hosts_by_class"]["x"]["never"], 1);
        assert_eq!(json["trace_hash"], "0000000000000006");
        let text = one.text(9);
        assert!(text.contains("connected    66.7 %"), "{text}");
        assert!(text.contains("time to connect        50 ms    200 ms"), "{text}");
    }
}
