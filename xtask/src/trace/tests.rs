//! Every check of trace is broken here once, and found.

use std::collections::BTreeMap;

use super::cite::{self, find};
use super::listing::{self, Listing, Program};
use super::table::{self, Level, State};
use super::{Spec, check_ratchet, counts, lowered, read_ratchet, readme, totals};

fn parse(row: &str) -> (usize, Vec<String>) {
    let mut problems = Vec::new();
    let head = "| id | level | requirement | state | tests |\n|---|---|---|---|---|\n";
    let rows = table::parse("a.md", &format!("# Title\n\n{head}{row}\n"), &mut problems);
    (rows.len(), problems)
}

fn spec(rows: &str) -> Spec {
    let mut problems = Vec::new();
    let rows = table::parse("a.md", rows, &mut problems);
    assert_eq!(problems, [""; 0]);
    Spec { package: "stun-proto".into(), rfc: "rfc8489".into(), rows }
}

#[test]
fn a_row_has_an_id_a_level_a_requirement_a_state_and_tests() {
    for good in [
        "| R8489-5-1 | MUST | is so | tested | `it::a::b`, `c::tests::d` |",
        "| R8489-7.3.1-2 | SHOULD NOT | a \\| b | typed | |",
        "| R8489-B-1 | MAY | is so | todo |  |",
        "| R8489-5-1 | RECOMMENDED | is so | declined: needs DNS | |",
    ] {
        assert_eq!(parse(good), (1, vec![]), "{good}");
    }
    for bad in [
        "| R8489-5-1 | MUST | is so | todo |",
        "| R8489-5-1 | MUST | is | so | todo | |",
        "| 8489-5-1 | MUST | is so | todo | |",
        "| R8489-5 | MUST | is so | todo | |",
        "| R8489-5-1 | MUSTN'T | is so | todo | |",
        "| R8489-5-1 | MUST |  | todo | |",
        "| R8489-5-1 | MUST | is so | done | |",
        "| R8489-5-1 | MUST | is so | declined | |",
        "| R8489-5-1 | MUST | is so | declined: | |",
        "| R8489-5-1 | MUST | is so | tested | |",
    ] {
        let (rows, problems) = parse(bad);
        assert_eq!((rows, problems.len()), (0, 1), "{bad}: {problems:?}");
    }
}

#[test]
fn what_a_row_says_is_read() {
    let spec = spec("| R8489-5-1 | MUST NOT | is so | tested | `it::a::b`, `c::d`<br>`e` |\n");
    let row = &spec.rows[0];
    assert_eq!((row.level, row.state), (Level::Must, State::Tested));
    assert_eq!(row.tests, ["it::a::b", "c::d", "e"]);
    assert_eq!(row.place, "a.md:1");
}

#[test]
fn ids_are_unique_and_of_their_rfc() {
    let row = "| R8489-5-1 | MUST | is so | todo | |\n";
    let mut problems = Vec::new();
    table::check_ids(&[spec(row)], &mut problems);
    assert_eq!(problems.len(), 0);
    table::check_ids(&[spec(&row.repeat(2))], &mut problems);
    assert_eq!(problems.len(), 1, "{problems:?}");
    table::check_ids(&[spec("| R8656-5-1 | MUST | is so | todo | |\n")], &mut problems);
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn a_test_that_does_not_exist_is_found() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let listing = Listing::from([
        ("stun-proto".to_owned(), names(&["it::a::b", "c::tests::d"])),
        ("nat-sim".to_owned(), names(&["e::f"])),
    ]);
    let problems_of = |state: &str, tests: &str| {
        let mut problems = Vec::new();
        let row = format!("| R8489-5-1 | MUST | is so | {state} | {tests} |\n");
        listing::check(&[spec(&row)], &listing, &mut problems);
        problems.len()
    };
    let problems = |tests: &str| problems_of("tested", tests);
    assert_eq!(problems("`it::a::b`, `c::tests::d`, `nat-sim/e::f`"), 0);
    assert_eq!(problems("`a::b`"), 1, "an integration test carries its program's name");
    assert_eq!(problems("`it::a::b`, `it::a::gone`"), 1);
    assert_eq!(problems("`e::f`"), 1, "a test of another crate carries the crate's name");
    assert_eq!(problems("`no-such-crate/e::f`"), 1);
    assert_eq!(problems_of("typed", "`gone`"), 1);
    assert_eq!(problems_of("todo", "`gone`"), 0, "a test may be planned");
}

#[test]
fn the_messages_of_cargo_are_read() {
    let message = |kind: &str, name: &str, test: bool, executable: &str| {
        format!(
            "{{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///a/stun-proto#0.1.0\",\
             \"manifest_path\":\"/a/Cargo.toml\",\"target\":{{\"kind\":[\"{kind}\"],\
             \"crate_types\":[\"bin\"],\"name\":\"{name}\",\"src_path\":\"/a/b.rs\",\"test\":true}},\
             \"profile\":{{\"opt_level\":\"0\",\"test\":{test}}},\"executable\":{executable}}}"
        )
    };
    let unit = Program::from_message(&message("lib", "stun_proto", true, "\"/t/a-1\"")).unwrap();
    assert_eq!((unit.package.as_str(), unit.integration), ("stun-proto", false));
    let it = Program::from_message(&message("test", "it", true, "\"/t/it-1\"")).unwrap();
    assert_eq!((it.target.as_str(), it.integration, it.path.as_str()), ("it", true, "/t/it-1"));
    assert_eq!(Program::from_message(&message("lib", "stun_proto", false, "null")), None);
    assert_eq!(Program::from_message(&message("bin", "spool", false, "\"/t/spool\"")), None);
}

#[test]
fn open_musts_may_only_fall() {
    let one = "| R8489-5-1 | MUST | is so | todo | |\n| R8489-5-2 | SHOULD | is so | todo | |\n";
    let specs = [spec(one)];
    let problems = |ratchet: &str| {
        let mut problems = Vec::new();
        check_ratchet(&specs, &read_ratchet(ratchet), &mut problems);
        problems.len()
    };
    assert_eq!(problems("# comment\nstun-proto rfc8489 1\n"), 0);
    assert_eq!(problems("stun-proto rfc8489 0\n"), 1, "it rose");
    assert_eq!(problems("stun-proto rfc8489 2\n"), 1, "it fell and the ratchet does not know");
    assert_eq!(problems(""), 1, "a new table");
    let held = |count| BTreeMap::from([("stun-proto rfc8489".to_owned(), count)]);
    assert!(lowered(&specs, &held(2)).contains("stun-proto rfc8489 1\n"));
    assert!(lowered(&specs, &held(0)).contains("stun-proto rfc8489 0\n"), "never raised");
}

#[test]
fn a_citation_without_a_table_is_found() {
    let text = "// RFC 8489 §7.3.1, RFC 5389 §15.1 and RFC 768\n/// See RFC 8656 §9.\n";
    let citations = find("a.rs", text);
    let rfcs: Vec<&str> = citations.iter().map(|citation| citation.rfc.as_str()).collect();
    assert_eq!(rfcs, ["rfc8489", "rfc5389", "rfc8656"]);
    let mut problems = Vec::new();
    cite::check(&citations, &[spec("")], &mut problems);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].starts_with("a.rs:2: "));
}

#[test]
fn the_readme_shows_the_counts() {
    let counts = counts(&[spec("| R8489-5-1 | MUST | is so | todo | |\n")]);
    assert!(counts.contains("| [8489](rfc8489.md) | 1 | 0 | 0 | 0 | 1 | 1 |"), "{counts}");
    let readme = "a\n<!-- trace: begin -->\nold\n<!-- trace: end -->\nb\n";
    let updated = readme::updated(readme, &counts).unwrap();
    assert!(updated.starts_with("a\n") && updated.ends_with("\nb\n") && !updated.contains("old"));
    assert_eq!(readme::updated(&updated, &counts).as_deref(), Some(updated.as_str()));
    assert_eq!(readme::updated("no marks", &counts), None);
    let totals = totals(&[spec("| R8489-5-1 | MUST | is so | todo | |\n")]);
    assert!(totals.starts_with("1 requirements in 1 tables: 0 are tested,"), "{totals}");
}
