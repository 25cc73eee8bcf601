//! The two roles, and the repair when both agents claim the same (RFC 8445 §6.1.1 and §7.3.1.1).
use core::fmt;

/// Who decides on the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// This agent nominates. The one that made the offer, and the one whose peer is ICE-lite.
    Controlling,
    /// The peer nominates.
    Controlled,
}

impl Role {
    /// The other role.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Controlling => Self::Controlled,
            Self::Controlled => Self::Controlling,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Controlling => "controlling",
            Self::Controlled => "controlled",
        })
    }
}

/// What a request that claims a role means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// No conflict: the request is answered.
    None,
    /// A conflict in which this agent gives way: it takes the other role and answers.
    Yield,
    /// A conflict in which the peer gives way: it is told so with a 487.
    Insist,
}

/// The role with the number that decides a conflict.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleState {
    pub role: Role,
    pub tiebreaker: u64,
}

impl RoleState {
    /// Judges a request whose sender claims `theirs` with `tiebreaker` (RFC 8445 §7.3.1.1).
    pub(crate) fn judge(self, theirs: Role, tiebreaker: u64) -> Conflict {
        let win = self.tiebreaker >= tiebreaker;
        match (self.role, theirs) {
            (Role::Controlling, Role::Controlled) | (Role::Controlled, Role::Controlling) => {
                Conflict::None
            }
            (Role::Controlling, Role::Controlling) if win => Conflict::Insist,
            (Role::Controlled, Role::Controlled) if !win => Conflict::Insist,
            (Role::Controlling, Role::Controlling) | (Role::Controlled, Role::Controlled) => {
                Conflict::Yield
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Conflict, Role, RoleState};
    use Role::{Controlled, Controlling};

    #[test]
    fn the_four_cases_of_a_conflict_and_the_two_without() {
        let ours = |role| RoleState { role, tiebreaker: 10 };
        for (role, theirs, tiebreaker, claim) in [
            (Controlling, Controlled, 99, Conflict::None),
            (Controlled, Controlling, 1, Conflict::None),
            (Controlling, Controlling, 9, Conflict::Insist),
            (Controlling, Controlling, 10, Conflict::Insist),
            (Controlling, Controlling, 11, Conflict::Yield),
            (Controlled, Controlled, 9, Conflict::Yield),
            (Controlled, Controlled, 10, Conflict::Yield),
            (Controlled, Controlled, 11, Conflict::Insist),
        ] {
            assert_eq!(ours(role).judge(theirs, tiebreaker), claim, "{role} {theirs} {tiebreaker}");
        }
    }

    #[test]
    fn exactly_one_side_gives_way() {
        for role in [Controlling, Controlled] {
            for (a, b) in [(1, 2), (2, 1)] {
                let us = RoleState { role, tiebreaker: a };
                let them = RoleState { role, tiebreaker: b };
                let claims = [us.judge(role, b), them.judge(role, a)];
                assert!(claims.contains(&Conflict::Yield) && claims.contains(&Conflict::Insist));
            }
        }
    }
}
