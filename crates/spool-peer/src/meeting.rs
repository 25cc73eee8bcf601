//! From nothing to a link: an agent that finds out how it may be reached, the invitation that says so,
//! and the connection once the other side's is known.
use crate::{
    Identity, IdentityError, Invitation, Link, LinkError, Mailbox, MailboxError, Purpose, Side,
    Terms,
};
use spool::{
    Agent, AgentBuilder, BuildError, ConnectError, DescribeError, RemoteDescriptionError, Role,
};
use thiserror::Error;

/// One end before it is connected.
#[derive(Debug)]
pub struct Meeting {
    agent: Agent,
    identity: Identity,
    side: Side,
}

/// Why two ends do not meet.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MeetError {
    /// The agent could not be made.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// We have no certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is no way to reach this computer.
    #[error("{fault}{}", told(.problems))]
    Describe {
        /// Why.
        fault: DescribeError,
        /// What stood in the way.
        problems: Vec<String>,
    },
    /// What the other side told is of no use.
    #[error("the other side's invitation cannot be used: {0}")]
    Peer(#[from] RemoteDescriptionError),
    /// They have not met.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// No path was found.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A path was found, but not the one who should be there.
    #[error(transparent)]
    Link(#[from] LinkError),
}

fn told(problems: &[String]) -> String {
    if problems.is_empty() { String::new() } else { format!(": {}", problems.join("; ")) }
}

impl Meeting {
    /// Starts to find out how we may be reached.
    pub async fn new(builder: AgentBuilder, side: Side) -> Result<Self, MeetError> {
        // boxed, as all that is long: most of a meeting is waiting
        let mut agent = Box::pin(builder.build()).await?;
        let role = match side {
            Side::Inviter => Role::Controlling,
            Side::Guest => Role::Controlled,
        };
        agent.gather(role).map_err(|fault| MeetError::Describe { fault, problems: Vec::new() })?;
        Ok(Self { agent, identity: Identity::fresh()?, side })
    }

    /// What the other side is to be told. It waits until all ways to reach us are found.
    pub async fn invitation(&mut self) -> Result<Invitation, MeetError> {
        match self.agent.local_parameters().await {
            Ok(ice) => Ok(Invitation { fingerprint: self.identity.fingerprint(), ice }),
            Err(fault) => Err(MeetError::Describe { fault, problems: self.agent.problems() }),
        }
    }

    /// What stood in the way of finding more ways to reach us, in words.
    pub fn problems(&self) -> Vec<String> {
        self.agent.problems()
    }

    /// Says that our invitation is on its way to the other side.
    pub async fn invited(&self) {
        self.agent.description_sent().await;
    }

    /// Takes the other side's invitation.
    pub async fn hear(&mut self, peer: &Invitation) -> Result<(), MeetError> {
        Ok(self.agent.set_remote_parameters(peer.ice.clone()).await?)
    }

    /// Exchanges invitations with the one who knows the same secret, by a mailbox that both are at.
    /// `context` is what else both must agree on, its number above all.
    pub async fn exchange(
        &mut self,
        mailbox: Mailbox,
        secret: &[u8],
        context: &[u8],
    ) -> Result<Invitation, MeetError> {
        let side = self.side;
        let ours = async {
            self.invitation().await.map_err(|error| MailboxError::Ours(error.to_string()))
        };
        let theirs = Box::pin(mailbox.exchange(side, secret, context, ours)).await?;
        self.invited().await;
        self.hear(&theirs).await?;
        Ok(theirs)
    }

    /// Connects to the one whose invitation was heard.
    pub async fn connect(
        self,
        peer: &Invitation,
        purpose: Purpose,
        resume: Option<[u8; 32]>,
    ) -> Result<Link, MeetError> {
        let Self { agent, identity, side } = self;
        let connection = Box::pin(agent.connected()).await?;
        let terms = Terms { side, purpose, identity, peer: peer.fingerprint, resume };
        Ok(Box::pin(Link::open(connection, terms)).await?)
    }
}
