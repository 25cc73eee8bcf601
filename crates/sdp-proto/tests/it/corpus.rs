//! Descriptions from the wild and made ones: the shared corpora, where they are at hand.

use sdp_proto::{AcceptError, Fragment, LimitError, Policy, Session};

use crate::shared;

/// One row of `manifest.tsv` and the file it is about.
struct Row {
    file: String,
    expect: String,
    violations: Vec<String>,
    media: usize,
    text: Vec<u8>,
}

fn rows() -> Vec<Row> {
    let Some(folder) = shared::corpus("sdp") else { return Vec::new() };
    let manifest = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let rows = manifest.lines().skip(1).map(|row| {
        let columns: Vec<_> = row.split('\t').collect();
        Row {
            file: columns[0].into(),
            expect: columns[2].into(),
            violations: columns[9].split(',').filter(|v| !v.is_empty()).map(Into::into).collect(),
            media: columns[4].parse().unwrap(),
            text: std::fs::read(folder.join(columns[0])).unwrap(),
        }
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 400, "the manifest has {} rows", rows.len());
    rows
}

impl Row {
    fn is_fragment(&self) -> bool {
        self.file.starts_with("synthetic-fragments/")
    }

    fn accepted_by(&self, policy: Policy) -> bool {
        if self.is_fragment() {
            Fragment::accept(&self.text, policy).is_ok()
        } else {
            Session::accept(&self.text, policy).is_ok()
        }
    }
}

#[test]
fn every_captured_description_is_accepted_and_printed_byte_for_byte() {
    let Some(folder) = shared::corpus("sdp-captured") else { return };
    let files = shared::files(&folder);
    assert!(files.len() >= 13, "{} files", files.len());
    for (name, text) in files {
        let session =
            Session::accept(&text, Policy::Strict).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(&*session.to_bytes(), text, "{name}");
        for media in session.media() {
            assert!(media.ice_credentials().unwrap().is_some(), "{name}");
            assert!(media.fingerprints().all(|f| f.is_ok()), "{name}");
            assert!(media.setup().unwrap().is_some(), "{name}");
            assert!(media.candidates().all(|c| c.is_ok()), "{name}");
        }
    }
}

#[test]
fn what_is_to_be_accepted_is_and_only_ill_formed_files_need_leniency() {
    let mut strict = 0;
    for row in rows().iter().filter(|row| row.expect == "accept") {
        assert!(row.accepted_by(Policy::Camera), "{}", row.file);
        strict += usize::from(row.accepted_by(Policy::Strict));
        let line_ends = |violations: &[String]| violations.iter().all(|v| v == "lf-only");
        if row.file.starts_with("synthetic/") && line_ends(&row.violations) {
            assert!(row.accepted_by(Policy::Strict), "{}", row.file);
        }
    }
    println!("{strict} files accepted under the strict policy");
}

#[test]
fn what_is_to_be_borne_is_borne_by_a_lenient_policy() {
    for row in rows().iter().filter(|row| row.expect == "lenient") {
        assert!(row.accepted_by(Policy::Camera), "{}", row.file);
    }
}

#[test]
fn what_is_to_be_refused_is_refused_by_the_strict_policy() {
    for row in rows().iter().filter(|row| row.expect == "refuse") {
        assert!(!row.accepted_by(Policy::Strict), "{}", row.file);
    }
}

#[test]
fn what_a_policy_accepts_a_more_lenient_one_accepts() {
    for row in rows() {
        let accepted = Policy::ALL.map(|policy| row.accepted_by(policy));
        assert!(accepted.is_sorted(), "{}: {accepted:?}", row.file);
    }
}

#[test]
fn every_file_is_printed_byte_for_byte_and_loses_no_section() {
    for row in rows() {
        let session = match Session::parse(&row.text) {
            Ok(session) => session,
            Err(LimitError::Bytes { .. }) => continue,
            Err(limit) => panic!("{}: {limit}", row.file),
        };
        assert_eq!(&*session.to_bytes(), row.text, "{}", row.file);
        let rebuilt: Vec<u8> = session
            .lines()
            .flat_map(|line| line.content().iter().chain(line.line_end()))
            .copied()
            .collect();
        assert!(row.text.ends_with(&rebuilt), "{}", row.file);
        // A count of lines that start with m= in the raw text, split at LF, as the manifest has.
        let plain = row.text.split(|b| *b == b'\n').filter(|line| line.starts_with(b"m=")).count();
        assert!(session.media_count() >= plain, "{}", row.file);
        // The manifest does not see the lines of a text in which CR alone ends them.
        let seen = row.violations.iter().all(|v| v != "bare-cr");
        if seen && session.check(Policy::Camera).is_ok() {
            assert_eq!(session.media_count(), row.media, "{}", row.file);
        }
    }
}

#[test]
fn cameras_are_understood_by_the_camera_policy() {
    for row in rows().iter().filter(|row| row.file.starts_with("permissive/")) {
        match Session::accept(&row.text, Policy::Camera) {
            Ok(_) => {}
            // Some of them are findings of fuzzers with NULs in a line.
            Err(AcceptError::Refused(_)) => {
                assert!(row.violations.iter().any(|v| v == "nul"), "{}", row.file);
            }
            Err(AcceptError::Limit(limit)) => panic!("{}: {limit}", row.file),
        }
    }
}

#[test]
fn an_edit_changes_one_line_of_any_file() {
    for row in rows() {
        let Ok(mut session) = Session::parse(&row.text) else { continue };
        let Some(index) = session.lines().position(|line| line.attribute().is_some()) else {
            continue;
        };
        let before: Vec<_> =
            session.lines().map(|l| (l.content().to_vec(), l.line_end().to_vec())).collect();
        session.replace_line(index, "a=changed").unwrap();
        let bytes = session.to_bytes().into_owned();
        let again = Session::parse(&bytes).unwrap();
        let after: Vec<_> =
            again.lines().map(|l| (l.content().to_vec(), l.line_end().to_vec())).collect();
        assert_eq!(after.len(), before.len(), "{}", row.file);
        for (number, (old, new)) in before.iter().zip(&after).enumerate() {
            if number == index {
                assert_eq!(new.0, b"a=changed", "{}", row.file);
                assert_eq!(new.1, old.1, "{}", row.file);
            } else {
                assert_eq!(old, new, "{}", row.file);
            }
        }
    }
}

#[test]
fn an_anonymised_file_has_the_findings_of_the_file() {
    let mut wrong = Vec::new();
    for row in rows() {
        let Ok(session) = Session::parse(&row.text) else { continue };
        let safe = session.anonymised().unwrap();
        assert_eq!(safe.media_count(), session.media_count(), "{}", row.file);
        assert_eq!(safe.line_count(), session.line_count(), "{}", row.file);
        let findings = |session: &Session<'_>| {
            let all = session.diagnostics();
            let mut all: Vec<_> = all.iter().map(|found| (found.line, found.code)).collect();
            all.sort_unstable();
            all
        };
        let (before, after) = (findings(&session), findings(&safe));
        if before != after {
            let lost = before.iter().filter(|finding| !after.contains(finding));
            let made = after.iter().filter(|finding| !before.contains(finding));
            let told = lost.map(|f| (f, '-')).chain(made.map(|f| (f, '+')));
            for (finding, sign) in told.take(4) {
                let line = |session: &Session<'_>| {
                    let line = session.line(finding.0 as usize - 1);
                    line.map(|l| String::from_utf8_lossy(l.content()).into_owned())
                };
                wrong.push(format!(
                    "{}: {sign}{finding:?}\n  {:?}\n  {:?}",
                    row.file,
                    line(&session),
                    line(&safe)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_normalised_file_is_no_worse_and_does_not_change_again() {
    for row in rows() {
        let Ok(session) = Session::parse(&row.text) else { continue };
        let normal = session.normalised().unwrap();
        assert_eq!(normal.normalised().unwrap(), normal, "{}", row.file);
        assert_eq!(normal.media_count(), session.media_count(), "{}", row.file);
        for policy in Policy::ALL {
            let (before, after) = (session.check(policy), normal.check(policy));
            assert!(before.is_err() || after.is_ok(), "{}: {after:?}", row.file);
        }
    }
}
