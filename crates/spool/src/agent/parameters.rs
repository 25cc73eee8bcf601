//! What two agents need to know of each other, without the session description around it: for
//! applications that have a message of their own to put it in.
use super::{Agent, DescribeError};
use crate::description::{Remote, RemoteDescriptionError};
use ice_proto::{Candidate, IceCredentials, Role};
use std::time::Duration;

/// The ICE parameters of one side (RFC 8445 §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceParameters {
    /// What its checks are recognised by.
    pub credentials: IceCredentials,
    /// Where it may be reached; these are all there are.
    pub candidates: Vec<Candidate>,
    /// The pace of checks that it proposes; 50 ms unless it does (RFC 8839 §5.5).
    pub pacing: Option<Duration>,
}

impl Agent {
    /// Starts to find out how we may be reached, in this role. The side that offers is controlling.
    /// Does nothing when the role is decided already.
    pub fn gather(&mut self, role: Role) -> Result<(), DescribeError> {
        self.start(role)?;
        Ok(())
    }

    /// Our parameters, instead of [`local_description`](Self::local_description): they wait for the
    /// same, and the role is decided in the same way.
    pub async fn local_parameters(&mut self) -> Result<IceParameters, DescribeError> {
        let candidates = self.gathered().await?;
        let session = self.start(Role::Controlling)?;
        let credentials = session.local.credentials.clone();
        Ok(IceParameters { credentials, candidates, pacing: Some(session.local.pacing) })
    }

    /// Takes the parameters of the peer, instead of its
    /// [description](Self::set_remote_description).
    pub async fn set_remote_parameters(
        &mut self,
        parameters: IceParameters,
    ) -> Result<(), RemoteDescriptionError> {
        let IceParameters { credentials, candidates, pacing } = parameters;
        let (text, skipped, complete, lite) = (String::new(), 0, true, false);
        self.take(Remote { text, credentials, candidates, skipped, complete, pacing, lite }).await
    }
}
