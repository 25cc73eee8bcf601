//! A header extension that this side understands (RFC 8285, RFC 6904).

use alloc::format;
use alloc::string::String;

use crate::attribute::{Direction, ENCRYPT, ExtMap};
use crate::text::{Text, TextError, Word};

/// A header extension that this side understands, in clear or encrypted: one that it can do both
/// ways it has twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// What it is.
    pub uri: Word<'static>,
    /// Whether it is sent encrypted (RFC 6904).
    pub encrypted: bool,
    /// Its attributes, such as the `vad=on` of audio levels; an answer has those of the offer where
    /// none are given.
    pub attributes: Option<Text<'static>>,
    /// Which way this side uses it; as the media where nothing is said.
    pub direction: Option<Direction>,
    /// The id to use if it is free.
    pub id: Option<u16>,
}

impl Extension {
    /// An extension that is used both ways under any id. Behind
    /// `urn:ietf:params:rtp-hdrext:encrypt` and a blank it is an encrypted one; that URI alone
    /// stands for whatever the peer offers encrypted.
    pub fn new(uri: &str) -> Result<Self, TextError> {
        let (uri, encrypted) = match uri.split_once(' ') {
            Some((ENCRYPT, inner)) => (inner, true),
            Some(_) | None => (uri, false),
        };
        Ok(Self { uri: uri.parse()?, encrypted, attributes: None, direction: None, id: None })
    }

    /// The same, sent encrypted.
    #[must_use]
    pub fn encrypted(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// The same with attributes.
    pub fn with_attributes(mut self, attributes: &str) -> Result<Self, TextError> {
        self.attributes = Some(attributes.parse()?);
        Ok(self)
    }

    /// The mid of the section in each packet, which tells bundled sections apart (RFC 9143 §15).
    pub fn mid() -> Self {
        Self::known("urn:ietf:params:rtp-hdrext:sdes:mid")
    }

    /// The rid in each packet, which simulcast needs (RFC 8852).
    pub fn rid() -> Self {
        Self::known("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id")
    }

    fn known(uri: &'static str) -> Self {
        Self::new(uri).unwrap_or_else(|_| unreachable!("the URIs above are words"))
    }

    /// Whether this is what a description maps.
    pub(super) fn serves(&self, map: &ExtMap<'_>) -> bool {
        if self.uri == ENCRYPT {
            return map.is_encrypted();
        }
        self.encrypted == map.is_encrypted() && self.uri == map.extension()
    }

    /// Whether it can be offered: one that stands for whatever the peer encrypts cannot.
    pub(super) fn is_offered(&self) -> bool {
        self.uri != ENCRYPT
    }

    /// As an offer maps it.
    pub(super) fn map(&self, id: u16) -> Option<ExtMap<'static>> {
        let attributes = self.attributes.as_deref();
        let (uri, attributes) = if self.encrypted {
            (Word::new(ENCRYPT).ok()?, Some(encrypted(&self.uri, attributes)))
        } else {
            (self.uri.clone(), attributes.map(String::from))
        };
        let attributes = attributes.and_then(|text| Text::new(text).ok());
        Some(ExtMap { id, direction: self.direction, uri, attributes })
    }

    /// The attributes to answer an offered extension with.
    pub(super) fn answering(&self, map: &ExtMap<'_>) -> Option<Text<'static>> {
        let attributes = self.attributes.as_deref().or_else(|| map.extension_attributes());
        if map.is_encrypted() {
            return Text::new(encrypted(map.extension(), attributes)).ok();
        }
        attributes.and_then(|text| Text::new(String::from(text)).ok())
    }

    /// What tells it from others.
    pub(super) fn key(&self) -> String {
        if self.encrypted { format!("{ENCRYPT} {}", self.uri) } else { String::from(&*self.uri) }
    }
}

/// What tells a mapped extension from others.
pub(super) fn key_of(map: &ExtMap<'_>) -> String {
    if map.is_encrypted() {
        format!("{ENCRYPT} {}", map.extension())
    } else {
        String::from(map.extension())
    }
}

fn encrypted(uri: &str, attributes: Option<&str>) -> String {
    match attributes {
        Some(attributes) => format!("{uri} {attributes}"),
        None => String::from(uri),
    }
}
