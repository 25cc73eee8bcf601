//! Receivers that want more than was offered, towards a sender that follows the protocol.
use super::{bounded, links};
use crate::{
    LinkError, Outcome, Purpose, Report, Source, TransferError,
    message::{Have, Message, Part},
};
use std::fs;

/// What becomes of a sender of one file of two pieces and one of one byte.
async fn send(wishes: Vec<Message>) -> (Result<Outcome, TransferError>, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("offered");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a"), vec![7; 3 << 19]).unwrap();
    fs::write(root.join("b"), b"b").unwrap();
    fs::write(place.path().join("secret"), b"secret").unwrap();
    let source = Source::scan(&[root]).unwrap();
    let [sender, mut receiver] = links(Purpose::Files).await;
    let (report, mut events, _) = Report::new();
    let listen = async { while events.recv().await.is_some() {} };
    let wish = async {
        for wish in wishes {
            let _ = receiver.control.tell(&wish).await;
        }
        let Ok(mut stream) = receiver.connection.accept_uni().await else { return Vec::new() };
        let data = stream.read_to_end(1 << 24).await.unwrap_or_default();
        let _ = receiver.control.tell(&Message::Done(0)).await;
        while receiver.control.hear().await.is_ok() {}
        data
    };
    let all = async { tokio::join!(sender.send(source, report), listen, wish) };
    let (sent, (), data) = bounded(all).await;
    (sent, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_to_have_is_left_out() {
    let (sent, all) = send(vec![Message::Go]).await;
    assert!(sent.is_ok() && all.len() > 3 << 19, "{} bytes", all.len());
    let has = Message::Have(vec![Have { index: 1, part: Part::Whole(0) }]);
    let (sent, rest) = send(vec![has, Message::Go]).await;
    assert!(sent.is_ok() && rest.len() < 200, "{} bytes", rest.len());
}

/// What differs is sent from its beginning.
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_is_not_ours_is_not_built_upon() {
    let has = |proof| Message::Have(vec![Have { index: 1, part: Part::Pieces(1, proof) }]);
    let (sent, all) = send(vec![has([9; 32]), Message::Go]).await;
    assert!(sent.is_ok() && all.len() > 3 << 19, "{} bytes", all.len());
    let proof = crate::tree::prove(3 << 19, 0, &vec![7; 1 << 20]);
    let (sent, rest) = send(vec![has(proof), Message::Go]).await;
    assert!(sent.is_ok() && (1 << 19..1 << 20).contains(&rest.len()), "{} bytes", rest.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_asked_for_that_was_not_offered() {
    let wishes = [
        Have { index: 3, part: Part::Whole(0) },
        Have { index: 1, part: Part::Whole(u32::MAX) },
        Have { index: 1, part: Part::Pieces(3, [0; 32]) },
        Have { index: 1, part: Part::Pieces(0, [0; 32]) },
        Have { index: 0, part: Part::Pieces(1, [0; 32]) },
        Have { index: u32::MAX, part: Part::Pieces(1, [0; 32]) },
    ];
    for wish in wishes {
        let (sent, data) = send(vec![Message::Have(vec![wish]), Message::Go]).await;
        let refused = matches!(sent, Err(TransferError::Link(LinkError::Protocol(_))));
        assert!(refused && data.is_empty(), "{wish:?}: {sent:?}");
    }
}
