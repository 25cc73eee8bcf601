//! The values that settings have, as text in a flag and in the file alike.
use serde::{Deserialize, Serialize, Serializer};
use std::{fmt, net::IpAddr, ops::RangeInclusive, str::FromStr};

/// What is written as text, in a flag or in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parsed<T>(pub(in crate::turn_server) T);

impl<T: FromStr> FromStr for Parsed<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Self)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

impl<T: fmt::Display> Serialize for Parsed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The value, with what is wrong with it.
fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| serde::de::Error::custom(format!("'{text}': {error}")))
}

/// A name with its password, which is shown nowhere.
#[derive(Clone)]
pub(crate) struct Account {
    pub(in crate::turn_server) name: String,
    pub(in crate::turn_server) password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                Ok(Self { name: name.to_owned(), password: password.to_owned() })
            }
            _ => Err("write NAME:PASSWORD"),
        }
    }
}

/// With the password: for a file of settings, and for nothing else.
impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.name, self.password))
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // without the text: it may be a password
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An address outside, and the one here that it stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct External {
    pub(in crate::turn_server) external: IpAddr,
    pub(in crate::turn_server) internal: Option<IpAddr>,
}

impl FromStr for External {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (external, internal) = match text.split_once('/') {
            Some((external, internal)) => (external, Some(internal)),
            None => (text, None),
        };
        let ip = |text: &str| text.parse().map_err(|_| "write IP, or EXTERNAL-IP/INTERNAL-IP");
        Ok(Self { external: ip(external)?, internal: internal.map(ip).transpose()? })
    }
}

impl Serialize for External {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.internal {
            Some(internal) => serializer.collect_str(&format_args!("{}/{internal}", self.external)),
            None => serializer.collect_str(&self.external),
        }
    }
}

impl<'de> Deserialize<'de> for External {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// A range of ports.
#[derive(Clone, Debug)]
pub(crate) struct Ports(pub(in crate::turn_server) RangeInclusive<u16>);

impl FromStr for Ports {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').ok_or("write FIRST-LAST")?;
        let port = |text: &str| text.parse::<u16>().map_err(|_| "write two ports: FIRST-LAST");
        let (first, last) = (port(first)?, port(last)?);
        if first < 1024 || first > last {
            return Err("ports from 1024 to 65535, the lower one first");
        }
        Ok(Self(first..=last))
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}-{}", self.0.start(), self.0.end()))
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}
