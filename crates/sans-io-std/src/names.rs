//! Names, looked up as the system does, on a thread of their own.
use crate::sockets::Arrivals;
use sans_io::{LookupAnswer, LookupFault, LookupId, LookupKind, LookupRequest};
use std::{io, net::ToSocketAddrs, thread};

/// The answer to a lookup.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) id: LookupId,
    pub(crate) result: Result<Vec<LookupAnswer>, LookupFault>,
}

/// Looks a name up; the answer arrives with the datagrams. The system is asked for addresses only.
pub(crate) fn look_up(request: LookupRequest, arrivals: Arrivals) {
    thread::spawn(move || {
        let result = match request.kind {
            LookupKind::Address => addresses(&request.name),
            LookupKind::Srv | LookupKind::Naptr | LookupKind::Pointer => {
                Err(LookupFault::Unsupported)
            }
        };
        arrivals.answer(Answer { id: request.id, result });
    });
}

fn addresses(name: &str) -> Result<Vec<LookupAnswer>, LookupFault> {
    let found = (name, 0).to_socket_addrs().map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => LookupFault::TimedOut,
        // The system does not tell "no such name" from its other faults.
        _ => LookupFault::NotFound,
    })?;
    Ok(found.map(|address| LookupAnswer::Address(address.ip())).collect())
}
