//! Reading the response to a Binding request (RFC 8489 §6.3.3, §6.3.4, §9.1.4, §9.2.5, §10).
use super::{Auth, Binding, ClientEvent, Pending, RequestFault, StunClient};
use crate::{
    Attempt, Class, Discard, LongTermClient, Message, ResponseCheck, Transaction, TransactionId,
    attribute::{
        AddressFamily, AlternateDomain, AlternateServer, ChangedAddress, Code, ErrorCode,
        MappedAddress, OtherAddress, ResponseOrigin, Software, XorMappedAddress,
    },
};
use alloc::string::String;
use core::net::SocketAddr;
use sans_io::{DropReason, Instant, Path, Verdict};

impl StunClient {
    /// A response with the ID of a request, on a path that the request allows.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        came: Path,
        id: TransactionId,
        response: &Message<'_>,
    ) -> Verdict<'static> {
        let Some(transaction) = self.transactions.get(id) else {
            return self.drops.refuse(DropReason::Unexpected);
        };
        let (path, attempt) = (transaction.path, transaction.context.attempt);
        match self.check(&path, attempt, response) {
            ResponseCheck::Accept => {
                if let Some(transaction) = self.transactions.remove(id) {
                    self.accept(now, came, transaction, response);
                }
            }
            ResponseCheck::Retry(attempt) => {
                if let Some(transaction) = self.transactions.remove(id) {
                    self.again(now, transaction, |pending| pending.attempt = attempt);
                }
            }
            ResponseCheck::Fail(fault) => {
                if let Some(transaction) = self.transactions.remove(id) {
                    self.fail(&transaction, RequestFault::Auth(fault));
                }
            }
            ResponseCheck::Discard(Discard::Integrity) if path.transport().is_stream() => {
                if let Some(transaction) = self.transactions.remove(id) {
                    self.fail(&transaction, RequestFault::Integrity);
                }
                return self.drops.refuse(DropReason::Unauthenticated);
            }
            ResponseCheck::Discard(discard) => {
                if let Some(pending) = self.transactions.context_mut(id) {
                    // An unsigned 400 is as if it had never come, and violates nothing.
                    pending.violated |= discard != Discard::BadRequest;
                }
                return self.drops.refuse(DropReason::Unauthenticated);
            }
        }
        Verdict::Consumed
    }

    fn check(&mut self, path: &Path, attempt: Attempt, response: &Message<'_>) -> ResponseCheck {
        match &self.config.auth {
            Auth::None => ResponseCheck::Accept,
            Auth::ShortTerm { key, integrity, .. } => {
                let learnt = self.servers.get(&path.remote()).and_then(|server| server.short_term);
                let wanted = integrity.or(learnt);
                match response.verify(key) {
                    Ok(had) if wanted.is_none_or(|wanted| wanted == had) => {
                        // RFC 8489 §9.1.5: from now on only what this server uses.
                        self.server(path.remote()).short_term = Some(had);
                        ResponseCheck::Accept
                    }
                    _ => ResponseCheck::Discard(Discard::Integrity),
                }
            }
            Auth::LongTerm(_) => match self.server(path.remote()).long_term.as_mut() {
                Some(long_term) => long_term.check(attempt, response),
                None => ResponseCheck::Discard(Discard::Integrity),
            },
        }
    }

    fn accept(
        &mut self,
        now: Instant,
        came: Path,
        transaction: Transaction<Pending>,
        response: &Message<'_>,
    ) {
        let rtt = transaction.rtt(now);
        if let Some(rtt) = rtt {
            self.measured(now, transaction.path.remote().ip(), rtt);
        }
        if let Some(unknown) = response.unknown_required().next() {
            return self.fail(&transaction, RequestFault::Unknown(unknown));
        }
        if response.class() == Class::Error {
            return self.refused(now, transaction, response);
        }
        let xored = response.get::<XorMappedAddress>().map(|address| address.0);
        // Servers of RFC 3489 know only this one.
        let plain = || response.get::<MappedAddress>().map(|address| address.0);
        let Some(mapped) = xored.or_else(plain) else {
            return self.fail(&transaction, RequestFault::Incomplete);
        };
        let long_term = self
            .servers
            .get(&transaction.path.remote())
            .and_then(|server| server.long_term.as_ref());
        let login =
            transaction.context.attempt.signed.and(long_term).and_then(LongTermClient::login);
        let binding = Binding {
            request: transaction.context.request,
            path: came,
            mapped,
            rtt,
            origin: response.get::<ResponseOrigin>().map(|address| address.0),
            other: response
                .get::<OtherAddress>()
                .map(|address| address.0)
                .or_else(|| response.get::<ChangedAddress>().map(|address| address.0)),
            software: response.get::<Software<'_>>().map(|software| String::from(software.0)),
            login,
        };
        self.outputs.event(ClientEvent::Bound(binding));
    }

    fn refused(&mut self, now: Instant, transaction: Transaction<Pending>, response: &Message<'_>) {
        let Some(error) = response.get::<ErrorCode<'_>>() else {
            return self.fail(&transaction, RequestFault::Incomplete);
        };
        // Only a response whose signature was checked may redirect (RFC 8489 §14.8). Before its first
        // challenge a long-term client has no key to check one with.
        let signed = match &self.config.auth {
            Auth::None => false,
            Auth::ShortTerm { .. } => true,
            Auth::LongTerm(_) => transaction.context.attempt.is_signed(),
        };
        if error.code == Code::TRY_ALTERNATE
            && signed
            && let Some(server) = alternate(&transaction.path, response)
        {
            let domain = response.get::<AlternateDomain<'_>>().map(|domain| domain.0);
            return self.redirected(now, transaction, server, domain);
        }
        let reason = String::from(error.reason);
        self.fail(&transaction, RequestFault::Refused { code: error.code, reason });
    }

    /// Follows ALTERNATE-SERVER where that needs no new connection.
    fn redirected(
        &mut self,
        now: Instant,
        transaction: Transaction<Pending>,
        server: SocketAddr,
        domain: Option<&str>,
    ) {
        let Pending { redirects, ask, .. } = &transaction.context;
        let asked = redirects.contains(&Some(server)) || ask.path.remote() == server;
        let free = redirects.iter().position(Option::is_none);
        match free {
            Some(free) if !asked && transaction.path.transport() == sans_io::Transport::Udp => {
                self.again(now, transaction, |pending| {
                    pending.redirects[free] = Some(pending.ask.path.remote());
                    pending.attempt = Attempt::default();
                    let path = pending.ask.path;
                    pending.ask.path = Path::new(path.transport(), path.local(), server);
                });
            }
            _ => {
                let domain = domain.map(String::from);
                self.fail(&transaction, RequestFault::Redirected { server, domain });
            }
        }
    }

    /// Sends a request anew, with a new ID.
    fn again(
        &mut self,
        now: Instant,
        transaction: Transaction<Pending>,
        change: impl FnOnce(&mut Pending),
    ) {
        let (request, path) = (transaction.context.request, transaction.path);
        let mut pending = transaction.context;
        change(&mut pending);
        if let Ok(transmit) = self.send(now, pending) {
            self.transmit(transmit);
        } else {
            // What the server told does not fit into a request.
            let fault = RequestFault::Incomplete;
            self.outputs.event(ClientEvent::Failed { request, path, fault });
        }
    }
}

/// The alternate server of the family of the path.
fn alternate(path: &Path, response: &Message<'_>) -> Option<SocketAddr> {
    let family = AddressFamily::of(path.remote().ip());
    let mut servers = response.get_all::<AlternateServer>().map(|server| server.0);
    servers.find(|server| AddressFamily::of(server.ip()) == family)
}
