//! Captures that Wireshark reads: one interface for each vantage point, and the reason of each drop
//! as a comment of its packet.
use crate::{Entry, Happening, World};
use std::{collections::BTreeMap, io};

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// Raw IPv4 and IPv6.
const LINK_RAW: u16 = 101;
const OPTION_COMMENT: u16 = 1;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
/// 2026-01-01, so that the beginning of a world has a date.
const EPOCH_NS: u64 = 1_767_225_600_000_000_000;

impl World {
    /// Writes the log as one pcapng file. Vantage points are named by their nodes; those of a NAT
    /// are its `outside` and its `inside`.
    ///
    /// ```
    /// use nat_sim::{Host, World};
    /// let mut world = World::new(1);
    /// world.keep_log();
    /// let a = world.add_host(Host::on_internet().named("a"))?;
    /// let b = world.add_host(Host::on_internet().named("b"))?;
    /// let (a, b) = (world.install_peer(a, 1), world.install_peer(b, 2));
    /// world.ask(a, b);
    /// let mut file = Vec::new();
    /// world.write_pcapng(&mut file).expect("a Vec takes everything");
    /// assert_eq!(file[..4], [0x0A, 0x0D, 0x0D, 0x0A]);
    /// # Ok::<(), nat_sim::TopologyError>(())
    /// ```
    pub fn write_pcapng(&self, out: &mut impl io::Write) -> io::Result<()> {
        let mut section = 0x1A2B_3C4D_u32.to_le_bytes().to_vec();
        section.extend_from_slice(&[1, 0, 0, 0]);
        section.extend_from_slice(&u64::MAX.to_le_bytes());
        write_block(out, SECTION, &section)?;
        let mut numbers = BTreeMap::new();
        for (node, interface, name) in self.vantage_points() {
            numbers.insert((node, interface), numbers.len() as u32);
            let mut body = LINK_RAW.to_le_bytes().to_vec();
            body.extend_from_slice(&[0; 6]);
            push_option(&mut body, OPTION_NAME, name.as_bytes());
            push_option(&mut body, OPTION_RESOLUTION, &[9]);
            push_option(&mut body, 0, &[]);
            write_block(out, INTERFACE, &body)?;
        }
        for entry in self.log() {
            let point = (entry.node, entry.interface);
            let number = numbers.get(&point).copied().unwrap_or_default();
            write_block(out, PACKET, &packet(entry, number))?;
        }
        Ok(())
    }
}

fn packet(entry: &Entry, interface: u32) -> Vec<u8> {
    let wire = entry.packet.to_wire();
    let at = EPOCH_NS + entry.at.saturating_since(World::START).as_nanos() as u64;
    let mut body = interface.to_le_bytes().to_vec();
    body.extend_from_slice(&((at >> 32) as u32).to_le_bytes());
    body.extend_from_slice(&(at as u32).to_le_bytes());
    let len = (wire.len() as u32).to_le_bytes();
    body.extend_from_slice(&len);
    body.extend_from_slice(&len);
    body.extend_from_slice(&wire);
    pad(&mut body);
    if let Happening::Dropped(cause) = entry.happening {
        push_option(&mut body, OPTION_COMMENT, format!("dropped: {}", cause.name()).as_bytes());
        push_option(&mut body, 0, &[]);
    }
    body
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn push_option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(value.len() as u16).to_le_bytes());
    body.extend_from_slice(value);
    pad(body);
}

fn write_block(out: &mut impl io::Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let len = ((body.len() + 12) as u32).to_le_bytes();
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&len)?;
    out.write_all(body)?;
    out.write_all(&len)
}
