//! How a call ended, and what a driver can say of a socket that it did not open.
use ice_proto::{AddCandidateError, ConfigError, CredentialsError, GatherError, SendError};
use std::{ffi::CStr, fmt};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// It was done.
    Ok = 0,
    /// A pointer is null, or not aligned for what it points to.
    BadPointer = 1,
    /// A length is more than is ever taken, or less than is needed.
    BadLength = 2,
    /// A number stands for nothing: a role, a family, a fault, an index.
    BadValue = 3,
    /// A text does not parse.
    BadText = 4,
    /// No agent can be made of this configuration.
    BadConfig = 5,
    /// The system gives no random bytes for a seed.
    NoSeed = 6,
    /// It is well-formed, but nothing that this agent can use. Candidates of this kind are passed over.
    Unsupported = 7,
    /// A limit is reached.
    Full = 8,
    /// The agent cannot take it now: it belongs to another generation, or is the agent's own.
    Refused = 9,
    /// There is no path to the peer, or none any more.
    NotConnected = 10,
    /// The agent was closed.
    Closed = 11,
    /// This library has a bug. The agent can only be freed.
    Panicked = 12,
}

impl Status {
    const ALL: [(Self, &CStr); 13] = [
        (Self::Ok, c"it was done"),
        (Self::BadPointer, c"a pointer is null or not aligned"),
        (Self::BadLength, c"a length is too large or too small"),
        (Self::BadValue, c"a number stands for nothing"),
        (Self::BadText, c"a text does not parse"),
        (Self::BadConfig, c"no agent can be made of this configuration"),
        (Self::NoSeed, c"the system gives no random bytes"),
        (Self::Unsupported, c"it is nothing that this agent can use"),
        (Self::Full, c"a limit is reached"),
        (Self::Refused, c"the agent cannot take it now"),
        (Self::NotConnected, c"there is no path to the peer"),
        (Self::Closed, c"the agent was closed"),
        (Self::Panicked, c"a bug of this library was met; the agent can only be freed"),
    ];

    /// What a number says, whoever made it up.
    pub(crate) fn text_of(number: u32) -> &'static CStr {
        let known = Self::ALL.iter().find(|(status, _)| *status as u32 == number);
        known.map_or(c"this is not a status", |(_, text)| text)
    }
}

/// Why a call was not done: the number, and the words if there are better ones than those of the number.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: Status,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(status: Status, text: impl fmt::Display) -> Self {
        Self { status, text: format!("{text}") }
    }
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Self::new(status, Status::text_of(status as u32).to_string_lossy())
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self::new(Status::BadConfig, error)
    }
}

impl From<GatherError> for Fault {
    fn from(error: GatherError) -> Self {
        let status = match error {
            GatherError::Address(_) => Status::BadValue,
            GatherError::TooManyAddresses => Status::Full,
            GatherError::Closed => Status::Closed,
        };
        Self::new(status, error)
    }
}

impl From<CredentialsError> for Fault {
    fn from(error: CredentialsError) -> Self {
        let status = match error {
            CredentialsError::UfragLength(_)
            | CredentialsError::PwdLength(_)
            | CredentialsError::Character => Status::BadText,
            CredentialsError::Changed | CredentialsError::Former | CredentialsError::OwnUfrag => {
                Status::Refused
            }
            CredentialsError::Closed => Status::Closed,
        };
        Self::new(status, error)
    }
}

impl From<AddCandidateError> for Fault {
    fn from(error: AddCandidateError) -> Self {
        let status = match error {
            AddCandidateError::Full => Status::Full,
            AddCandidateError::Generation => Status::Refused,
            AddCandidateError::Closed => Status::Closed,
            // Whatever else is wrong with it, another candidate may be better.
            _ => Status::Unsupported,
        };
        Self::new(status, error)
    }
}

impl From<SendError> for Fault {
    fn from(error: SendError) -> Self {
        let status = match error {
            SendError::NotConnected => Status::NotConnected,
            SendError::TooLong(_) => Status::BadLength,
        };
        Self::new(status, error)
    }
}

/// Why a socket was not opened, or is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SocketFault {
    /// Another socket holds the address (`EADDRINUSE`).
    InUse = 0,
    /// This host has no such address (`EADDRNOTAVAIL`).
    Unavailable = 1,
    /// There are too many sockets (`EMFILE`, `ENFILE`).
    NoCapacity = 2,
    /// The system does not permit it (`EACCES`, `EPERM`), or anything else.
    Denied = 3,
    /// It was open and is no more.
    Lost = 4,
}

impl SocketFault {
    pub(crate) fn of(number: u32) -> Result<sans_io::SocketFault, Fault> {
        let all = [
            (Self::InUse, sans_io::SocketFault::InUse),
            (Self::Unavailable, sans_io::SocketFault::Unavailable),
            (Self::NoCapacity, sans_io::SocketFault::NoCapacity),
            (Self::Denied, sans_io::SocketFault::Denied),
            (Self::Lost, sans_io::SocketFault::Lost),
        ];
        let found = all.into_iter().find(|(fault, _)| *fault as u32 == number);
        let unknown = || Fault::new(Status::BadValue, format!("{number} is no fault of a socket"));
        found.map(|(_, fault)| fault).ok_or_else(unknown)
    }
}
