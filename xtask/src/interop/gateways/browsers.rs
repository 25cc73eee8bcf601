//! The browsers' side: Chromium's own offers and answers, and generated offers.

use serde_json::json;

use super::super::browser::Browser;
use crate::run::Failure;

const ANSWERING: &str = include_str!("../../../interop/answers.js");

/// What Chromium offers: sound, video and a data channel.
pub(super) fn offer(browser: &mut Browser) -> Result<String, Failure> {
    let own = browser.run(&format!("{ANSWERING}\nreturn ownOffer();"))?;
    let own = own.as_str().ok_or_else(|| "Chromium offers nothing".to_owned())?;
    Ok(gathered(own))
}

/// What Chromium answers.
pub(super) fn answer(browser: &mut Browser, offer: &str) -> Result<String, String> {
    let offers = json!([{ "sdp": offer }]);
    let said = browser.run(&format!("{ANSWERING}\nreturn answers({offers});"));
    let said = said.map_err(|failure| failure.to_string())?;
    match said[0]["sdp"].as_str() {
        Some(text) => Ok(gathered(text)),
        None => Err(said[0]["error"].as_str().unwrap_or("nothing").to_owned()),
    }
}

/// Every nth generated offer. Candidates are on this machine; one offer in four is sent before there
/// are any (RFC 8840).
pub(super) fn generated(first: usize, step: usize, count: u64) -> Vec<String> {
    let offer = |seed| {
        let text = without_candidates(&super::super::differential::generated(seed));
        if seed % 4 == 3 { text } else { gathered(&text) }
    };
    (0..count).skip(first).step_by(step).map(offer).collect()
}

pub(super) fn without_candidates(text: &str) -> String {
    let is_one = |line: &&str| line.starts_with("a=candidate:") || *line == "a=end-of-candidates";
    text.split_inclusive('\n').filter(|line| !is_one(&line.trim_end())).collect()
}

/// The same after candidates were gathered (RFC 8829 §5.2.1): one, where there is no port yet.
fn gathered(text: &str) -> String {
    const CANDIDATE: &str = "a=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host\r\n";
    let mut all = String::new();
    let mut open = false;
    for line in text.lines() {
        if line.starts_with("m=") && std::mem::take(&mut open) {
            all.push_str(CANDIDATE);
        }
        let mut line = line.to_owned();
        if line.starts_with("m=") && line.split(' ').nth(1) == Some("9") {
            line = line.replacen(" 9 ", " 50000 ", 1);
            open = true;
        } else if open && line == "c=IN IP4 0.0.0.0" {
            "c=IN IP4 127.0.0.1".clone_into(&mut line);
        }
        all.extend([&line, "\r\n"]);
    }
    if open {
        all.push_str(CANDIDATE);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{gathered, without_candidates};

    #[test]
    fn what_has_no_port_gets_a_candidate_and_what_is_off_none() {
        let text = "v=0\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\nm=video 0 RTP/AVP 9\r\n";
        let with = gathered(text);
        assert!(with.contains("m=audio 50000 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\na=candidate:"));
        assert!(with.ends_with("m=video 0 RTP/AVP 9\r\n"));
        assert_eq!(without_candidates(&with).matches("a=candidate").count(), 0);
    }
}
