//! The program `spool`.
fn main() {}
