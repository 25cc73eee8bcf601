//! One address of a server over one transport: everything that is asked there, in order.
use super::{
    certificate,
    client::{Allocated, Client},
    finding::Finding,
    peers, strangers, traffic,
};
use sans_io::{SocketFault, Transport};
use serde_json::{Value, json};
use spool::{
    PeerPolicy, Services, interfaces,
    probe::{self, Credentials, ProbeError, ResolvedServer},
};
use std::net::{IpAddr, SocketAddr};
use stun_proto::attribute::AddressFamily;
use turn_proto::TurnFault;

/// What is asked, and as whom.
#[derive(Debug)]
pub(super) struct Questions {
    pub(super) credentials: Option<Credentials>,
    pub(super) services: Services,
    pub(super) private_peers: bool,
    pub(super) throughput: bool,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Yes,
    No,
}

/// What was found out.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) server: ResolvedServer,
    pub(super) reached: Reached,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "address": self.server.address.to_string(),
            "transport": name(self.server.transport).to_lowercase(),
            "reached": self.reached == Reached::Yes,
            "findings": self.findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        })
    }
}

pub(super) fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
    }
}

impl Questions {
    /// Asks all of them.
    pub(super) async fn ask(&self, server: ResolvedServer) -> Report {
        let mut report = Report { server, reached: Reached::No, findings: Vec::new() };
        if report.server.transport == Transport::Tls {
            report.findings.extend(certificate::look(&report.server, &self.services).await);
        }
        let bound = probe::query(&report.server, self.credentials.clone(), &self.services).await;
        report.reached = match &bound {
            // it says that it is there by saying no
            Ok(_) | Err(ProbeError::Answer(_)) => Reached::Yes,
            Err(_) => Reached::No,
        };
        report.findings.push(reachable(&bound));
        if report.reached == Reached::No {
            return report;
        }
        if report.server.transport == Transport::Udp {
            report.findings.extend(strangers::look(report.server.address).await);
        }
        self.log_in(&mut report).await;
        report
    }

    async fn log_in(&self, report: &mut Report) {
        let server = &report.server;
        let Some(credentials) = &self.credentials else {
            report.findings.push(Finding::note(
                "login",
                "not tried, and nothing behind it",
                "give an account: --user NAME --password P, or --auth-secret-file FILE",
            ));
            return;
        };
        report.findings.push(self.wrong_password(server, credentials).await);
        let mut served = None;
        for family in [AddressFamily::V4, AddressFamily::V6] {
            match self.allocate(server, credentials, family).await {
                Ok((client, at)) => {
                    report.findings.push(judge_relay(family, server.address, at));
                    served.get_or_insert((family, client, at));
                }
                Err(Refusal { fault, .. }) if is_login(fault) => {
                    report.findings.push(login_failed(fault));
                    return;
                }
                Err(refusal) => report.findings.push(refusal.judge(family)),
            }
        }
        let Some((family, client, at)) = served else { return };
        report.findings.push(Finding::good("login", format!("as {}", credentials.username())));
        let findings = self.relay(server, credentials, family, (client, at)).await;
        report.findings.extend(findings);
    }

    /// A password that is none must not do.
    async fn wrong_password(&self, server: &ResolvedServer, right: &Credentials) -> Finding {
        const CHECK: &str = "wrong-login";
        let wrong = Credentials::new(right.username(), "no password of anybody, surely");
        let Ok(wrong) = wrong else { return Finding::note(CHECK, "not tried", "") };
        match self.allocate(server, &wrong, AddressFamily::V4).await {
            Ok((client, _)) => {
                client.close().await;
                Finding::fault(
                    CHECK,
                    "a wrong password gets an allocation",
                    "have the server check them (coturn: lt-cred-mech, no no-auth)",
                )
            }
            Err(Refusal { fault: TurnFault::WrongCredentials, .. }) => {
                Finding::good(CHECK, "a wrong password is refused")
            }
            Err(Refusal { fault, .. }) => Finding::note(
                CHECK,
                format!("a wrong password gets no answer as usual: {fault}"),
                "",
            ),
        }
    }

    async fn allocate(
        &self,
        server: &ResolvedServer,
        credentials: &Credentials,
        family: AddressFamily,
    ) -> Result<(Client, Allocated), Refusal> {
        let opened = Client::open(server, credentials.clone(), family, &self.services).await;
        let mut client = opened.map_err(Refusal::no_connection)?;
        match client.allocate().await {
            Ok(at) => Ok((client, at)),
            Err(fault) => {
                client.close().await;
                Err(Refusal { fault, socket: None })
            }
        }
    }

    /// What only a client with an allocation can find out.
    async fn relay(
        &self,
        server: &ResolvedServer,
        credentials: &Credentials,
        family: AddressFamily,
        near: (Client, Allocated),
    ) -> Vec<Finding> {
        let (mut near, near_at) = near;
        let mut findings =
            peers::look(&mut near, near_at, server.address, self.private_peers).await;
        match self.allocate(server, credentials, family).await {
            Ok((mut far, far_at)) => {
                match traffic::join((&mut near, near_at), (&mut far, far_at)).await {
                    Ok(()) => {
                        let text = "two clients may send to each other's relayed addresses";
                        findings.push(Finding::good("permission", text));
                        let both = [near_at.relayed, far_at.relayed];
                        findings.push(traffic::round_trip(&mut near, &mut far, both).await);
                        if self.throughput {
                            findings.push(traffic::throughput(&mut near, &mut far, both).await);
                        }
                    }
                    Err(fault) => findings.push(Finding::fault(
                        "permission",
                        format!("two clients may not send to each other's relayed addresses: {fault}"),
                        "allow the server's own relayed addresses: where both sides can use nothing \
                         but a relay they do not connect otherwise",
                    )),
                }
                far.close().await;
            }
            Err(refusal) => findings.push(Finding::fault(
                "permission",
                format!("a second allocation of the same user is refused: {}", refusal.fault),
                "raise user-quota: a browser makes several, and both sides may have the same user",
            )),
        }
        if near_at.mapped.is_ipv4() == near_at.relayed.is_ipv4()
            && let Ok(local) = interfaces::towards(near_at.relayed)
        {
            findings.push(traffic::from_outside(&mut near, near_at, local).await);
        }
        near.close().await;
        findings
    }
}

/// Why there is no allocation.
struct Refusal {
    fault: TurnFault,
    socket: Option<SocketFault>,
}

impl Refusal {
    fn no_connection(fault: SocketFault) -> Self {
        Self { fault: TurnFault::Disconnected, socket: Some(fault) }
    }

    fn judge(&self, family: AddressFamily) -> Finding {
        let check = check(family);
        match (self.fault, self.socket) {
            (TurnFault::FamilyUnsupported, _) if family == AddressFamily::V6 => {
                let advice = "clients that have IPv6 alone reach only each other through it; give the \
                              server an IPv6 address if there is one";
                Finding::note(check, "it relays no IPv6", advice)
            }
            (TurnFault::QuotaReached, _) => {
                Finding::fault(check, "this user has too many allocations", "raise user-quota")
            }
            (TurnFault::NoCapacity, _) => Finding::fault(
                check,
                "the server has no room, or is to end",
                "raise total-quota and the range of relay ports, or add a server",
            ),
            (TurnFault::TryAlternate(other), _) => {
                Finding::note(check, format!("it points to {other}"), "check that one as well")
            }
            (_, Some(fault)) => {
                Finding::fault(check, format!("no connection: {fault:?}"), "look at its log")
            }
            (fault, None) => {
                Finding::fault(check, format!("refused: {fault}"), "look at the log of the server")
            }
        }
    }
}

fn is_login(fault: TurnFault) -> bool {
    matches!(
        fault,
        TurnFault::WrongCredentials | TurnFault::Unprotected | TurnFault::UnknownAlgorithm
    )
}

fn login_failed(fault: TurnFault) -> Finding {
    let advice = match fault {
        TurnFault::UnknownAlgorithm => "let users log in with SHA-256 or MD5 (RFC 8489 §9.2)",
        TurnFault::Unprotected => {
            "somebody on the way answers for the server, or it has another password than this"
        }
        _ => {
            "look at name, password and realm; of accounts that end by themselves (TURN REST) at the \
             secret and at the clocks"
        }
    };
    Finding::fault("login", fault.to_string(), advice)
}

fn reachable(bound: &Result<probe::Binding, ProbeError>) -> Finding {
    const CHECK: &str = "reachable";
    match bound {
        Ok(binding) => {
            let rtt = binding.rtt.map(|rtt| rtt.as_secs_f64() * 1e3);
            let time = rtt.map_or("not at once".to_owned(), |rtt| format!("{rtt:.1} ms"));
            let software = binding.software.as_deref();
            let by = software.map(|software| format!(", {software}")).unwrap_or_default();
            let text = format!("{time}, sees this computer as {}{by}", binding.mapped);
            let figures = json!({
                "rtt_ms": rtt,
                "mapped": binding.mapped.to_string(),
                "software": software,
            });
            Finding::good(CHECK, text).with_figures(figures)
        }
        Err(ProbeError::Answer(fault)) => {
            Finding::good(CHECK, format!("answers, though not to STUN alone: {fault}"))
        }
        Err(error) => {
            let advice = match error {
                ProbeError::NoAnswer | ProbeError::Unreachable(_) => {
                    "open the port at every firewall and security group on the way"
                }
                ProbeError::PortClosed => "start the server, or name the port that it listens on",
                ProbeError::NoRoute(_) => "this computer has no way there: try from another one",
                ProbeError::Certificate(_) => "mend the certificate",
                _ => "name the port of the TURN server",
            };
            Finding::fault(CHECK, error.to_string(), advice)
        }
    }
}

fn check(family: AddressFamily) -> &'static str {
    match family {
        AddressFamily::V4 => "relay-ipv4",
        AddressFamily::V6 => "relay-ipv6",
    }
}

/// Whether others can make something of the relayed address.
fn judge_relay(family: AddressFamily, server: SocketAddr, at: Allocated) -> Finding {
    let check = check(family);
    let relayed = at.relayed.ip();
    let is_public = |ip: IpAddr| PeerPolicy::global_only().allows(ip);
    let figures = json!({ "relayed": at.relayed.to_string(), "mapped": at.mapped.to_string() });
    let finding = if is_public(relayed) {
        let where_ = match relayed == server.ip() {
            true => "the address of the server",
            false if relayed.is_ipv4() == server.is_ipv4() => "another address than the server's",
            false => "of the other family",
        };
        Finding::good(check, format!("{}, {where_}", at.relayed))
    } else if is_public(server.ip()) {
        Finding::fault(
            check,
            format!("{} is told to clients, which nobody outside reaches", at.relayed),
            "name the outer address (--external-ip; coturn: external-ip)",
        )
    } else {
        let text = format!("{} is private or special, as the server itself is", at.relayed);
        Finding::note(check, text, "computers of that network reach it, and no others")
    };
    finding.with_figures(figures)
}
