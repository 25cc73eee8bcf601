//! A cfg that a peer of the simulator wants; it comes from RUSTFLAGS.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(madsim)");
}
