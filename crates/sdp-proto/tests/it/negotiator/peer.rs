//! A peer that is played by text: descriptions made of a few lines each.

/// A section in use with the transport attributes that a peer gives it.
pub(crate) fn live(line: &str, attributes: &[&str]) -> String {
    let print = vec!["07"; 32].join(":");
    let transport = [
        "a=ice-ufrag:peer".to_owned(),
        "a=ice-pwd:asd88fgpdd777uzjYhagZh".to_owned(),
        format!("a=fingerprint:sha-256 {print}"),
        "a=setup:actpass".to_owned(),
        "a=rtcp-mux".to_owned(),
    ];
    bare(line, transport.iter().map(String::as_str).chain(attributes.iter().copied()))
}

/// A section with these attributes and no others.
pub(crate) fn bare<'l>(line: &str, attributes: impl IntoIterator<Item = &'l str>) -> String {
    let mut text = format!("m={line}\r\nc=IN IP4 0.0.0.0\r\n");
    for attribute in attributes {
        text.push_str(attribute);
        text.push_str("\r\n");
    }
    text
}

/// A description with these lines in its session part, and these sections.
pub(crate) fn description(session: &[&str], sections: &[String]) -> String {
    let mut text = String::from("v=0\r\no=- 77 1 IN IP4 192.0.2.5\r\ns=-\r\nt=0 0\r\n");
    for line in session {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text + &sections.concat()
}
