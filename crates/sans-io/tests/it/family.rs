//! A composite: many askers under one parent, which reacts to them inside the input that touched
//! them. Its lazy twin waits for the poll, and the checker finds out.
use crate::asker::{Asker, Asking, Breaks, Event, address};
use sans_io::{
    ChildId, Children, Clock, Input, Instant, Machine, Output, Path, Transmit, Verdict,
    laws::{Rng, Subject, check},
};
use std::collections::VecDeque;

struct Parent {
    children: Children<Asker>,
    clock: Clock,
    out: VecDeque<Output<(ChildId, Event)>>,
    lazy: bool,
}

impl Parent {
    fn ask(&mut self, now: Instant, child: Option<ChildId>) -> Result<u64, &'static str> {
        let now = self.advance(now);
        let result = child.and_then(|child| self.children.with(child, |asker| asker.ask(now)));
        let result = result.unwrap_or(Err("no child"));
        self.settle(now);
        result
    }

    fn advance(&mut self, now: Instant) -> Instant {
        let now = self.clock.tick(now);
        self.children.handle_timeout(now);
        now
    }

    /// Offers an input to one child after the other, until one claims it.
    fn offer<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let ids: Vec<ChildId> = self.children.iter().map(|(id, _)| id).collect();
        let mut verdicts = ids.into_iter().map(|id| self.children.handle_input(id, now, input));
        verdicts.find(|verdict| *verdict != Verdict::Unclaimed).unwrap_or(Verdict::Unclaimed)
    }

    /// Passes on what children say, and asks again whenever one gave up.
    fn settle(&mut self, now: Instant) {
        if self.lazy {
            return;
        }
        while let Some((child, output)) = self.children.poll() {
            if matches!(output, Output::Event(Event::GaveUp(_))) {
                // Where a command took the free place first, that will do.
                let _ = self.children.with(child, |asker| asker.ask(now));
            }
            self.out.push_back(output.map(|event| (child, event)));
        }
    }
}

impl Machine for Parent {
    type Event = (ChildId, Event);

    fn handle_input<'a>(&mut self, now: Instant, input: Input<'a>) -> Verdict<'a> {
        let now = self.advance(now);
        let verdict = match input {
            Input::Timeout => Verdict::Consumed,
            input => self.offer(now, input),
        };
        self.settle(now);
        verdict
    }

    fn poll_output(&mut self) -> Output<Self::Event> {
        if self.lazy {
            self.lazy = false;
            self.settle(self.clock.now());
            self.lazy = true;
        }
        self.out.pop_front().unwrap_or(Output::Timeout(self.children.next()))
    }
}

struct Family {
    lazy: bool,
}

impl Subject for Family {
    type Machine = Parent;
    /// Which child is to ask, by its place; there is none at the last.
    type Command = usize;
    const DRAIN_MAX: usize = 200;
    const LATE_MAX: usize = 5;

    fn build(&self) -> Parent {
        let mut children = Children::default();
        for (seed, path) in self.paths().into_iter().enumerate() {
            children.insert(Asker::new(path, seed as u64, 4, Breaks::Nothing));
        }
        Parent { children, clock: Clock::default(), out: VecDeque::new(), lazy: self.lazy }
    }

    fn paths(&self) -> Vec<Path> {
        (2..5).map(|last| Path::udp(address(1, 1), address(last, 2))).collect()
    }

    fn bytes(&self, rng: &mut Rng, sent: &[Transmit]) -> Vec<u8> {
        Asking::answer(rng, sent)
    }

    fn command(&self, rng: &mut Rng) -> usize {
        rng.below(4) as usize
    }

    fn run(&self, parent: &mut Parent, now: Instant, child: &usize) -> Result<String, String> {
        let id = parent.children.iter().nth(*child).map(|(id, _)| id);
        parent.ask(now, id).map(|id| id.to_string()).map_err(str::to_string)
    }
}

#[test]
fn a_parent_keeps_the_laws_when_its_children_do() {
    for seed in 0..200 {
        check(&Family { lazy: false }, seed, 120).unwrap();
    }
}

#[test]
fn a_parent_that_reacts_in_the_poll_is_caught() {
    assert!((0..200).any(|seed| check(&Family { lazy: true }, seed, 120).is_err()));
}

#[test]
fn a_removed_child_is_silent_and_its_place_is_used_again() {
    let mut children = Children::default();
    let now = Instant::ZERO;
    let first = children.insert(Asker::new(Asking::path(), 1, 4, Breaks::Nothing));
    let second = children.insert(Asker::new(Asking::path(), 2, 4, Breaks::Nothing));
    children.with(first, |asker| asker.ask(now)).unwrap().unwrap();
    assert!(children.remove(first).is_some());
    assert!(children.remove(first).is_none());
    assert!(children.poll().is_none());
    assert_eq!((children.len(), children.next()), (1, None));
    let third = children.insert(Asker::new(Asking::path(), 3, 4, Breaks::Nothing));
    assert_eq!(children.iter().map(|(id, _)| id).collect::<Vec<_>>(), [third, second]);
    assert!(children.get(first).is_none() && children.with(first, |_| ()).is_none());
    assert!(children.get(third).is_some());
}
