//! Scenarios from the bytes of a fuzzer: small ones that can be built.
use super::{Fault, HostPlan, NatPlan, Place, Scenario, Tweak};
use crate::{
    Bursts, Chance, Dependence, Hairpin, Jump, Link, Model, PortChoice, Preset, RouterInput,
};
use arbitrary::{Arbitrary, Result, Unstructured};
use core::time::Duration;

/// More do not make a failure likelier, but runs slower.
const NATS_MAX: usize = 3;
const HOSTS_MAX: usize = 4;
const FAULTS_MAX: usize = 6;
/// Long enough for every timer of ICE, STUN and TURN but the ten minutes of an allocation.
const SECONDS_MAX: u64 = 120;

/// At most three NATs, four hosts and six faults within two minutes; it can always be built. The
/// hosts are called `host0` and so on and run nothing, and neighbours connect.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use nat_sim::Scenario;
/// let scenario = Scenario::arbitrary(&mut Unstructured::new(b"any bytes will do"))?;
/// assert!(scenario.build().is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
impl<'a> Arbitrary<'a> for Scenario {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (nat_count, host_count) =
            (u.int_in_range(0..=NATS_MAX)?, u.int_in_range(2..=HOSTS_MAX)?);
        let nats = (0..nat_count).map(|index| nat(u, index)).collect::<Result<_>>()?;
        let hosts = (0..host_count).map(|index| {
            Ok(HostPlan { name: format!("host{index}"), place: place(u, nat_count)?, runs: None })
        });
        let hosts = hosts.collect::<Result<_>>()?;
        let name = |index| format!("host{index}");
        let connections = (1..host_count).map(|index| (name(index - 1), name(index))).collect();
        let faults = u.int_in_range(0..=FAULTS_MAX)?;
        let timeline = (0..faults).map(|_| Ok((time(u)?, fault(u, nat_count, host_count)?)));
        let timeline = timeline.collect::<Result<_>>()?;
        Ok(Self { seed: u.arbitrary()?, duration: time(u)?, nats, hosts, connections, timeline })
    }
}

fn time(u: &mut Unstructured<'_>) -> Result<Duration> {
    Ok(Duration::from_millis(u.int_in_range(0..=SECONDS_MAX * 1_000)?))
}

fn chance(u: &mut Unstructured<'_>) -> Result<Chance> {
    Ok(Chance::ppm(u.int_in_range(0..=1_000_000)?))
}

fn link(u: &mut Unstructured<'_>) -> Result<Link> {
    let short = |u: &mut Unstructured<'_>| Ok(Duration::from_millis(u.int_in_range(0..=500)?));
    let mut link = Link::after(short(u)?).with_jitter(short(u)?).with_loss(chance(u)?);
    link = link.with_duplication(chance(u)?).with_corruption(chance(u)?);
    if u.arbitrary()? {
        let (enter, leave, loss) = (chance(u)?, chance(u)?, chance(u)?);
        link = link.with_bursts(Bursts { enter, leave, loss });
    }
    if u.arbitrary()? {
        link = link.with_reordering(chance(u)?, short(u)?);
    }
    if u.arbitrary()? {
        let (bits, bytes) = (u.int_in_range(1_000..=1_000_000_000)?, u.int_in_range(0..=100_000)?);
        link = link.with_rate(bits, bytes);
    }
    if u.arbitrary()? {
        link = link.with_hops(u.int_in_range(0..=63)?);
    }
    Ok(match u.int_in_range(0..=3)? {
        0 => link.with_mtu(u.int_in_range(68..=9_000)?),
        1 => link.with_black_hole(u.int_in_range(68..=9_000)?),
        _ => link,
    })
}

/// Behind one of the NATs, or on the internet.
fn place(u: &mut Unstructured<'_>, nats: usize) -> Result<Place> {
    let nat = u.int_in_range(0..=nats)?;
    let behind = (nat < nats).then(|| format!("nat{nat}"));
    let link = if u.arbitrary()? { Some(link(u)?) } else { None };
    Ok(Place { behind, addresses: Vec::new(), dual_stack: u.arbitrary()?, link })
}

fn nat(u: &mut Unstructured<'_>, index: usize) -> Result<NatPlan> {
    let preset = *u.choose(&Preset::ALL)?;
    let linux = matches!(preset.model(), Model::Linux(_));
    let count = u.int_in_range(0..=3)?;
    let mut tweaks: Vec<Tweak> = Vec::new();
    for _ in 0..count {
        let new = tweak(u, linux)?;
        tweaks.retain(|tweak| !tweak.is_about_the_same(&new));
        tweaks.push(new);
    }
    let place = place(u, index)?;
    Ok(NatPlan { name: format!("nat{index}"), preset, tweaks, inside: None, place })
}

/// A difference that the model can have.
fn tweak(u: &mut Unstructured<'_>, linux: bool) -> Result<Tweak> {
    let hairpins = [Hairpin::None, Hairpin::InternalSource, Hairpin::ExternalSource];
    let inputs = [RouterInput::Drop, RouterInput::Reject, RouterInput::Accept];
    Ok(match (u.int_in_range(0..=4)?, linux) {
        (0, _) => Tweak::Lifetime(time(u)?),
        (1, _) => Tweak::Hairpin(*u.choose(&hairpins)?),
        (_, true) => Tweak::Input(*u.choose(&inputs)?),
        (2, false) => Tweak::Mapping(*u.choose(&Dependence::ALL)?),
        (3, false) => Tweak::Filtering(*u.choose(&Dependence::ALL)?),
        (_, false) => Tweak::Ports(match u.int_in_range(0..=3)? {
            0 => PortChoice::Preserving,
            1 => PortChoice::Random,
            2 => PortChoice::Contiguous,
            _ => PortChoice::Block(u.int_in_range(1..=2_048)?),
        }),
    })
}

fn fault(u: &mut Unstructured<'_>, nats: usize, hosts: usize) -> Result<Fault> {
    let host = |u: &mut Unstructured<'_>| Ok(format!("host{}", u.int_in_range(0..=hosts - 1)?));
    // The faults of NATs come last, where there are NATs.
    Ok(match u.int_in_range(0..=if nats > 0 { 9 } else { 6 })? {
        0 => Fault::Roam(host(u)?, place(u, nats)?),
        1 => Fault::Cut(host(u)?, host(u)?),
        2 => Fault::Mend(host(u)?, host(u)?),
        3 => Fault::Down(host(u)?),
        4 => Fault::Up(host(u)?),
        5 => Fault::Relink(host(u)?, link(u)?),
        6 => {
            let by = time(u)?;
            let jump = if u.arbitrary()? { Jump::Ahead(by) } else { Jump::Back(by) };
            Fault::Clock(host(u)?, jump)
        }
        number => {
            let nat = format!("nat{}", u.int_in_range(0..=nats - 1)?);
            match number {
                7 => Fault::Reboot(nat),
                8 => Fault::Rebind(nat),
                _ => Fault::Down(nat),
            }
        }
    })
}
