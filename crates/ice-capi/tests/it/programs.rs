//! The programs under `examples` do what they say, in the languages they are written in.
use crate::tools::{have, library, module, succeed};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Compiles an example without a warning.
fn compile(name: &str, into: &Path) -> PathBuf {
    let program = into.join(name);
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-I"]);
    cc.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"));
    cc.arg(example(name).with_extension("c")).arg(&library().fixed);
    cc.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program);
    succeed(&mut cc);
    program
}

#[test]
fn two_agents_of_a_c_program_connect_and_valgrind_finds_nothing() {
    if !have(&["cc", "valgrind"]) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let program = compile("two_agents", directory.path());
    let expected = "alice settled after 100 ms\nbob settled after 75 ms\n\
                    bob heard: hello from alice\nalice heard: hello from bob\n";
    let sorted = |said: &str| {
        let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&succeed(&mut Command::new(&program))), sorted(expected));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--leak-check=full", "--error-exitcode=1"]).arg(&program);
    assert_eq!(sorted(&succeed(&mut valgrind)), sorted(expected));
}

#[test]
fn two_agents_of_a_c_program_connect_over_real_sockets() {
    if !have(&["cc", "valgrind"]) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let program = compile("loopback", directory.path());
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--leak-check=full", "--error-exitcode=1"]).arg(&program);
    for said in [succeed(&mut Command::new(&program)), succeed(&mut valgrind)] {
        assert!(said.contains("alice heard: hello from bob\n"), "{said}");
        assert!(said.contains("bob heard: hello from alice\n"), "{said}");
    }
}

#[test]
fn two_agents_of_a_python_program_connect() {
    if !have(&["python3"]) {
        return;
    }
    let mut python = Command::new("python3");
    let said = succeed(python.arg(example("two_agents.py")).arg(&library().shared));
    assert!(said.contains("alice heard: hello from bob\n"), "{said}");
    assert!(said.contains("bob heard: hello from alice\n"), "{said}");
    assert!(said.contains("connected directly\n"), "{said}");
}

#[test]
fn two_agents_inside_a_module_connect_in_node() {
    if !have(&["node"]) {
        return;
    }
    let Some(module) = module() else { return };
    let said = succeed(Command::new("node").arg(example("two_agents.mjs")).arg(module));
    assert!(said.contains("alice settled after 100 ms\n"), "{said}");
    assert!(said.contains("bob settled after 75 ms\n"), "{said}");
    assert!(said.contains("alice heard: hello from bob\n"), "{said}");
    assert!(said.contains("bob heard: hello from alice\n"), "{said}");
}
