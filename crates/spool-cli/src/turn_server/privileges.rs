//! Going on as a user who may do less, once all is open that takes more.
use crate::exit::Failure;

/// A user to go on as.
#[derive(Debug)]
pub(super) struct RunAs {
    name: String,
    #[cfg(all(unix, not(target_vendor = "apple")))]
    user: nix::unistd::Uid,
    #[cfg(all(unix, not(target_vendor = "apple")))]
    group: nix::unistd::Gid,
}

#[cfg(all(unix, not(target_vendor = "apple")))]
impl RunAs {
    /// `USER` or `USER:GROUP`, by name or number.
    pub(super) fn find(text: &str) -> Result<Self, Failure> {
        use nix::unistd::{Gid, Group, Uid, User as Known};
        let wrong = |what: &str| Failure::Usage(format!("--run-as {text}: {what}"));
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let known = match user.parse() {
            Ok(number) => Known::from_uid(Uid::from_raw(number)),
            Err(_) => Known::from_name(user),
        };
        let known = known.ok().flatten().ok_or_else(|| wrong("there is no such user"))?;
        let group = match group {
            None => known.gid,
            Some(group) => {
                let known = match group.parse() {
                    Ok(number) => Group::from_gid(Gid::from_raw(number)),
                    Err(_) => Group::from_name(group),
                };
                known.ok().flatten().ok_or_else(|| wrong("there is no such group"))?.gid
            }
        };
        Ok(Self { name: known.name, user: known.uid, group })
    }

    /// Gives up what the user may not do, for good: all threads, those of before too.
    pub(super) fn become_it(&self) -> Result<(), Failure> {
        use nix::unistd::{geteuid, initgroups, setgid, setuid};
        if geteuid() == self.user {
            return Ok(());
        }
        let name = &self.name;
        // groups first: the user may not change them any more
        let changed = std::ffi::CString::new(name.as_bytes())
            .map_err(|_| nix::errno::Errno::EINVAL)
            .and_then(|name| initgroups(&name, self.group))
            .and_then(|()| setgid(self.group))
            .and_then(|()| setuid(self.user));
        changed.map_err(|error| {
            Failure::NotStarted(format!("cannot go on as {name}: {error}; only root can"))
        })?;
        if setuid(nix::unistd::Uid::from_raw(0)).is_ok() && !self.user.is_root() {
            return Err(Failure::NotStarted(format!("root could be had back after {name}")));
        }
        Ok(())
    }
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
impl RunAs {
    /// Nobody: this system has no such users.
    pub(super) fn find(text: &str) -> Result<Self, Failure> {
        Err(Failure::Usage(format!("--run-as {text}: this system has no such users")))
    }

    pub(super) fn become_it(&self) -> Result<(), Failure> {
        Err(Failure::NotStarted(self.name.clone()))
    }
}
