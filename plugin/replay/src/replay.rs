//! Contact by contact through an engine, and what came of it.

#![expect(
    clippy::disallowed_methods,
    reason = "the time that an engine takes is measured; the time of the trace is an argument"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::Serialize;

use crate::engine::Engine;
use crate::native::LOCAL;
use crate::setup::Setup;
use crate::tag::Tag;
use crate::trace::{Contact, Micros};

/// How often in a replay the slots are counted.
const CENSUSES: usize = 64;

/// What was said of a source when it was flagged for the first time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictLine {
    /// The source.
    pub src: IpAddr,
    /// The edge that flagged it, where each local address is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<IpAddr>,
    /// When, seconds since 1970.
    pub flagged_at: f64,
    /// Contacts up to and including the one that flagged it.
    pub contacts_before: u64,
    /// The shape of the scan.
    pub kind: String,
    /// 0 to 100.
    pub risk: u8,
    /// What to think of it.
    pub class: String,
    /// Kinds of evidence.
    pub tags: Vec<String>,
    /// `local` or `network`.
    pub src_kind: String,
}

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Distinct sources, at each edge.
    pub sources: u64,
    /// Contacts that were seen.
    pub contacts: u64,
    /// Sources that were flagged.
    pub flagged_sources: u64,
    /// Contacts until a source was flagged, the flagging one included; 0 where none was.
    pub mean_contacts_to_flag: f64,
    /// Contacts made while flagged, the flagging one included.
    pub tagged_contacts: u64,
    /// The same, of contacts with real ports.
    pub tagged_real_contacts: u64,
    /// Contacts with real ports.
    pub real_contacts: u64,
    /// Most slots that were in use at a time, of 64 counts.
    pub peak_slots: u64,
    /// Slots that had to make room.
    pub evictions: u64,
    /// Seconds that the engines took.
    pub seconds: f64,
}

/// A replay's verdicts, in the order in which they were given, and its summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// One for each source that was flagged.
    pub verdicts: Vec<VerdictLine>,
    /// The sums.
    pub summary: Summary,
    /// For each contact of the trace, in its order, whether it was tagged.
    pub tagged: Vec<bool>,
}

/// Replays `contacts` at the edge of `setup`, or at one edge for each local address. `make` makes
/// the engine of an edge.
pub fn replay<E: Engine>(
    contacts: &[Contact],
    setup: &Setup,
    mut make: impl FnMut(&Setup) -> E,
) -> Outcome {
    let outcome = try_replay(contacts, setup, |setup| Ok::<E, Infallible>(make(setup)));
    match outcome {
        Ok(outcome) => outcome,
        Err(never) => match never {},
    }
}

/// The same with engines that may not start.
///
/// # Errors
/// What `make` fails with.
pub fn try_replay<E: Engine, F>(
    contacts: &[Contact],
    setup: &Setup,
    mut make: impl FnMut(&Setup) -> Result<E, F>,
) -> Result<Outcome, F> {
    let mut order: Vec<usize> = (0..contacts.len())
        .filter(|index| setup.listens(contacts[*index].dport))
        .collect();
    order.sort_by_key(|index| contacts[*index].at);
    let mut tally = Tally::new(contacts, setup, order.len());
    let mut edges: Edges<E> = HashMap::new();
    let mut leaving: BinaryHeap<Reverse<(Micros, usize)>> = BinaryHeap::new();
    let census_every = order.len().div_ceil(CENSUSES).max(1);
    for (done, index) in order.iter().copied().enumerate() {
        let contact = &contacts[index];
        while let Some(Reverse((at, left))) = leaving.peek().copied() {
            // At one moment, what came first in the file goes first.
            if (at, left) >= (contact.at, index) {
                break;
            }
            leaving.pop();
            tally.leave(&mut edges, at, left);
        }
        let key = setup
            .edge_by_destination
            .then(|| contact.dst.unwrap_or(LOCAL));
        let engine = match edges.entry(key) {
            Entry::Occupied(engine) => engine.into_mut(),
            Entry::Vacant(free) => free.insert(make(setup)?),
        };
        tally.arrive(engine, index);
        leaving.push(Reverse((
            contact.at.saturating_add(contact.duration),
            index,
        )));
        if done % census_every == 0 || done + 1 == order.len() {
            tally.count_slots(&mut edges, contact.at);
        }
    }
    while let Some(Reverse((at, left))) = leaving.pop() {
        tally.leave(&mut edges, at, left);
    }
    Ok(tally.finish(&mut edges))
}

type Edges<E> = HashMap<Option<IpAddr>, E>;

/// A source at an edge.
#[derive(Default)]
struct Source {
    contacts: u64,
    is_flagged: bool,
}

struct Tally<'a> {
    contacts: &'a [Contact],
    setup: &'a Setup,
    sources: HashMap<(Option<IpAddr>, IpAddr), Source>,
    /// The number that a contact has among those of its source.
    numbers: Vec<u64>,
    verdicts: Vec<VerdictLine>,
    tagged: Vec<bool>,
    summary: Summary,
    spent: Duration,
}

impl<'a> Tally<'a> {
    fn new(contacts: &'a [Contact], setup: &'a Setup, seen: usize) -> Self {
        Self {
            contacts,
            setup,
            sources: HashMap::new(),
            numbers: vec![0; contacts.len()],
            verdicts: Vec::new(),
            tagged: vec![false; contacts.len()],
            summary: Summary {
                contacts: seen as u64,
                ..Summary::default()
            },
            spent: Duration::ZERO,
        }
    }

    fn key(&self, contact: &Contact) -> Option<IpAddr> {
        let is_edge = self.setup.edge_by_destination;
        is_edge.then(|| contact.dst.unwrap_or(LOCAL))
    }

    fn arrive(&mut self, engine: &mut impl Engine, index: usize) {
        let contact = &self.contacts[index];
        let source = self
            .sources
            .entry((self.key(contact), contact.src))
            .or_default();
        source.contacts += 1;
        self.numbers[index] = source.contacts;
        if self.setup.real_ports.contains(&contact.dport) {
            self.summary.real_contacts += 1;
        }
        let began = Instant::now();
        let tag = engine.arrive(contact.at, index, contact);
        self.spent += began.elapsed();
        self.note(contact.at, index, &tag);
    }

    fn leave<E: Engine>(&mut self, edges: &mut Edges<E>, at: Micros, index: usize) {
        let contact = &self.contacts[index];
        let Some(engine) = edges.get_mut(&self.key(contact)) else {
            return;
        };
        let began = Instant::now();
        let tag = engine.leave(at, index, contact);
        self.spent += began.elapsed();
        self.note(at, index, &tag);
    }

    /// Notes what is said of the source of a contact.
    fn note(&mut self, at: Micros, index: usize, tag: &str) {
        let contact = &self.contacts[index];
        if tag.is_empty() {
            return;
        }
        if !core::mem::replace(&mut self.tagged[index], true) {
            let is_real = self.setup.real_ports.contains(&contact.dport);
            self.summary.tagged_contacts += 1;
            self.summary.tagged_real_contacts += u64::from(is_real);
        }
        let edge = self.key(contact);
        let Some(source) = self.sources.get_mut(&(edge, contact.src)) else {
            return;
        };
        if core::mem::replace(&mut source.is_flagged, true) {
            return;
        }
        let said = Tag::parse(tag);
        self.verdicts.push(VerdictLine {
            src: contact.src,
            edge,
            flagged_at: seconds(at),
            contacts_before: self.numbers[index],
            kind: said.kind,
            risk: said.risk,
            class: said.class,
            tags: said.tags,
            src_kind: said.src,
        });
    }

    fn count_slots<E: Engine>(&mut self, edges: &mut Edges<E>, at: Micros) {
        let slots = edges.values_mut().map(|engine| engine.slots(at)).sum();
        self.summary.peak_slots = self.summary.peak_slots.max(slots);
    }

    fn finish<E: Engine>(mut self, edges: &mut Edges<E>) -> Outcome {
        let contacts: u64 = self.verdicts.iter().map(|line| line.contacts_before).sum();
        self.summary.sources = self.sources.len() as u64;
        self.summary.flagged_sources = self.verdicts.len() as u64;
        self.summary.mean_contacts_to_flag = match self.verdicts.len() {
            0 => 0.0,
            flagged => ratio(contacts, flagged as u64),
        };
        self.summary.evictions = edges.values_mut().map(Engine::evictions).sum();
        self.summary.seconds = self.spent.as_secs_f64();
        Outcome {
            verdicts: self.verdicts,
            summary: self.summary,
            tagged: self.tagged,
        }
    }
}

fn seconds(at: Micros) -> f64 {
    ratio(at, 1_000_000)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of this century are exact"
)]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

#[cfg(test)]
mod tests;
