//! What happens when: the faults of a scenario, tried in a copy of the network before they are set
//! up, so that one that cannot happen is an error and not a silence.
use super::{Fault, Part, Running, Scenario, ScenarioFault};
use crate::{TopologyError, World};
use core::time::Duration;

/// A fault with its nodes found.
type Act = Box<dyn Fn(&mut World) -> Result<(), TopologyError>>;

impl Scenario {
    /// Sets the timeline up.
    pub(super) fn schedule(&self, running: &mut Running) -> Result<(), (Part, ScenarioFault)> {
        let mut acts: Vec<(usize, Duration, Act)> = Vec::with_capacity(self.timeline.len());
        for (index, (after, fault)) in self.timeline.iter().enumerate() {
            let act = running.act(fault).map_err(|fault| (Part::Event(index), fault))?;
            acts.push((index, *after, act));
        }
        self.rehearse(&acts)?;
        for (_, after, act) in acts {
            // It was rehearsed: only what is added to the world later can be in its way.
            running.world.after(after, move |world| drop(act(world)));
        }
        Ok(())
    }

    /// Lets everything happen in the order in which it will. What machines do does not matter to
    /// whether it can.
    fn rehearse(&self, acts: &[(usize, Duration, Act)]) -> Result<(), (Part, ScenarioFault)> {
        if acts.is_empty() {
            return Ok(());
        }
        let mut world = self.network()?.world;
        let mut in_order: Vec<_> = acts.iter().collect();
        in_order.sort_by_key(|(_, after, _)| *after);
        for (index, _, act) in in_order {
            act(&mut world).map_err(|fault| (Part::Event(*index), fault.into()))?;
        }
        Ok(())
    }
}

impl Running {
    fn act(&self, fault: &Fault) -> Result<Act, ScenarioFault> {
        Ok(match fault {
            Fault::Reboot(name) => {
                let nat = self.nat(name)?;
                always(move |world| world.reboot_nat(nat))
            }
            Fault::Rebind(name) => {
                let nat = self.nat(name)?;
                Box::new(move |world| world.rebind_nat(nat))
            }
            Fault::Roam(name, place) => {
                let (host, to) = (self.host(name)?, self.host_at(place)?);
                Box::new(move |world| world.roam(host, to.clone()))
            }
            Fault::Cut(a, b) => {
                let (a, b) = (self.node(a)?, self.node(b)?);
                always(move |world| world.cut(a, b))
            }
            Fault::Mend(a, b) => {
                let (a, b) = (self.node(a)?, self.node(b)?);
                always(move |world| world.mend(a, b))
            }
            Fault::Down(name) => {
                let node = self.node(name)?;
                always(move |world| world.set_up(node, false))
            }
            Fault::Up(name) => {
                let node = self.node(name)?;
                always(move |world| world.set_up(node, true))
            }
            Fault::Relink(name, link) => {
                let (node, link) = (self.node(name)?, *link);
                always(move |world| world.set_links(node, link, link))
            }
            Fault::Clock(name, jump) => {
                let (host, jump) = (self.host(name)?, *jump);
                always(move |world| world.jump_clock(host, jump))
            }
        })
    }
}

/// Something that can always be done.
fn always(act: impl Fn(&mut World) + 'static) -> Act {
    Box::new(move |world| {
        act(world);
        Ok(())
    })
}
