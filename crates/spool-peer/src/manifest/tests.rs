use super::{Entry, Kind, Manifest, ManifestFault, Modified};
use crate::name::NameFault;
use proptest::prelude::*;

const THEN: Modified = Modified { seconds: 1, nanos: 2 };

fn folder(depth: u8, name: &str) -> Entry {
    Entry { depth, name: name.into(), modified: THEN, kind: Kind::Folder }
}

fn file(depth: u8, name: &str, size: u64) -> Entry {
    let kind = Kind::File { size, executable: false };
    Entry { depth, name: name.into(), modified: THEN, kind }
}

fn manifest(entries: &[Entry]) -> Result<Manifest, ManifestFault> {
    let mut manifest = Manifest::default();
    entries.iter().try_for_each(|entry| manifest.push(entry)).map(|()| manifest)
}

#[test]
fn a_tree_is_told_folder_by_folder() {
    let tree = [
        folder(0, "a"),
        file(1, "b", 5),
        folder(1, "c"),
        file(2, "d", 7),
        file(1, "e", 1),
        file(0, "b", 2),
    ];
    let manifest = manifest(&tree).unwrap();
    let paths: Vec<_> = manifest.listing().map(|listed| listed.path).collect();
    assert_eq!(paths, ["a", "a/b", "a/c", "a/c/d", "a/e", "b"]);
    assert_eq!((manifest.len(), manifest.files(), manifest.bytes()), (6, 4, 15));
    assert!(tree.iter().enumerate().all(|(n, entry)| manifest.entry(n as u32) == *entry));
}

#[test]
fn what_is_in_no_folder_is_refused() {
    let depth = |name: &str| Err::<(), _>(ManifestFault::Depth(name.into()));
    assert_eq!(manifest(&[file(1, "a", 0)]).map(drop), depth("a"));
    assert_eq!(manifest(&[file(0, "a", 0), file(1, "b", 0)]).map(drop), depth("b"));
    assert_eq!(manifest(&[folder(0, "a"), file(2, "b", 0)]).map(drop), depth("b"));
    let left = [folder(0, "a"), folder(1, "b"), file(0, "c", 0), file(2, "d", 0)];
    assert_eq!(manifest(&left).map(drop), depth("d"));
}

#[test]
fn no_name_comes_twice_also_not_as_file_and_folder() {
    let order = |name: &str| Err::<(), _>(ManifestFault::Order(name.into()));
    assert_eq!(manifest(&[file(0, "a", 0), file(0, "a", 0)]).map(drop), order("a"));
    assert_eq!(manifest(&[file(0, "a", 0), folder(0, "a")]).map(drop), order("a"));
    assert_eq!(manifest(&[file(0, "b", 0), file(0, "a", 0)]).map(drop), order("a"));
    let again = [folder(0, "a"), file(1, "x", 0), folder(0, "a")];
    assert_eq!(manifest(&again).map(drop), order("a"));
    let elsewhere = [folder(0, "a"), file(1, "x", 0), folder(0, "b"), file(1, "x", 0)];
    assert!(manifest(&elsewhere).is_ok());
}

#[test]
fn each_name_goes_through_the_one_check() {
    for entry in [folder(0, ".."), file(0, "../x", 1), file(0, "/etc/passwd", 1)] {
        let fault = manifest(&[entry]).unwrap_err();
        assert!(matches!(fault, ManifestFault::Name { .. }), "{fault}");
    }
    let fault = manifest(&[folder(0, "a"), file(1, "x\x1b]0;y\x07", 1)]).unwrap_err();
    let name = "x\u{fffd}]0;y\u{fffd}".to_owned();
    assert_eq!(fault, ManifestFault::Name { name, fault: NameFault::Control });
}

#[test]
fn lies_about_sizes_and_depth_have_an_end() {
    let limit = |what| Err::<(), _>(ManifestFault::Limit(what));
    assert_eq!(manifest(&[file(0, "a", u64::MAX)]).map(drop), limit("bytes"));
    assert_eq!(manifest(&[file(0, "a", 1 << 60), file(0, "b", 1)]).map(drop), limit("bytes"));
    let deep: Vec<_> = (0..=64).map(|depth| folder(depth, "a")).collect();
    assert_eq!(manifest(&deep).map(drop), limit("folders in folders"));
}

#[test]
fn what_changed_since_is_seen() {
    let (old, new) = (manifest(&[file(0, "a", 1)]).unwrap(), manifest(&[file(0, "a", 2)]).unwrap());
    assert!(old.has_names_of(&new) && !old.has_entry_of(&new, 0) && old.has_entry_of(&old, 0));
    assert!(!old.has_names_of(&manifest(&[file(0, "b", 1)]).unwrap()));
    assert!(!old.has_names_of(&manifest(&[folder(0, "a")]).unwrap()));
}

proptest! {
    /// Whatever comes: no path leads out, and each is there once.
    #[test]
    fn no_path_leads_out(entries in proptest::collection::vec(
        (0_u8..4, "[a-c./]{0,3}", any::<bool>()), 0..40))
    {
        let mut manifest = Manifest::default();
        for (depth, name, is_folder) in entries {
            let entry = if is_folder { folder(depth, &name) } else { file(depth, &name, 1) };
            let _ = manifest.push(&entry);
        }
        let mut seen = std::collections::HashSet::new();
        for listed in manifest.listing() {
            prop_assert!(!listed.path.starts_with('/'));
            prop_assert!(listed.path.split('/').all(|part| !["", ".", ".."].contains(&part)));
            prop_assert!(seen.insert(listed.path));
        }
    }
}
