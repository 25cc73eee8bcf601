//! Deadlines by key, with the earliest at hand.
use crate::Instant;
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::mem;

/// The most deadlines that are kept in a row.
const FEW: usize = 16;
/// With so few left trees become a row again: less than [`FEW`], so that a number that moves about
/// the border does not rebuild them each time.
const FEW_AGAIN: usize = 8;

/// One deadline for each key. Setting and clearing cost O(log n), the earliest is O(1), so that an
/// idle machine with 50,000 timers polls as fast as one with none (law 11). Up to 16 are a sorted
/// row, and take no more memory than they are long; without any there is none on the heap.
///
/// ```
/// use sans_io::{Instant, Timers};
/// let mut timers = Timers::default();
/// timers.set("refresh", Some(Instant::from_secs(9)));
/// timers.set("consent", Some(Instant::from_secs(5)));
/// assert_eq!(timers.next(), Some(Instant::from_secs(5)));
/// assert_eq!(timers.pop_due(Instant::from_secs(6)), Some((Instant::from_secs(5), "consent")));
/// assert_eq!(timers.pop_due(Instant::from_secs(6)), None);
/// timers.set("refresh", None);
/// assert_eq!(timers.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Timers<K>(Kept<K>);

#[derive(Clone, Debug)]
enum Kept<K> {
    /// The latest first, so that the earliest is taken off the end.
    Few(Vec<(Instant, K)>),
    Many(Many<K>),
}

#[derive(Clone, Debug)]
struct Many<K> {
    by_key: BTreeMap<K, Instant>,
    by_time: BTreeSet<(Instant, K)>,
    next: Option<Instant>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Timers<K> {
    /// None set.
    pub const fn new() -> Self {
        Self(Kept::Few(Vec::new()))
    }

    /// The earliest deadline.
    pub const fn next(&self) -> Option<Instant> {
        match &self.0 {
            Kept::Few(row) => match row.as_slice().last() {
                Some((at, _)) => Some(*at),
                None => None,
            },
            Kept::Many(many) => many.next,
        }
    }

    /// How many deadlines are set.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::Few(row) => row.len(),
            Kept::Many(many) => many.by_key.len(),
        }
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the memory back if none is set.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            *self = Self::new();
        }
    }
}

impl<K: Ord + Copy> Timers<K> {
    /// Sets, moves or clears the deadline of `key`. [`Instant::FAR`] clears it too: what would be due
    /// where time ends, and again at once if it is set anew there, is not to come.
    pub fn set(&mut self, key: K, at: Option<Instant>) {
        let at = at.filter(|at| *at < Instant::FAR);
        match &mut self.0 {
            Kept::Few(row) => {
                if let Some(place) = row.iter().position(|(_, other)| *other == key) {
                    row.remove(place);
                }
                let Some(at) = at else { return };
                if row.len() < FEW {
                    let place = row.partition_point(|timer| *timer > (at, key));
                    if row.is_empty() {
                        row.reserve_exact(1); // else there is room for four from the start
                    }
                    row.insert(place, (at, key));
                } else {
                    let mut many = Many::of(mem::take(row));
                    many.set(key, Some(at));
                    self.0 = Kept::Many(many);
                }
            }
            Kept::Many(many) => {
                many.set(key, at);
                self.settle();
            }
        }
    }

    /// The deadline of `key`.
    pub fn get(&self, key: K) -> Option<Instant> {
        match &self.0 {
            Kept::Few(row) => row.iter().find(|(_, other)| *other == key).map(|(at, _)| *at),
            Kept::Many(many) => many.by_key.get(&key).copied(),
        }
    }

    /// Takes the earliest deadline that is not later than `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, K)> {
        if self.next().is_none_or(|next| next > now) {
            return None;
        }
        match &mut self.0 {
            Kept::Few(row) => row.pop(),
            Kept::Many(many) => {
                let due = many.pop();
                self.settle();
                due
            }
        }
    }

    /// Makes trees that have become few a row.
    fn settle(&mut self) {
        if let Kept::Many(many) = &mut self.0
            && many.by_time.len() <= FEW_AGAIN
        {
            self.0 = Kept::Few(mem::take(&mut many.by_time).into_iter().rev().collect());
        }
    }
}

impl<K: Ord + Copy> Many<K> {
    fn of(row: Vec<(Instant, K)>) -> Self {
        let mut many = Self { by_key: BTreeMap::new(), by_time: BTreeSet::new(), next: None };
        for (at, key) in row {
            many.set(key, Some(at));
        }
        many
    }

    fn set(&mut self, key: K, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.by_key.insert(key, at),
            None => self.by_key.remove(&key),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, key));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key));
        }
        self.next = self.by_time.first().map(|(at, _)| *at);
    }

    fn pop(&mut self) -> Option<(Instant, K)> {
        let due = self.by_time.pop_first()?;
        self.by_key.remove(&due.1);
        self.next = self.by_time.first().map(|(at, _)| *at);
        Some(due)
    }
}
