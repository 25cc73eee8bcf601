//! The committed header is the one that belongs to the code.
use spool_ice::{ABI_VERSION, ADDRESS_TEXT_MAX};
use std::{fs, path::Path};

#[test]
fn the_header_says_what_the_code_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("its settings");
    let bindings = cbindgen::generate_with_config(root, config).expect("the code is understood");
    let mut generated = Vec::new();
    bindings.write(&mut generated);
    let generated = String::from_utf8(generated).expect("a header is text");

    let committed = root.join("include/spool_ice.h");
    if std::env::var_os("WRITE_HEADER").is_some() {
        fs::write(&committed, &generated).expect("it is written");
    }
    let read = fs::read_to_string(&committed).expect("a header is committed");
    assert!(read == generated, "it is old: WRITE_HEADER=1 cargo test -p ice-capi the_header");

    for line in [
        format!("#define SPOOL_ICE_ABI_VERSION {ABI_VERSION}\n"),
        format!("#define SPOOL_ICE_ADDRESS_TEXT_MAX {ADDRESS_TEXT_MAX}\n"),
    ] {
        assert!(read.contains(&line), "{line}");
    }
}
