use super::{Modified, Source, SourceError};
use std::{
    fs,
    io::Read,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("photos");
    fs::create_dir_all(root.join("empty")).unwrap();
    fs::create_dir_all(root.join("2024")).unwrap();
    fs::write(root.join("2024/b.jpg"), b"bee").unwrap();
    fs::write(root.join("2024/a.jpg"), b"a").unwrap();
    fs::write(root.join(".hidden"), b"").unwrap();
    dir
}

fn paths(source: &Source) -> Vec<String> {
    source.manifest().listing().map(|listed| listed.path).collect()
}

#[test]
fn a_folder_is_walked_in_order_and_its_files_open() {
    let dir = tree();
    let source = Source::scan(&[dir.path().join("photos")]).unwrap();
    let all = ["photos", "photos/.hidden", "photos/2024", "photos/2024/a.jpg", "photos/2024/b.jpg"];
    assert_eq!(paths(&source), [&all[..], &["photos/empty"]].concat());
    let mut contents = Vec::new();
    for file in source.files() {
        let mut text = String::new();
        file.open(source.manifest()).unwrap().read_to_string(&mut text).unwrap();
        contents.push(text);
    }
    assert_eq!(contents, ["", "a", "bee"]);
}

#[test]
fn two_of_one_name_and_none_at_all_are_told() {
    let dir = tree();
    let at = |path: &str| dir.path().join(path);
    fs::write(at("a.jpg"), b"another").unwrap();
    let twice = Source::scan(&[at("a.jpg"), at("photos/2024/a.jpg")]).unwrap_err();
    assert!(matches!(twice, SourceError::Twice(ref name) if name == "a.jpg"), "{twice}");
    let none = Source::scan(&[at("nothing")]).unwrap_err();
    assert!(matches!(none, SourceError::Read { .. }), "{none}");
    let root = Source::scan(&[PathBuf::from("/")]).unwrap_err();
    assert!(matches!(root, SourceError::Name { .. }), "{root}");
}

#[test]
#[cfg(unix)]
fn links_in_a_folder_are_left_out_and_one_that_is_named_is_followed() {
    let dir = tree();
    let at = |path: &str| dir.path().join(path);
    std::os::unix::fs::symlink("/etc/passwd", at("photos/link")).unwrap();
    std::os::unix::fs::symlink(at("photos/2024"), at("this-year")).unwrap();
    let source = Source::scan(&[at("photos"), at("this-year")]).unwrap();
    let [skipped] = source.skipped() else { panic!("{:?}", source.skipped()) };
    assert_eq!((skipped.path.to_str(), &*skipped.why), (Some("photos/link"), "it is a link"));
    assert!(paths(&source).contains(&"this-year/a.jpg".to_owned()), "{:?}", paths(&source));
    let open = source.files().filter(|file| file.open(source.manifest()).is_ok());
    assert_eq!(open.count(), 5);
}

#[test]
#[cfg(unix)]
fn a_folder_that_became_a_link_since_leads_nowhere() {
    let dir = tree();
    let at = |path: &str| dir.path().join(path);
    let source = Source::scan(&[at("photos")]).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("a.jpg"), b"s").unwrap();
    fs::write(elsewhere.path().join("b.jpg"), b"sec").unwrap();
    fs::remove_dir_all(at("photos/2024")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), at("photos/2024")).unwrap();
    let opened = source.files().filter(|file| file.open(source.manifest()).is_ok()).count();
    assert_eq!(opened, 1, "the hidden file alone");
}

#[test]
fn what_changed_since_is_not_sent() {
    let dir = tree();
    let source = Source::scan(&[dir.path().join("photos")]).unwrap();
    let file = source.files().last().unwrap();
    let open = file.open(source.manifest()).unwrap();
    assert!(file.has_stayed(source.manifest(), &open));
    fs::write(dir.path().join("photos/2024/b.jpg"), b"longer").unwrap();
    assert!(!file.has_stayed(source.manifest(), &open));
    assert!(file.open(source.manifest()).is_err());
}

#[test]
fn times_before_and_after_1970_come_back() {
    for nanos in [0_u64, 1, 999_999_999, 1_000_000_000, 1_500_000_000] {
        let span = Duration::from_nanos(nanos);
        for time in [UNIX_EPOCH + span, UNIX_EPOCH - span] {
            assert_eq!(Modified::from(time).time(), time);
        }
    }
    let far = Modified { seconds: i64::MAX, nanos: u32::MAX };
    assert_eq!(far.time(), UNIX_EPOCH);
}
