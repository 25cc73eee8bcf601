//! ACCESS-TOKEN (RFC 7635 §6.2).
use super::{Attribute, AttributeType};
use crate::TransactionId;

/// A token that an authorization server issued. The client does not look into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessToken<'a> {
    /// The nonce of the AEAD that protects the token.
    pub nonce: &'a [u8],
    /// What is encrypted and authenticated.
    pub sealed: &'a [u8],
}

impl<'a> Attribute<'a> for AccessToken<'a> {
    const TYPE: AttributeType = AttributeType::ACCESS_TOKEN;

    fn decode(value: &'a [u8], _: &TransactionId) -> Option<Self> {
        let (&length, rest) = value.split_first_chunk()?;
        let (nonce, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
        Some(Self { nonce, sealed })
    }

    fn is_valid(&self) -> bool {
        u16::try_from(self.nonce.len()).is_ok()
    }

    fn value_len(&self) -> usize {
        2 + self.nonce.len() + self.sealed.len()
    }

    fn encode(&self, _: &TransactionId, out: &mut [u8]) {
        let (length, rest) = out.split_at_mut(2);
        let (nonce, sealed) = rest.split_at_mut(self.nonce.len());
        length.copy_from_slice(&(self.nonce.len() as u16).to_be_bytes());
        nonce.copy_from_slice(self.nonce);
        sealed.copy_from_slice(self.sealed);
    }
}
