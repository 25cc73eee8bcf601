//! Lints descriptions as a compiler would: `cargo run -p sdp-proto --example lint FILE...`.
//!
//! Without a file it lints one of its own that has something wrong.
#![expect(clippy::print_stdout, reason = "a program that prints")]

use sdp_proto::{LimitError, Policy, Session};

const SAMPLE: &[u8] = b"v=0\no=- 1 1 IN IP4\ns=-\nt=0 0\nm=audio 9 RTP/AVP 0 256\n\
    c=IN IP4 2001:db8::1\na=candidate:1 1 udp 1 192.0.2.1 99999 typ host\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        lint("sample", SAMPLE)?;
    }
    for file in files {
        lint(&file, &std::fs::read(&file)?)?;
    }
    Ok(())
}

fn lint(name: &str, text: &[u8]) -> Result<(), LimitError> {
    let session = Session::parse(text)?;
    for finding in session.diagnostics() {
        let (start, end) = finding.columns;
        let code = finding.code;
        println!("{}[{}]: {}", finding.severity().as_str(), code.as_str(), code.message());
        println!("  --> {name}:{}:{start} ({})", finding.line, code.rfc());
        if let Some(line) = session.line(finding.line as usize - 1) {
            let carets = "^".repeat((end - start).max(1) as usize);
            println!("   | {}", String::from_utf8_lossy(line.content()));
            println!("   | {}{carets} {}", " ".repeat(start as usize - 1), code.suggestion());
        }
    }
    for policy in Policy::ALL {
        let verdict = if session.check(policy).is_ok() { "accepted" } else { "refused" };
        println!("{name}: {verdict} by {policy}");
    }
    Ok(())
}
