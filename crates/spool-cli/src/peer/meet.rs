//! How the two find each other.
use super::{
    failure_of_meeting,
    paste::{Paste, Streams},
    servers::Servers,
};
use crate::{exit::Failure, status::Status};
use serde_json::json;
use spool_peer::{Invitation, Link, MeetError, Meeting, Purpose, Side};

/// The flags of all commands that meet somebody.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(super) paste: Paste,
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
        if !self.paste.paste {
            return Err(Failure::Usage(NO_RENDEZVOUS.into()));
        }
        let mut meeting = self.meeting(Side::Inviter).await?;
        let ours = self.describe(&mut meeting, status).await?;
        self.paste.tell(&ours, Side::Inviter, occasion.command, occasion.streams, status)?;
        meeting.invited().await;
        let theirs = self.paste.hear(occasion.streams, status).await?;
        meeting.hear(&theirs).await.map_err(|error| failure_of_meeting(&error))?;
        self.connect(meeting, theirs, occasion, status).await
    }

    /// Comes where somebody invited us.
    pub(super) async fn come(
        &self,
        code: Option<&str>,
        occasion: Occasion<'_>,
        status: Status,
    ) -> Result<Link, Failure> {
        let theirs = match code {
            Some(line) => line.parse().map_err(|error| Failure::Usage(format!("{error}")))?,
            None if self.paste.paste => self.paste.hear(occasion.streams, status).await?,
            None => return Err(Failure::Usage(NO_RENDEZVOUS.into())),
        };
        let mut meeting = self.meeting(Side::Guest).await?;
        meeting.hear(&theirs).await.map_err(|error| failure_of_meeting(&error))?;
        let ours = self.describe(&mut meeting, status).await?;
        self.paste.tell(&ours, Side::Guest, occasion.command, occasion.streams, status)?;
        meeting.invited().await;
        self.connect(meeting, theirs, occasion, status).await
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

    async fn describe(
        &self,
        meeting: &mut Meeting,
        status: Status,
    ) -> Result<Invitation, Failure> {
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
        if self.confirm && !super::progress::ask("Is it the right one?").await? {
            link.decline().await;
            return Err(Failure::Refused("not the right one".into()));
        }
        Ok(link)
    }
}

const NO_RENDEZVOUS: &str = "say --paste on both sides, to meet by copying a line each way";
