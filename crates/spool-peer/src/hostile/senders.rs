//! Senders that lie, towards a receiver that follows the protocol.
use super::{bounded, links};
use crate::{
    Existing, Link, LinkError, ManifestFault, Outcome, Purpose, Receiving, Report, TransferError,
    manifest::{Entry, Kind, Modified},
    message::{Message, Offer},
    transfer::PieceHead,
    tree,
};
use std::{fs, path::Path};

const THEN: Modified = Modified { seconds: 1_000_000_000, nanos: 0 };

fn file(depth: u8, name: &str, size: u64) -> Entry {
    let kind = Kind::File { size, executable: false };
    Entry { depth, name: name.into(), modified: THEN, kind }
}

fn folder(depth: u8, name: &str) -> Entry {
    Entry { depth, name: name.into(), modified: THEN, kind: Kind::Folder }
}

/// What becomes of an offer whose data is what `send` makes of it.
async fn receive(
    offer: Offer,
    entries: Vec<Entry>,
    data: Vec<u8>,
    target: &Path,
) -> Result<Outcome, TransferError> {
    let [mut sender, receiver] = links(Purpose::Files).await;
    let lie = async {
        let _ = sender.control.tell(&Message::Offer(offer)).await;
        let _ = sender.control.tell(&Message::Page(entries)).await;
        loop {
            match sender.control.hear().await {
                Ok(Message::Go) => break,
                Ok(Message::Have(_) | Message::Progress(_)) => {}
                // it is not wanted, and nobody waits for us
                _ => return sender.connection.close(0_u32.into(), b""),
            }
        }
        let Ok(mut stream) = sender.connection.open_uni().await else { return };
        let _ = stream.write_all(&data).await;
        let _ = stream.finish();
        while let Ok(message) = sender.control.hear().await {
            if matches!(message, Message::Done(_) | Message::Refuse(_)) {
                break;
            }
        }
        sender.connection.close(0_u32.into(), b"");
    };
    bounded(async { tokio::join!(accept(receiver, target), lie) }).await.0
}

async fn accept(receiver: Link, target: &Path) -> Result<Outcome, TransferError> {
    let offered = receiver.offered().await?;
    assert_eq!(
        fs::read_dir(target).unwrap().count(),
        0,
        "nothing is written before it is accepted"
    );
    let receiving = Receiving {
        folder: target.to_owned(),
        existing: Existing::Refuse,
        ignore_space: true,
        interrupted: None,
    };
    let (report, mut events, _) = Report::new();
    let listen = async { while events.recv().await.is_some() {} };
    tokio::join!(offered.accept(receiving, report), listen).0
}

fn offer(entries: &[Entry]) -> Offer {
    let sizes = entries.iter().filter_map(|entry| match entry.kind {
        Kind::File { size, .. } => Some(size),
        Kind::Folder => None,
    });
    let (files, bytes) =
        sizes.fold((0, 0_u64), |(files, bytes), size| (files + 1, bytes.wrapping_add(size)));
    Offer { entries: entries.len() as u32, files, bytes, skipped: 0 }
}

/// A file with its pieces and its end, as an honest sender writes it.
fn honest(index: u32, contents: &[u8]) -> Vec<u8> {
    let mut data = [index.to_be_bytes(), 0_u32.to_be_bytes()].concat();
    let size = contents.len() as u64;
    for (number, piece) in contents.chunks(tree::PIECE as usize).enumerate() {
        let proof = tree::prove(size, number as u64, piece);
        data.extend(PieceHead::Piece { len: piece.len(), proof }.encode());
        data.extend(piece);
    }
    data.extend(PieceHead::Whole(Some(*blake3::hash(contents).as_bytes())).encode());
    data
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_one_is_understood() {
    let target = tempfile::tempdir().unwrap();
    let entries = vec![folder(0, "a"), file(1, "b", 5), file(1, "c", 0)];
    let data = [honest(1, b"12345"), honest(2, b"")].concat();
    let outcome = receive(offer(&entries), entries, data, target.path()).await.unwrap();
    assert_eq!(outcome, Outcome { files: 2, failed: 0, bytes: 5 });
    assert_eq!(fs::read(target.path().join("a/b")).unwrap(), b"12345");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_leads_out_or_reaches_a_terminal() {
    for name in
        ["..", ".", "", "/etc/x", "a/../../x", "..\u{0}", "\x1b]0;x\x07", "a\nb", "\u{202e}x"]
    {
        for inner in [false, true] {
            let outside = tempfile::tempdir().unwrap();
            let target = outside.path().join("target");
            fs::create_dir(&target).unwrap();
            let mut entries = if inner { vec![folder(0, "a")] } else { Vec::new() };
            entries.push(file(u8::from(inner), name, 1));
            let received = receive(offer(&entries), entries, honest(0, b"x"), &target).await;
            let Err(TransferError::Manifest(fault @ ManifestFault::Name { .. })) = received else {
                panic!("{name:?}: {received:?}")
            };
            assert!(!fault.to_string().contains(char::is_control), "{fault}");
            assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_manifest_that_lies_is_accepted() {
    let target = tempfile::tempdir().unwrap();
    let one = vec![file(0, "a", 5)];
    let told = offer(&one);
    let lies = [
        (Offer { bytes: 4, ..told }, one.clone()),
        (Offer { files: 2, ..told }, one.clone()),
        (Offer { entries: 1, ..told }, vec![file(0, "a", 5), file(0, "b", 0)]),
        (offer(&[file(0, "a", 1), file(0, "a", 1)]), vec![file(0, "a", 1), file(0, "a", 1)]),
        (offer(&[folder(0, "a"), file(0, "a", 1)]), vec![folder(0, "a"), file(0, "a", 1)]),
        (offer(&[file(0, "a", u64::MAX)]), vec![file(0, "a", u64::MAX)]),
        (offer(&[file(1, "a", 1)]), vec![file(1, "a", 1)]),
    ];
    for (offer, entries) in lies {
        let received = receive(offer, entries.clone(), Vec::new(), target.path()).await;
        assert!(matches!(received, Err(TransferError::Manifest(_))), "{entries:?}: {received:?}");
    }
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}

/// Whatever is wrong with the data: nothing of it appears as a file.
#[tokio::test(flavor = "multi_thread")]
async fn no_data_but_what_was_told_becomes_a_file() {
    let entries = vec![file(0, "a", 5), file(0, "b", 5), folder(0, "c")];
    let piece = |contents: &[u8], proof| {
        [&PieceHead::Piece { len: contents.len(), proof }.encode()[..], contents].concat()
    };
    let (good, a) = (*blake3::hash(b"12345").as_bytes(), [0_u32.to_be_bytes(); 2].concat());
    let end = PieceHead::Whole(None).encode();
    let both = [honest(0, b"12345"), honest(1, b"12345")];
    let lies: [(&str, Vec<u8>); 9] = [
        (
            "a piece that is not what its proof says",
            [&a[..], &piece(b"1234x", good), &end].concat(),
        ),
        ("a piece too long", [&a[..], &piece(b"123456", good), &end].concat()),
        ("a piece too short", [&a[..], &piece(b"1234", good), &end].concat()),
        ("one piece too many", [&a[..], &piece(b"12345", good), &piece(b"12345", good)].concat()),
        ("an end before its time", [&a[..], &end].concat()),
        ("a file out of order", [both[1].clone(), both[0].clone()].concat()),
        ("a file twice", [both[0].clone(), both[0].clone()].concat()),
        ("a folder as a file", [both.concat(), honest(2, b"")].concat()),
        ("a file that was not told", [both.concat(), honest(9, b"12345")].concat()),
    ];
    for (lie, data) in lies {
        let target = tempfile::tempdir().unwrap();
        let received = receive(offer(&entries), entries.clone(), data, target.path()).await;
        let refused = matches!(
            received,
            Err(TransferError::Proof(_) | TransferError::Link(LinkError::Protocol(_)))
        );
        assert!(refused, "{lie}: {received:?}");
        for name in ["a", "b", "c"] {
            assert!(!target.path().join(name).exists(), "{lie}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn a_link_that_was_put_in_the_way_is_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("target");
    fs::create_dir(&target).unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, b"untouched").unwrap();
    std::os::unix::fs::symlink(&victim, target.join("a")).unwrap();
    let [sender, receiver] = links(Purpose::Files).await;
    let source = outside.path().join("a");
    fs::write(&source, b"new").unwrap();
    let send = async {
        let source = crate::Source::scan(&[source]).unwrap();
        let (report, mut events, _) = Report::new();
        let listen = async { while events.recv().await.is_some() {} };
        tokio::join!(sender.send(source, report), listen).0
    };
    let receive = async {
        let offered = receiver.offered().await.unwrap();
        let receiving = Receiving {
            folder: target.clone(),
            existing: Existing::Overwrite,
            ignore_space: false,
            interrupted: None,
        };
        let (report, mut events, _) = Report::new();
        let listen = async { while events.recv().await.is_some() {} };
        tokio::join!(offered.accept(receiving, report), listen).0
    };
    let (sent, received) = bounded(Box::pin(async { tokio::join!(send, receive) })).await;
    sent.unwrap();
    received.unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"untouched");
    assert_eq!(fs::read(target.join("a")).unwrap(), b"new", "the link itself was replaced");
}

/// Messages that make no sense, or too much of them, end the connection and no more.
#[tokio::test(flavor = "multi_thread")]
async fn messages_out_of_place_end_it() {
    let messages =
        [Message::Go, Message::Done(0), Message::Page(Vec::new()), Message::Progress(u64::MAX)];
    for message in messages {
        let [mut sender, receiver] = links(Purpose::Files).await;
        sender.control.tell(&message).await.unwrap();
        let offered = bounded(receiver.offered()).await;
        let refused = matches!(offered, Err(TransferError::Link(LinkError::Protocol(_))));
        assert!(refused, "{message:?}: {offered:?}");
    }
}
