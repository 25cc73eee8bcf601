//! `cargo xtask`: the automation of this workspace.
fn main() {}
