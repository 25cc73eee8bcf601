//! `spool sim`: scenarios, populations and presets.
use crate::program::{run, spool};
use serde_json::Value;
use std::{fs, path::PathBuf, process::Command};
use tempfile::TempDir;

const MEET: &str = "\
seed 7
nat home linux delay 8ms
nat flat port-restricted-cone
host alice behind home
host bob behind flat
host server on internet runs stun
connect alice bob
";

/// A directory with a scenario in it.
fn scenario(text: &str) -> (TempDir, String) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("test.scn");
    fs::write(&path, text).unwrap();
    let path = path.into_os_string().into_string().unwrap();
    (dir, path)
}

/// What is printed by a run that may compute for a while.
fn json(args: &[&str]) -> Value {
    let ended = spool(args).output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    serde_json::from_slice(&ended.stdout).unwrap()
}

#[test]
fn hosts_of_a_scenario_connect_and_the_same_seed_does_the_same() {
    let (_dir, path) = scenario(MEET);
    let one = json(&["sim", &path, "--json"]);
    assert_eq!(one["connections"][0]["connected"], true);
    assert_eq!(one["connections"][0]["direct"], true);
    assert_eq!(one["connections"][0]["local"]["type"], "srflx");
    assert!(one["connections"][0]["time_to_connect_ms"].as_f64().unwrap() < 200.0);
    assert_eq!(one["trace_hash"], json(&["sim", &path, "--json"])["trace_hash"]);
    let other = json(&["sim", &path, "--json", "--seed", "8"]);
    assert_eq!(other["seed"], 8);
    assert_ne!(one["trace_hash"], other["trace_hash"]);
    let told = run(&["sim", &path]).out;
    assert!(told[0].starts_with("alice - bob   direct after "), "{told:?}");
}

#[test]
fn a_phone_without_ipv4_learns_its_address_from_a_server_that_relays() {
    let text = MEET.replace("port-restricted-cone", "nat64").replace("runs stun", "runs turn");
    let (_dir, path) = scenario(&text);
    let met = json(&["sim", &path, "--json"]);
    assert_eq!(met["connections"][0]["direct"], true, "{met}");
}

#[test]
fn a_server_that_relays_helps_where_nats_do_not() {
    let text = MEET.replace("linux", "symmetric").replace("port-restricted-cone", "symmetric");
    let (_dir, path) = scenario(&text);
    let ended = run(&["sim", &path]);
    assert_eq!(ended.code(), Some(2), "{ended:?}");
    assert_eq!(ended.last_line(), "spool: alice and bob could not connect");
    assert_eq!(ended.out[0], "alice - bob   not connected");
    fs::write(&path, text.replace("runs stun", "runs turn")).unwrap();
    let relayed = json(&["sim", &path, "--json"]);
    assert_eq!(relayed["connections"][0]["direct"], false);
}

#[test]
fn without_connect_all_agents_connect() {
    let text = "host a on internet runs agent\nhost b on internet runs agent\n\
                host c on internet runs agent\nhost d on internet\n";
    let (_dir, path) = scenario(text);
    let all = json(&["sim", &path, "--json"]);
    let names = |n: usize| {
        let link = &all["connections"][n];
        (link["offers"].as_str().unwrap().to_owned(), link["answers"].as_str().unwrap().to_owned())
    };
    assert_eq!(all["connections"].as_array().unwrap().len(), 3);
    assert_eq!(names(1), ("a".to_owned(), "c".to_owned()));
}

#[test]
fn faults_happen_and_are_told() {
    let (_dir, path) = scenario(&format!("{MEET}duration 60s\nat 10s roam bob on internet\n"));
    let run = json(&["sim", &path, "--json"]);
    assert_eq!(run["elapsed_ms"], 60_000.0);
    let story = run["story"].as_array().unwrap();
    let text = |text: &str| story.iter().find(|line| line["text"] == text).map(|l| &l["at_ms"]);
    assert_eq!(text("roam bob on internet").unwrap(), 10_000.0);
    assert!(story.iter().any(|line| line["text"].as_str().unwrap().contains("needs a restart")));
    assert!(story.iter().any(|line| line["text"].as_str().unwrap().contains("restarts ICE")));
    let states = ["completed", "completed"].map(serde_json::Value::from);
    assert_eq!(run["connections"][0]["states"].as_array().unwrap()[..], states);
}

#[test]
fn a_scenario_at_fault_is_named_with_its_line() {
    let cases = [
        (
            "nat home kinux",
            "line 1: \"kinux\" means nothing here: no NAT preset has this name; there are rfc4787, \
             full-cone, restricted-cone, port-restricted-cone, symmetric, carrier-block, \
             mobile-carrier, enterprise, firewall, linux, linux-random, linux-open, nat64, \
             udp-blocked, tcp-443",
        ),
        ("host a on internet\nat 1s reboot a", "line 2: a is not a NAT"),
        (
            "\nhost a on internet runs dns",
            "line 2: \"dns\" means nothing here; expected agent, stun or turn",
        ),
        ("host a on internet\nconnect a a", "line 2: a cannot connect to itself"),
        (
            "host a on internet runs stun\nhost b on internet\nconnect b a",
            "line 3: a is a server, and runs no agent",
        ),
        ("", "nobody is to connect; add a line such as: connect alice bob"),
    ];
    for (text, fault) in cases {
        let (_dir, path) = scenario(text);
        let ended = run(&["sim", &path]);
        assert_eq!(ended.code(), Some(64), "{ended:?}");
        assert_eq!(ended.err, [format!("spool: {path}: {fault}")]);
        assert!(ended.out.is_empty());
    }
}

#[test]
fn files_that_cannot_be_had_are_named() {
    let (dir, path) = scenario(MEET);
    let ended = run(&["sim", "/nonexistent.scn"]);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.last_line().starts_with("spool: /nonexistent.scn: "), "{ended:?}");
    let out = dir.path().join("no/such/dir.pcapng").into_os_string().into_string().unwrap();
    let ended = run(&["sim", &path, "--pcap", &out]);
    assert_eq!(ended.code(), Some(1));
    assert!(ended.last_line().starts_with(&format!("spool: {out}: ")), "{ended:?}");
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    for args in [
        &["sim"][..],
        &["sim", "x.scn", "--population"],
        &["sim", "--list", "--conformance", "linux"],
        &["sim", "x.scn", "--pairs", "5"],
        &["sim", "--population", "--pairs", "0"],
        &["sim", "--population", "--pcap", "x"],
        &["sim", "--conformance", "kinux"],
    ] {
        assert_eq!(run(args).code(), Some(64), "{args:?}");
    }
}

/// Where tshark is installed, it must find nothing malformed, and our comments.
#[test]
fn a_run_leaves_a_capture_and_a_page() {
    let (dir, path) = scenario(MEET);
    let out = |name: &str| -> PathBuf { dir.path().join(name) };
    let (pcap, html) = (out("run.pcapng"), out("run.html"));
    let args = ["sim", &path, "--pcap", pcap.to_str().unwrap(), "--html", html.to_str().unwrap()];
    assert_eq!(run(&args).code(), Some(0));
    let page = fs::read_to_string(&html).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for part in ["alice - bob   direct", "<svg", ">home</text>", "host bob behind flat"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=") && !page.contains("href="), "it loads nothing");
    let read = |filter: &str| {
        let mut command = Command::new("tshark");
        let fields = ["-T", "fields", "-e", "frame.interface_name", "-e", "frame.comment"];
        command.arg("-r").arg(&pcap).args(["-Y", filter]).args(fields).output()
    };
    let Ok(all) = read("stun") else {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "tshark is not installed");
        eprintln!("skipped: tshark is not installed");
        return;
    };
    let all = String::from_utf8_lossy(&all.stdout).into_owned();
    assert!(all.contains("alice\t") && all.contains("home outside\t"), "{all}");
    assert!(all.contains("dropped: "), "{all}");
    assert_eq!(read("_ws.malformed").unwrap().stdout, b"");
}

#[test]
fn a_population_connects_but_for_those_without_udp() {
    let sum = json(&["sim", "--population", "--pairs", "150", "--json"]);
    assert_eq!((&sum["pairs"], &sum["seed"]), (&150.into(), &1.into()));
    let share = |what: &str| sum["endings"][what].as_u64().unwrap();
    assert!((100..150).contains(&share("direct")), "{sum}");
    assert!((10..50).contains(&share("relayed")), "{sum}");
    assert_eq!(share("direct") + share("relayed") + share("never"), 150);
    let classes = sum["hosts_by_class"].as_object().unwrap();
    for (class, counts) in classes.iter().filter(|(class, _)| *class != "TCP 443 only") {
        let connected = counts["direct"].as_u64().unwrap() + counts["relayed"].as_u64().unwrap();
        assert!(connected > 0, "{class}: {counts}");
    }
    let tcp = &sum["hosts_by_class"]["TCP 443 only"];
    assert_eq!((&tcp["direct"], &tcp["relayed"]), (&0.into(), &0.into()));
    assert_eq!(sum, json(&["sim", "--population", "--pairs", "150", "--json"]));
}

#[test]
fn presets_are_listed_and_tried() {
    let list = run(&["sim", "--list"]).out;
    assert!(list.iter().any(|line| line.starts_with("linux ")), "{list:?}");
    let names = json(&["sim", "--list", "--json"]);
    assert_eq!(names.as_array().unwrap().len(), list.len());
    let report = run(&["sim", "--conformance", "symmetric"]).out;
    let mapping = report.iter().find(|line| line.contains("RFC 4787 REQ-1 ")).unwrap();
    assert!(mapping.starts_with("FAILED"), "{mapping}");
    let report = json(&["sim", "--conformance", "rfc4787", "--json"]);
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 50 && findings.iter().all(|finding| finding["outcome"] != "failed"));
}
