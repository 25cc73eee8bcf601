//! A laboratory of network namespaces: two hosts behind two NATs of the real kernel, around a
//! public segment.
//!
//! ```text
//!   hA 10.1.0.2 --- natA 198.51.100.10 --+-- inet --+-- 198.51.100.20 natB --- 10.2.0.2 hB
//!                                         198.51.100.1 and .2: servers run here
//! ```
//!
//! A side may have one more NAT between its own and the segment, as behind a carrier:
//! natA 100.64.1.2 --- 100.64.1.1 cgnA 198.51.100.10.
//!
//! Everything lives in namespaces named after the process that made them. They are deleted when the
//! lab is dropped, and what an interrupted run left is deleted before a new one is built.

mod nat;
mod node;
mod plan;
pub(crate) mod probe;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{self, Failure, capture};
pub(crate) use nat::NatKind;
use nat::Site;
pub(crate) use node::Node;
use node::{SIDES, Side, shared, wan};
pub(crate) use plan::{Input, Plan};

/// The addresses of the public segment that servers listen on.
pub(crate) const SERVER: &str = "198.51.100.1";
pub(crate) const SERVER_OTHER: &str = "198.51.100.2";

/// The address of the host on side A.
pub(crate) const HOST_A: &str = "10.1.0.2";

/// The public segment.
pub(crate) const PUBLIC: &str = "198.51.100.0/24";

/// What the names of all namespaces begin with; the id of the process follows.
const PREFIX: &str = "spoollab";

/// A laboratory that is up. Dropping it takes it down.
#[derive(Debug)]
pub(crate) struct Lab {
    prefix: String,
}

/// How many bytes of large datagrams a NAT forwarded outwards, by where they went. Bytes, because
/// the kernel counts a batch of datagrams that a sender handed over together as one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forwarded {
    pub(crate) peer_bytes: u64,
    pub(crate) server_bytes: u64,
}

impl Lab {
    /// Builds the laboratory with these NATs for the sides A and B.
    pub(crate) fn up(a: impl Into<Plan>, b: impl Into<Plan>) -> Result<Self, Failure> {
        for prefix in stale(&capture(Command::new("ip").args(["netns", "list"]))?, is_running) {
            drop(Self { prefix });
        }
        let lab = Self { prefix: format!("{PREFIX}{}", std::process::id()) };
        for node in Node::ALL {
            ip(&format!("netns add {}", lab.namespace(node)))?;
            lab.inside(node, "link set lo up")?;
        }
        lab.inside(Node::Inet, "link add segment type bridge")?;
        for address in [SERVER, SERVER_OTHER] {
            lab.inside(Node::Inet, &format!("addr add {address}/24 dev segment"))?;
        }
        lab.inside(Node::Inet, "link set segment up")?;
        lab.connect_beyond()?;
        for (side, plan) in SIDES.iter().zip([a.into(), b.into()]) {
            lab.connect(side, plan.carrier.is_some())?;
            lab.set_nats(side, plan)?;
        }
        Ok(lab)
    }

    /// A command that runs in the namespace of a node, without standard input.
    pub(crate) fn command(&self, node: Node, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(node), program]).stdin(Stdio::null());
        command
    }

    /// Has the programs on a node ask this name server, and know no other host by name.
    pub(crate) fn set_name_server(&self, node: Node, address: &str) -> Result<(), Failure> {
        let dir = self.config_dir(node);
        let write = || {
            fs::create_dir_all(&dir)?;
            fs::write(dir.join("resolv.conf"), format!("nameserver {address}\n"))?;
            fs::write(dir.join("hosts"), "127.0.0.1 localhost\n")
        };
        write().map_err(|error| Failure::Failed(format!("{}: {error}", dir.display())))
    }

    /// What `ip netns exec` puts in the place of files in /etc.
    fn config_dir(&self, node: Node) -> PathBuf {
        Path::new("/etc/netns").join(self.namespace(node))
    }

    /// Reads the counters of a side's NAT: what counts is datagrams larger than any STUN check.
    pub(crate) fn forwarded(&self, nat: Node) -> Result<Forwarded, Failure> {
        let mut list = self.command(nat, "nft");
        let text = capture(list.args(["list", "counters", "table", "ip", nat::TABLE]))?;
        let read = |name: &str| {
            nat::counter(&text, name)
                .ok_or_else(|| Failure::Failed(format!("no counter {name} in:\n{text}")))
        };
        Ok(Forwarded { peer_bytes: read(nat::TO_PEER)?, server_bytes: read(nat::TO_SERVER)? })
    }

    /// Gives the servers a way to everywhere else, where every packet vanishes. Without it a packet
    /// to a private address would be an error of the sender, which it is not on the internet.
    fn connect_beyond(&self) -> Result<(), Failure> {
        self.wire((Node::Inet, "out"), (Node::Beyond, "in"))?;
        self.inside(Node::Inet, "addr add 203.0.113.2/24 dev out")?;
        self.inside(Node::Beyond, "addr add 203.0.113.1/24 dev in")?;
        self.inside(Node::Inet, "route add default via 203.0.113.1")
    }

    /// Wires one side: host, NATs and segment, with addresses and routes.
    fn connect(&self, side: &Side, has_carrier: bool) -> Result<(), Failure> {
        let Side { host, nat, carrier, number } = side;
        self.wire((*host, "eth0"), (*nat, "lan"))?;
        let outermost = if has_carrier { *carrier } else { *nat };
        if has_carrier {
            self.wire((*nat, "wan"), (*carrier, "lan"))?;
            self.inside(*nat, &format!("addr add {}/24 dev wan", shared(*number, 2)))?;
            self.inside(*nat, &format!("route add default via {}", shared(*number, 1)))?;
            self.inside(*carrier, &format!("addr add {}/24 dev lan", shared(*number, 1)))?;
            self.let_forward(*carrier)?;
        }
        self.wire((outermost, "wan"), (Node::Inet, &format!("side{number}")))?;
        self.inside(Node::Inet, &format!("link set side{number} master segment"))?;
        self.inside(*host, &format!("addr add 10.{number}.0.2/24 dev eth0"))?;
        self.inside(*host, &format!("route add default via 10.{number}.0.1"))?;
        self.inside(*nat, &format!("addr add 10.{number}.0.1/24 dev lan"))?;
        self.inside(outermost, &format!("addr add {}/24 dev wan", wan(*number)))?;
        self.inside(outermost, &format!("route add default via {SERVER}"))?;
        self.let_forward(*nat)
    }

    fn let_forward(&self, nat: Node) -> Result<(), Failure> {
        // what goes back to where it came from has nothing to learn: that is the hairpin
        let redirects = ["all", "lan"].map(|name| format!("net.ipv4.conf.{name}.send_redirects=0"));
        let mut sysctl = self.command(nat, "sysctl");
        capture(sysctl.args(["-qw", "net.ipv4.ip_forward=1"]).args(redirects)).map(drop)
    }

    /// Connects two interfaces, one in each node, with a cable.
    fn wire(
        &self,
        (left, left_if): (Node, &str),
        (right, right_if): (Node, &str),
    ) -> Result<(), Failure> {
        let (left_ns, right_ns) = (self.namespace(left), self.namespace(right));
        ip(&format!(
            "link add {left_if} netns {left_ns} type veth peer name {right_if} netns {right_ns}"
        ))?;
        self.inside(left, &format!("link set {left_if} up"))?;
        self.inside(right, &format!("link set {right_if} up"))
    }

    fn set_nats(&self, side: &Side, plan: Plan) -> Result<(), Failure> {
        let Plan { nat, input, carrier } = plan;
        let (number, public, peer) = (side.number, wan(side.number), wan(3 - side.number));
        let (host, inner) = (format!("10.{number}.0.2"), shared(number, 2));
        let outside = if carrier.is_some() { &inner } else { &public };
        let site = Site { wan: outside, host: &host, peer: &peer, server: SERVER };
        self.set_nat(side.nat, &nat.rules(&site, input))?;
        if let Some(kind) = carrier {
            let site = Site { wan: &public, host: &inner, peer: &peer, server: SERVER };
            self.set_nat(side.carrier, &kind.rules(&site, Input::Drop))?;
        }
        if nat.is_routed() {
            let route = format!("route add 10.{number}.0.0/24 via {public}");
            self.inside(Node::Inet, &route)?;
            let forward = ["-qw", "net.ipv4.ip_forward=1"];
            capture(self.command(Node::Inet, "sysctl").args(forward))?;
        }
        Ok(())
    }

    fn set_nat(&self, node: Node, rules: &str) -> Result<(), Failure> {
        match self.command(node, "nft").arg(rules).output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let noise = String::from_utf8_lossy(&output.stderr);
                Err(Failure::Failed(format!("nft refused these rules:\n{rules}\n{noise}")))
            }
            Err(error) => Err(Failure::Failed(format!("nft: {error}"))),
        }
    }

    /// Deletes the namespaces of this prefix, and first whatever still runs in them.
    fn down(&self) {
        for node in Node::ALL {
            let namespace = self.namespace(node);
            let pids = Command::new("ip").args(["netns", "pids", &namespace]).output();
            let pids = pids.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
            for pid in pids.unwrap_or_default().split_whitespace() {
                let _may_be_gone =
                    Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status();
            }
            let mut delete = Command::new("ip");
            let _may_be_missing =
                delete.args(["netns", "del", &namespace]).stderr(Stdio::null()).status();
            let _is_there_in_few_cases = fs::remove_dir_all(self.config_dir(node));
        }
    }

    fn namespace(&self, node: Node) -> String {
        format!("{}-{}", self.prefix, node.name())
    }

    fn inside(&self, node: Node, words: &str) -> Result<(), Failure> {
        ip(&format!("-n {} {words}", self.namespace(node)))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.down();
    }
}

fn ip(words: &str) -> Result<(), Failure> {
    capture(Command::new("ip").args(words.split(' '))).map(drop)
}

/// The prefixes in a list of namespaces whose processes run no more.
fn stale(list: &str, is_running: impl Fn(u32) -> bool) -> BTreeSet<String> {
    let prefix = |line: &str| {
        let (prefix, _) = line.split_once('-')?;
        let process = prefix.strip_prefix(PREFIX)?.parse().ok()?;
        (!is_running(process)).then(|| prefix.to_owned())
    };
    list.lines().filter_map(prefix).collect()
}

fn is_running(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

/// Why no laboratory can be built here, if so.
pub(crate) fn unavailable() -> Option<String> {
    if !run::is_root() {
        return Some("network namespaces need root, and this is another user".into());
    }
    let works = |program: &&str| capture(Command::new(program).arg("-V")).is_ok();
    let missing = ["ip", "nft", "sysctl"].into_iter().find(|program| !works(program))?;
    Some(format!("the program {missing} is missing, or does not work"))
}

#[cfg(test)]
mod tests {
    use super::stale;

    #[test]
    fn only_what_an_ended_process_left_is_stale() {
        let list =
            "spoollab12-hA (id: 1)\nspoollab12-inet\nspoollab34-hA\nother-hA\nspoollabx-hA\n";
        let stale = stale(list, |process| process == 34);
        assert_eq!(stale.into_iter().collect::<Vec<_>>(), ["spoollab12"]);
    }
}
