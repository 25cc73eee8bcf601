//! THIRD-PARTY-AUTHORIZATION (RFC 7635 §6.1).
text_attribute! {
    /// The server takes access tokens, issued for this server name.
    ThirdPartyAuthorization = THIRD_PARTY_AUTHORIZATION, |text| text.len() <= 255
}
