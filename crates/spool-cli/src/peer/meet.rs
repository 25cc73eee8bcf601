//! How the two find each other.
use super::{
    failure_of_mailbox, failure_of_meeting,
    paste::{Paste, Streams},
    servers::Servers,
};
use crate::{exit::Failure, status::Status};
use serde_json::json;
use spool_peer::{
    Code, Invitation, Link, MeetError, Meeting, Purpose, RendezvousServer, Side, WORDS_DEFAULT,
};

/// The flags of all commands that meet somebody.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(super) paste: Paste,
    /// Words of the code, from 2 to 16: each makes a guess 256 times less likely
    #[arg(long, value_name = "N", default_value_t = WORDS_DEFAULT as u8)]
    words: u8,
    /// Ask before anything is sent, when it is known who is there
    #[arg(long)]
    pub(super) confirm: bool,
    /// Tell events as JSON lines on stderr
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    servers: Servers,
}

/// What a meeting is for.
#[derive(Clone, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) purpose: Purpose,
    pub(super) streams: Streams,
    /// What the other side is to type.
    pub(super) command: &'a str,
    /// The secret of what was interrupted.
    pub(super) resume: Option<[u8; 32]>,
}

impl Flags {
    pub(super) fn status(&self, command: &str) -> Status {
        let status = Status::new(self.json);
        let details = json!({ "version": super::EVENTS_VERSION, "command": command });
        if self.json {
            status.event("start", details, "");
        }
        status
    }

    /// Invites somebody, and waits until they are there.
    pub(super) async fn invite(
        &self,
        occasion: Occasion<'_>,
        status: Status,
    ) -> Result<Link, Failure> {
        let mut meeting = self.meeting(Side::Inviter).await?;
        if let Way::Rendezvous(server) = self.way()? {
            let inviting = self.invite_by_code(&server, &mut meeting, &occasion, status);
            let theirs = unless_interrupted(Box::pin(inviting)).await?;
            return self.connect(meeting, theirs, occasion, status).await;
        }
        let ours = self.describe(&mut meeting, status).await?;
        self.paste.tell(&ours, Side::Inviter, occasion.command, occasion.streams, status)?;
        meeting.invited().await;
        let theirs = self.paste.hear(occasion.streams, status).await?;
        meeting.hear(&theirs).await.map_err(|error| failure_of_meeting(&error))?;
        self.connect(meeting, theirs, occasion, status).await
    }

    /// Shows a code, and waits for who comes with it, or for who was here before.
    async fn invite_by_code(
        &self,
        server: &RendezvousServer,
        meeting: &mut Meeting,
        occasion: &Occasion<'_>,
        status: Status,
    ) -> Result<Invitation, Failure> {
        let failed = |error| failure_of_mailbox(&error);
        let (mut mailbox, number) = server.open().await.map_err(failed)?;
        let mut secret = vec![0; usize::from(self.words)];
        getrandom::fill(&mut secret)
            .map_err(|error| Failure::NotStarted(format!("no random bytes: {error}")))?;
        let code = Code::new(number, &secret).map_err(|error| Failure::Usage(error.to_string()))?;
        let command = format!("{} --rendezvous {server} {code}", occasion.command);
        let text = format!("On the other computer run:\n\n  {command}\n");
        status.event("code", json!({ "code": code.to_string(), "command": command }), &text);
        if occasion.streams == Streams::Free {
            crate::lines::print(code.to_string().as_bytes());
        }
        let again = occasion.resume.as_ref().map(spool_peer::meeting_place);
        let before = async {
            match again {
                Some((name, secret)) => {
                    let mut mailbox = server.meet(name).await?;
                    mailbox.joined().await.map(|()| (mailbox, secret))
                }
                None => std::future::pending().await,
            }
        };
        let met = tokio::select! {
            joined = mailbox.joined() => {
                joined.map_err(failed)?;
                meeting.exchange(mailbox, &secret, &number.to_be_bytes()).await
            }
            // where those of before cannot meet, the code still works
            Ok((mailbox, secret)) = before => meeting.exchange(mailbox, &secret, AGAIN).await,
        };
        met.map_err(|error| failure_of_meeting(&error))
    }

    /// Comes where somebody invited us.
    pub(super) async fn come(
        &self,
        code: Option<&str>,
        occasion: Occasion<'_>,
        status: Status,
    ) -> Result<Link, Failure> {
        let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
        let theirs: Invitation = match (code, self.way()) {
            (Some(line), _) if line.starts_with("spool1") => {
                line.parse().map_err(|error| usage(&error))?
            }
            (Some(code), way) => {
                // what cannot be a code costs no attempt
                let code: Code = code.parse().map_err(|error| usage(&error))?;
                let Way::Rendezvous(server) = way? else {
                    return Err(Failure::Usage(NO_RENDEZVOUS.into()));
                };
                let mut meeting = self.meeting(Side::Guest).await?;
                let coming = async {
                    let mailbox = server.claim(code.number()).await?;
                    let context = code.number().to_be_bytes();
                    meeting.exchange(mailbox, code.secret(), &context).await
                };
                let theirs = unless_interrupted(met(Box::pin(coming))).await?;
                return self.connect(meeting, theirs, occasion, status).await;
            }
            (None, Ok(Way::Rendezvous(server))) if occasion.resume.is_some() => {
                let (name, secret) =
                    spool_peer::meeting_place(&occasion.resume.unwrap_or_default());
                let mut meeting = self.meeting(Side::Guest).await?;
                status.say("Waiting for the same `spool send` ...");
                let coming = async {
                    let mut mailbox = server.meet(name).await?;
                    mailbox.joined().await?;
                    meeting.exchange(mailbox, &secret, AGAIN).await
                };
                let theirs = unless_interrupted(met(Box::pin(coming))).await?;
                return self.connect(meeting, theirs, occasion, status).await;
            }
            (None, Ok(Way::Paste)) => self.paste.hear(occasion.streams, status).await?,
            (None, way) => {
                way?;
                return Err(Failure::Usage("the code of the other side is missing".into()));
            }
        };
        let mut meeting = self.meeting(Side::Guest).await?;
        meeting.hear(&theirs).await.map_err(|error| failure_of_meeting(&error))?;
        let ours = self.describe(&mut meeting, status).await?;
        self.paste.tell(&ours, Side::Guest, occasion.command, occasion.streams, status)?;
        meeting.invited().await;
        self.connect(meeting, theirs, occasion, status).await
    }

    fn way(&self) -> Result<Way, Failure> {
        if self.paste.wanted {
            return Ok(Way::Paste);
        }
        let known = self.servers.rendezvous()?;
        known.map(Way::Rendezvous).ok_or_else(|| Failure::Usage(NO_RENDEZVOUS.into()))
    }

    async fn meeting(&self, side: Side) -> Result<Meeting, Failure> {
        let meeting = Meeting::new(self.servers.agent()?, side).await;
        meeting.map_err(|error| {
            let advice = match &error {
                MeetError::Build(spool::BuildError::NoAddress) => " (--loopback)",
                _ => "",
            };
            Failure::NotConnected(format!("{error}{advice}"))
        })
    }

    async fn describe(&self, meeting: &mut Meeting, status: Status) -> Result<Invitation, Failure> {
        let ours = meeting.invitation().await.map_err(|error| failure_of_meeting(&error))?;
        for problem in meeting.problems() {
            status.event("problem", json!({ "text": problem }), &format!("  note: {problem}"));
        }
        Ok(ours)
    }

    async fn connect(
        &self,
        meeting: Meeting,
        theirs: Invitation,
        occasion: Occasion<'_>,
        status: Status,
    ) -> Result<Link, Failure> {
        status.say("Connecting ...");
        let connecting = meeting.connect(&theirs, occasion.purpose, occasion.resume);
        let link = tokio::select! {
            link = connecting => link.map_err(|error| failure_of_meeting(&error))?,
            () = crate::exit::interrupted() => return Err(Failure::Interrupted),
        };
        let (paths, words) = (link.paths(), link.words());
        let who = format!("{} ({})", paths.remote().address, paths.remote().kind);
        let how = super::path_in_words(&paths);
        let text = format!(
            "Connected {how} to {who}, encrypted.\n\
             The words of this connection are: {words}\n\
             They are the same on the other side unless somebody is in between."
        );
        let details = json!({
            "remote": paths.remote().address.to_string(),
            "direct": paths.is_direct(),
            "words": words,
            "encrypted": true,
        });
        status.event("connected", details, &text);
        if !self.confirm {
            return Ok(link);
        }
        let failure = match super::progress::ask("Is it the right one?").await {
            Ok(true) => return Ok(link),
            Ok(false) => Failure::Refused("not the right one; nothing was sent".into()),
            Err(failure) => failure,
        };
        link.decline().await;
        Err(failure)
    }
}

/// How the two exchange their invitations.
enum Way {
    Rendezvous(RendezvousServer),
    Paste,
}

/// What two agree on who meet again, beside their secret.
const AGAIN: &[u8] = b"again";

async fn met<T>(meeting: impl Future<Output = Result<T, MeetError>>) -> Result<T, Failure> {
    meeting.await.map_err(|error| failure_of_meeting(&error))
}

async fn unless_interrupted<T>(
    waiting: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = waiting => done,
        () = crate::exit::interrupted() => Err(Failure::Interrupted),
    }
}

const NO_RENDEZVOUS: &str = "no rendezvous is known, where the two could meet: say --rendezvous SERVER \
                             (`spool turn-server --rendezvous` is one), or --paste on both sides to \
                             copy a line each way";
