//! Reading a scenario: one statement a line, words apart by spaces, `#` begins a comment.
use super::{
    Fault, HostPlan, NatPlan, Part, Place, Scenario, ScenarioError, ScenarioFault, Tweak,
    link_words::{self, duration, number, whole},
};
use crate::{ACCESS_DELAY, Dependence, Hairpin, Jump, Link, PortChoice, RouterInput};
use core::str::{FromStr, SplitWhitespace};

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            let words = line.split('#').next().unwrap_or_default().split_whitespace();
            let statement = Words { left: words, said: Said::default() };
            let at = |fault| ScenarioError { line: index + 1, fault };
            reader.read(index + 1, statement).map_err(at)?;
        }
        match reader.scenario.build_parts() {
            Ok(_) => Ok(reader.scenario),
            Err((part, fault)) => Err(ScenarioError { line: reader.line_of(part), fault }),
        }
    }
}

#[derive(Default)]
struct Reader {
    scenario: Scenario,
    lines: Vec<(Part, usize)>,
    said: Said,
}

impl Reader {
    fn line_of(&self, part: Part) -> usize {
        self.lines.iter().find(|(known, _)| *known == part).map_or(0, |(_, line)| *line)
    }

    fn read(&mut self, line: usize, mut words: Words<'_>) -> Result<(), ScenarioFault> {
        let Some(first) = words.left.next() else { return Ok(()) };
        let scenario = &mut self.scenario;
        match first {
            "seed" => {
                self.said.once("seed", first)?;
                scenario.seed = number(words.next("a number")?)?;
            }
            "duration" => {
                self.said.once("duration", first)?;
                scenario.duration = duration(words.next("a time such as 10s")?)?;
            }
            "nat" => {
                self.lines.push((Part::Nat(scenario.nats.len()), line));
                scenario.nats.push(words.nat()?);
            }
            "host" => {
                self.lines.push((Part::Host(scenario.hosts.len()), line));
                scenario.hosts.push(words.host()?);
            }
            "connect" => {
                self.lines.push((Part::Connection(scenario.connections.len()), line));
                scenario.connections.push((words.name()?, words.name()?));
            }
            "at" => {
                self.lines.push((Part::Event(scenario.timeline.len()), line));
                scenario.timeline.push(words.event()?);
            }
            word => {
                let expected = "seed, duration, nat, host, connect or at";
                return Err(ScenarioFault::Unexpected { word: word.to_owned(), expected });
            }
        }
        words.end()
    }
}

/// What may be said once only, and was: two of them would contradict each other, and one be lost.
#[derive(Default)]
struct Said(Vec<&'static str>);

impl Said {
    /// Notes that it was said, by this word.
    fn once(&mut self, what: &'static str, word: &str) -> Result<(), ScenarioFault> {
        if self.0.contains(&what) {
            return Err(ScenarioFault::Repeated { word: word.to_owned() });
        }
        self.0.push(what);
        Ok(())
    }
}

/// The words of a line.
struct Words<'a> {
    left: SplitWhitespace<'a>,
    said: Said,
}

impl<'a> Words<'a> {
    fn next(&mut self, expected: &'static str) -> Result<&'a str, ScenarioFault> {
        self.left.next().ok_or(ScenarioFault::Missing { expected })
    }

    fn name(&mut self) -> Result<String, ScenarioFault> {
        self.next("a name").map(str::to_owned)
    }

    fn parse<T: FromStr>(&mut self, expected: &'static str) -> Result<T, ScenarioFault> {
        let word = self.next(expected)?;
        word.parse().map_err(|_| ScenarioFault::Unexpected { word: word.to_owned(), expected })
    }

    fn end(&mut self) -> Result<(), ScenarioFault> {
        match self.left.next() {
            None => Ok(()),
            Some(word) => {
                let expected = "the end of the line";
                Err(ScenarioFault::Unexpected { word: word.to_owned(), expected })
            }
        }
    }

    fn nat(&mut self) -> Result<NatPlan, ScenarioFault> {
        let (name, word) = (self.name()?, self.next("the name of a preset")?);
        let preset = word.parse().map_err(|_| ScenarioFault::NoPreset { word: word.to_owned() })?;
        let (mut tweaks, mut inside, mut place) = (Vec::new(), None, Place::default());
        while let Some(word) = self.left.next() {
            if let Some((key, value)) = word.split_once('=') {
                tweaks.push(tweak(word, key, value)?);
            } else if word == "inside" {
                self.said.once("inside", word)?;
                inside = Some(self.parse("a prefix such as 192.168.1.0/24")?);
            } else {
                self.place(&mut place, word)?;
            }
        }
        Ok(NatPlan { name, preset, tweaks, inside, place })
    }

    fn host(&mut self) -> Result<HostPlan, ScenarioFault> {
        let (name, mut place, mut runs) = (self.name()?, Place::default(), None);
        while let Some(word) = self.left.next() {
            if word == "runs" {
                self.said.once("runs", word)?;
                runs = Some(self.next("what it runs")?.to_owned());
            } else {
                self.place(&mut place, word)?;
            }
        }
        Ok(HostPlan { name, place, runs })
    }

    fn place(&mut self, place: &mut Place, word: &str) -> Result<(), ScenarioFault> {
        match word {
            "behind" => {
                self.said.once("place", word)?;
                place.behind = Some(self.name()?);
                if let Some(link) = &mut place.link
                    && !self.said.0.contains(&"delay")
                {
                    // It was begun as the usual link to the internet.
                    link.delay = Link::default().delay;
                }
            }
            "on" => {
                self.said.once("place", word)?;
                let (word, expected) = (self.next("internet")?, "internet");
                if word != expected {
                    return Err(ScenarioFault::Unexpected { word: word.to_owned(), expected });
                }
                place.behind = None;
            }
            "address" => place.addresses.push(self.parse("an IP address")?),
            "dual-stack" => place.dual_stack = true,
            word => {
                let outside = place.behind.is_none();
                let usual = if outside { Link::after(ACCESS_DELAY) } else { Link::default() };
                self.link(&mut place.link, usual, word)?;
            }
        }
        Ok(())
    }

    fn link(
        &mut self,
        link: &mut Option<Link>,
        usual: Link,
        word: &str,
    ) -> Result<(), ScenarioFault> {
        self.said.once(link_words::property(word)?, word)?;
        link_words::read(link, usual, word, &mut |expected| self.next(expected))
    }

    fn event(&mut self) -> Result<(core::time::Duration, Fault), ScenarioFault> {
        let after = duration(self.next("a time such as 5s")?)?;
        let expected = "reboot, rebind, roam, cut, mend, down, up, link or clock";
        let fault = match self.next(expected)? {
            "reboot" => Fault::Reboot(self.name()?),
            "rebind" => Fault::Rebind(self.name()?),
            "cut" => Fault::Cut(self.name()?, self.name()?),
            "mend" => Fault::Mend(self.name()?, self.name()?),
            "down" => Fault::Down(self.name()?),
            "up" => Fault::Up(self.name()?),
            "roam" => {
                let (name, mut place) = (self.name()?, Place::default());
                while let Some(word) = self.left.next() {
                    self.place(&mut place, word)?;
                }
                Fault::Roam(name, place)
            }
            "link" => {
                let (name, mut link) = (self.name()?, None);
                while let Some(word) = self.left.next() {
                    self.link(&mut link, Link::default(), word)?;
                }
                Fault::Relink(name, link.unwrap_or_default())
            }
            "clock" => {
                let name = self.name()?;
                let way = self.next("ahead or back")?;
                let by = duration(self.next("a time such as 5s")?)?;
                Fault::Clock(
                    name,
                    match way {
                        "ahead" => Jump::Ahead(by),
                        "back" => Jump::Back(by),
                        word => {
                            let (word, expected) = (word.to_owned(), "ahead or back");
                            return Err(ScenarioFault::Unexpected { word, expected });
                        }
                    },
                )
            }
            word => {
                return Err(ScenarioFault::Unexpected { word: word.to_owned(), expected });
            }
        };
        Ok((after, fault))
    }
}

fn tweak(word: &str, key: &str, value: &str) -> Result<Tweak, ScenarioFault> {
    let wrong = |expected| ScenarioFault::Unexpected { word: word.to_owned(), expected };
    let dependence = || match value {
        "endpoint" => Ok(Dependence::Endpoint),
        "address" => Ok(Dependence::Address),
        "address-and-port" => Ok(Dependence::AddressAndPort),
        _ => Err(wrong("endpoint, address or address-and-port")),
    };
    Ok(match key {
        "mapping" => Tweak::Mapping(dependence()?),
        "filtering" => Tweak::Filtering(dependence()?),
        "ports" => Tweak::Ports(match (value, value.strip_prefix("block/")) {
            ("preserving", _) => PortChoice::Preserving,
            ("random", _) => PortChoice::Random,
            ("contiguous", _) => PortChoice::Contiguous,
            (_, Some(size)) => {
                let expected = "a number of ports from 1 to 65535";
                PortChoice::Block(whole(size, 1..=u16::MAX, expected)?)
            }
            _ => return Err(wrong("preserving, random, contiguous or block/SIZE")),
        }),
        "lifetime" => Tweak::Lifetime(duration(value)?),
        "hairpin" => Tweak::Hairpin(match value {
            "none" => Hairpin::None,
            "inside" => Hairpin::InternalSource,
            "outside" => Hairpin::ExternalSource,
            _ => return Err(wrong("none, inside or outside")),
        }),
        "input" => Tweak::Input(match value {
            "drop" => RouterInput::Drop,
            "reject" => RouterInput::Reject,
            "accept" => RouterInput::Accept,
            _ => return Err(wrong("drop, reject or accept")),
        }),
        "prefix" => {
            let expected = "an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits, such as 64:ff9b::/96";
            Tweak::Prefix(value.parse().map_err(|_| wrong(expected))?)
        }
        _ => return Err(wrong("mapping, filtering, ports, lifetime, hairpin, input or prefix")),
    })
}
