//! Calls that make no sense: exit status 64, and advice.
use crate::program::{Ended, run};

fn refused(args: &[&str]) -> Ended {
    let ended = run(args);
    assert_eq!(ended.code(), Some(64), "{args:?}: {ended:?}");
    assert!(ended.out.is_empty(), "{ended:?}");
    ended
}

#[test]
fn unknown_flags_and_commands_exit_with_64() {
    refused(&["offer", "--frobnicate"]);
    refused(&["offfer"]);
    refused(&[]);
}

#[test]
fn help_and_version_exit_with_0() {
    for args in [&["--help"][..], &["--version"], &["offer", "--help"]] {
        let ended = run(args);
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        assert!(!ended.out.is_empty());
    }
}

#[test]
fn shells_complete_each_command_and_each_has_a_page() {
    let help = run(&["--help"]);
    let commands: Vec<&str> = help
        .out
        .iter()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.contains(&"turn-server"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).out.join("\n");
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("relay-only"), "{shell}");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    assert_eq!(run(&["man", "--out", path]).code(), Some(0));
    for command in &commands {
        let page = std::fs::read_to_string(dir.path().join(format!("spool-{command}.1"))).unwrap();
        assert!(page.contains("spool") && page.contains(".SH"), "{page}");
    }
    assert!(run(&["man"]).out.iter().any(|line| line.contains(".SH SYNOPSIS")));
    let missing = run(&["man", "--out", "/nowhere/at/all"]);
    assert_eq!(missing.code(), Some(1));
    assert!(missing.last_line().contains("/nowhere/at/all"), "{missing:?}");
}

#[test]
fn a_turn_server_needs_an_account_and_an_account_a_turn_server() {
    let without = refused(&["offer", "--turn", "127.0.0.1:3478"]);
    assert!(without.err.iter().any(|line| line.contains("--user")), "{without:?}");
    refused(&["answer", "--turn", "127.0.0.1:3478", "--user", "a"]);
    refused(&["answer", "--user", "a", "--password", "b"]);
}

#[test]
fn the_policy_relay_needs_a_relay() {
    let ended = refused(&["offer", "--policy", "relay"]);
    assert!(ended.last_line().contains("--turn"), "{ended:?}");
    refused(&["offer", "--policy", "none"]);
}

#[test]
fn the_two_descriptions_need_two_files() {
    let ended = refused(&["answer", "--in", "both.sdp", "--out", "both.sdp"]);
    assert!(ended.last_line().contains("same file"), "{ended:?}");
}

#[test]
fn servers_and_times_are_checked() {
    let port = refused(&["offer", "--stun", "127.0.0.1:port"]);
    assert!(port.err.iter().any(|line| line.contains("HOST:PORT")), "{port:?}");
    let secure = refused(&["offer", "--stun", "stuns:a.example"]);
    assert!(secure.err.iter().any(|line| line.contains("UDP only")), "{secure:?}");
    refused(&["offer", "--timeout", "soon"]);
    for (flag, value) in [("--linger", "-1"), ("--timeout", "-1"), ("--timeout", "0")] {
        let time = refused(&["offer", flag, value]);
        assert!(time.err.iter().any(|line| line.contains(&format!("'{value}'"))), "{time:?}");
        assert!(!time.err.iter().any(|line| line.contains("unexpected")), "{time:?}");
    }
    let listen = refused(&["turn-server", "--listen", "foo"]);
    assert!(listen.err.iter().any(|line| line.contains("ADDRESS:PORT")), "{listen:?}");
    refused(&["offer", "--linger", "1e18"]);
    refused(&["offer", "--timeout", "NaN"]);
}
