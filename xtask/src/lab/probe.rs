//! Proves that the laboratory's NATs are what they are called: what a server on the public segment
//! sees of a host behind one, and what comes back in (the questions of RFC 4787).

use std::fmt;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::{Lab, NatKind, Node, SERVER, SERVER_OTHER};
use crate::run::{Failure, capture};

/// Where the reflector listens: two ports of one address, and one of another.
const LISTENING: [(&str, u16); 3] = [(SERVER, 7000), (SERVER, 7001), (SERVER_OTHER, 7000)];

/// The one of them that was not sent to when it sends first.
const STRANGER: usize = 2;

/// A port that no host has.
const UNUSED: u16 = 9;

/// How long to wait for an answer: the laboratory is on this machine.
const WAIT: Duration = Duration::from_millis(300);

/// What was seen of one NAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behaviour {
    /// The public port is the one that the host chose.
    pub(crate) keeps_port: bool,
    /// One public port for all destinations (endpoint-independent mapping).
    pub(crate) one_port: bool,
    /// Lets in what comes from another port, or another address, than was sent to.
    pub(crate) lets_in_other_port: bool,
    pub(crate) lets_in_other_address: bool,
    /// Two behind it reach each other by their outer addresses.
    pub(crate) hairpin: bool,
    /// The public port is still the one that the host chose when the other side was first.
    pub(crate) keeps_port_after_early: bool,
    /// A stranger who sends to a port that nobody has is told so.
    pub(crate) answers_strangers: bool,
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        write!(
            f,
            "keeps the port: {}, one port for all: {}, lets in another port: {}, another address: {}, \
             hairpin: {}, keeps the port after an early packet: {}, answers strangers: {}",
            yes(self.keeps_port),
            yes(self.one_port),
            yes(self.lets_in_other_port),
            yes(self.lets_in_other_address),
            yes(self.hairpin),
            yes(self.keeps_port_after_early),
            yes(self.answers_strangers)
        )
    }
}

/// What each kind has to be; nothing at all comes through when UDP is blocked.
pub(crate) fn expected(kind: NatKind) -> Option<Behaviour> {
    let strict = Behaviour {
        keeps_port: true,
        one_port: true,
        lets_in_other_port: false,
        lets_in_other_address: false,
        // without a NAT the outer address is the inner one
        hairpin: kind.hairpins() || kind.is_routed(),
        keeps_port_after_early: true,
        // the host does it where everything gets to it
        answers_strangers: matches!(kind, NatKind::Demilitarized | NatKind::Open),
    };
    let chooses = Behaviour { keeps_port: false, keeps_port_after_early: false, ..strict };
    let lenient = Behaviour { lets_in_other_port: true, ..strict };
    match kind {
        NatKind::Masquerade
        | NatKind::MasqueradePersistent
        | NatKind::PortForward
        | NatKind::Firewall => Some(strict),
        NatKind::MasqueradeRandom | NatKind::MasqueradeFullyRandom => {
            Some(Behaviour { one_port: false, ..chooses })
        }
        NatKind::PortRange | NatKind::PortBlock => Some(chooses),
        NatKind::AddressRestricted => Some(lenient),
        NatKind::Demilitarized | NatKind::FullCone | NatKind::FullConeHairpin | NatKind::Open => {
            Some(Behaviour { lets_in_other_address: true, ..lenient })
        }
        NatKind::UdpBlocked | NatKind::UdpRejected => None,
    }
}

/// Builds a laboratory with this NAT on side A and holds it against its name.
pub(crate) fn check(kind: NatKind) -> Result<String, Failure> {
    check_in(&Lab::up(kind, NatKind::Masquerade)?, kind)
}

/// Holds the NAT of side A in a laboratory against its name.
pub(crate) fn check_in(lab: &Lab, kind: NatKind) -> Result<String, Failure> {
    let seen = look(lab)?;
    let wanted =
        expected(kind).map_or_else(|| BLOCKED.to_owned(), |behaviour| behaviour.to_string());
    if seen == wanted {
        return Ok(seen);
    }
    Err(Failure::Failed(format!("the NAT {kind:?} is not one: {seen}; wanted {wanted}")))
}

/// What is seen of the NAT of side A.
pub(crate) fn look(lab: &Lab) -> Result<String, Failure> {
    let program = std::env::current_exe().map_err(|error| format!("current_exe: {error}"))?;
    let program = program.to_string_lossy();
    let mut reflector = lab
        .command(Node::Inet, &program)
        .args(["lab", "reflect"])
        .spawn()
        .map_err(|error| format!("the reflector: {error}"))?;
    let asked = capture(lab.command(Node::HostA, &program).args(["lab", "ask"]));
    let _ended = reflector.kill().and_then(|()| reflector.wait());
    Ok(asked?.trim().to_owned())
}

pub(crate) const BLOCKED: &str = "nothing comes back";

/// Answers, from the socket that a datagram asks for, with the address it came from.
pub(crate) fn reflect() -> Result<(), Failure> {
    let bind = |(ip, port): &(&str, u16)| {
        UdpSocket::bind((*ip, *port)).map_err(|error| format!("{ip}:{port}: {error}"))
    };
    let sockets = LISTENING.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
    let answer = |socket: &UdpSocket| -> std::io::Result<()> {
        let mut buffer = [0; 64];
        let (length, from) = socket.recv_from(&mut buffer)?;
        match &buffer[..length] {
            [index @ b'0'..=b'2'] => {
                let through = &sockets[usize::from(index - b'0')];
                through.send_to(from.to_string().as_bytes(), from).map(drop)
            }
            // from a stranger, to a port that nothing was sent from yet
            [b'e', high, low] => {
                let port = u16::from_be_bytes([*high, *low]);
                sockets[STRANGER].send_to(b"early", (from.ip(), port))?;
                socket.send_to(b"sent", from).map(drop)
            }
            [b's'] => {
                let answered = is_refused((from.ip(), UNUSED).into())?;
                socket.send_to(if answered { b"yes" } else { b"no" }, from).map(drop)
            }
            _ => Ok(()),
        }
    };
    std::thread::scope(|scope| {
        for socket in &sockets {
            scope.spawn(move || while answer(socket).is_ok() {});
        }
    });
    Ok(())
}

/// Whether an ICMP error comes back from there.
fn is_refused(to: SocketAddr) -> std::io::Result<bool> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.set_read_timeout(Some(WAIT))?;
    socket.connect(to)?;
    socket.send(b"anybody?")?;
    let refused = socket
        .recv(&mut [0; 64])
        .is_err_and(|error| !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    Ok(refused)
}

/// Asks the reflector from inside and says what was seen.
pub(crate) fn ask() -> Result<String, Failure> {
    let bind = || {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.set_read_timeout(Some(WAIT))?;
        Ok((socket.local_addr()?.port(), socket))
    };
    let bound = || bind().map_err(|error: std::io::Error| format!("a socket: {error}"));

    let (port, socket) = bound()?;
    let mut seen = Vec::new();
    for to in 0..LISTENING.len() {
        match first_answer(&socket, to, Duration::from_secs(3)) {
            Some(address) => seen.push(address.port()),
            None if to == 0 => return Ok(BLOCKED.into()),
            None => return Err(Failure::Failed("a server answers, another does not".into())),
        }
    }
    let (_, fresh) = bound()?;
    let mapped = first_answer(&fresh, 0, Duration::from_secs(3));
    let behaviour = Behaviour {
        keeps_port: seen[0] == port,
        one_port: seen.iter().all(|other| *other == seen[0]),
        lets_in_other_port: exchange(&fresh, 0, 1).is_some(),
        lets_in_other_address: exchange(&fresh, 0, 2).is_some(),
        hairpin: mapped.is_some_and(|mapped| reaches(&socket, &fresh, mapped)),
        keeps_port_after_early: keeps_port_after_early(&socket)?,
        answers_strangers: request(&socket, b"s", 4 * WAIT).as_deref() == Some(b"yes"),
    };
    Ok(behaviour.to_string())
}

/// Has a stranger send to a port before anything was sent from it, and looks whether that port is
/// seen all the same.
fn keeps_port_after_early(socket: &UdpSocket) -> Result<bool, Failure> {
    let unused = || UdpSocket::bind("0.0.0.0:0")?.local_addr();
    let port = unused().map_err(|error| format!("a port: {error}"))?.port();
    let [high, low] = port.to_be_bytes();
    if request(socket, &[b'e', high, low], 4 * WAIT).is_none() {
        return Err(Failure::Failed("the reflector sends nothing early".into()));
    }
    let bind = || {
        let socket = UdpSocket::bind(("0.0.0.0", port))?;
        socket.set_read_timeout(Some(WAIT))?;
        Ok(socket)
    };
    let early = bind().map_err(|error: std::io::Error| format!("port {port}: {error}"))?;
    Ok(first_answer(&early, STRANGER, 4 * WAIT).is_some_and(|seen| seen.port() == port))
}

/// Asks the first socket of the reflector something, and waits for what comes back from there.
fn request(socket: &UdpSocket, question: &[u8], patience: Duration) -> Option<Vec<u8>> {
    socket.send_to(question, LISTENING[0]).ok()?;
    let end = Instant::now() + patience;
    let mut buffer = [0; 64];
    while Instant::now() < end {
        if let Ok((length, from)) = socket.recv_from(&mut buffer)
            && (from.ip().to_string().as_str(), from.port()) == LISTENING[0]
        {
            return Some(buffer[..length].to_vec());
        }
    }
    None
}

/// Repeats the question until it is answered: the reflector may still be starting.
fn first_answer(socket: &UdpSocket, to: usize, patience: Duration) -> Option<SocketAddr> {
    let end = Instant::now() + patience;
    std::iter::repeat_with(|| exchange(socket, to, to))
        .take_while(|answer| answer.is_some() || Instant::now() < end)
        .find_map(|answer| answer)
}

/// Sends one datagram to a listening socket, for an answer through another.
fn exchange(socket: &UdpSocket, to: usize, through: usize) -> Option<SocketAddr> {
    socket.send_to(through.to_string().as_bytes(), LISTENING[to]).ok()?;
    let mut buffer = [0; 64];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).ok()?;
        let (ip, port) = LISTENING[through];
        if from.ip().to_string() == ip && from.port() == port {
            return std::str::from_utf8(&buffer[..length]).ok()?.parse().ok();
        }
    }
}

/// Whether a datagram to an address arrives at a socket.
fn reaches(from: &UdpSocket, to: &UdpSocket, address: SocketAddr) -> bool {
    const TOKEN: &[u8] = b"hairpin";
    let sent = (0..3).any(|_| from.send_to(TOKEN, address).is_ok());
    let mut buffer = [0; 64];
    let mut received = std::iter::from_fn(|| to.recv_from(&mut buffer).ok().map(|(n, _)| n));
    sent && received.any(|length| length == TOKEN.len())
}

/// `cargo xtask lab check`: every kind of NAT.
pub(crate) fn check_all() -> Result<(), Failure> {
    for (name, kind) in NatKind::ALL {
        println!("{name:16} {}", check(kind)?);
    }
    Ok(())
}

/// The commands that the checks start inside a namespace, and the check itself.
pub(crate) fn main(words: &[&str]) -> Result<(), Failure> {
    match words {
        ["check"] => match super::unavailable() {
            None => check_all(),
            Some(reason) => Err(Failure::Failed(format!("no laboratory: {reason}"))),
        },
        ["reflect"] => reflect(),
        ["ask"] => {
            println!("{}", ask()?);
            Ok(())
        }
        _ => Err(Failure::Usage("lab check".into())),
    }
}
