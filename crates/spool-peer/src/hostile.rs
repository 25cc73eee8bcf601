//! Ends that do not mean well, against the real other end: what each of them cannot do.
mod receivers;
mod senders;

use crate::{Link, Meeting, Purpose, Side};
use spool::Agent;
use std::time::Duration;

/// No step takes longer.
async fn bounded<F: Future>(future: F) -> F::Output {
    let done = tokio::time::timeout(Duration::from_secs(20), future).await;
    done.unwrap_or_else(|_| panic!("it does not end"))
}

/// Two ends that have met over the loopback interface: the inviter first.
async fn links(purpose: Purpose) -> [Link; 2] {
    let builder = || Agent::builder().address([127, 0, 0, 1].into());
    let mut inviter = Meeting::new(builder(), Side::Inviter).await.unwrap();
    let mut guest = Meeting::new(builder(), Side::Guest).await.unwrap();
    let (ours, theirs) = (inviter.invitation().await.unwrap(), guest.invitation().await.unwrap());
    inviter.hear(&theirs).await.unwrap();
    guest.hear(&ours).await.unwrap();
    let both = async {
        tokio::join!(inviter.connect(&theirs, purpose, None), guest.connect(&ours, purpose, None))
    };
    let (inviter, guest) = bounded(both).await;
    [inviter.unwrap(), guest.unwrap()]
}

#[tokio::test]
async fn both_see_the_same_words_and_keep_the_same_secret() {
    let [inviter, guest] = links(Purpose::Pipe).await;
    assert_eq!(inviter.words(), guest.words());
    assert_eq!(inviter.words().split(' ').count(), 4);
    assert_eq!(inviter.secret().unwrap(), guest.secret().unwrap());
    assert!(!inviter.proves([7; 32]), "nothing was told to be resumed");
}
