//! What each source did on each day, as far as weights are about it.

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use hashbrown::HashMap;
use portscan_core::counters::Counter;
use portscan_core::evidence::{Evidence, EvidenceSet};
use portscan_core::first_bytes::{Asks, Names, asks};
use portscan_replay::engine::Engine;
use portscan_replay::native::Native;
use portscan_replay::replay::replay;
use portscan_replay::trace::{Contact, Micros};

use crate::generate::DAY;
use crate::measure::Trial;

/// A source on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    /// What the detector counted.
    pub(super) kinds: EvidenceSet,
    /// The same, where decoys say nothing: its network was flagged.
    pub(super) network: bool,
    /// It asked a decoy for a served name.
    pub(super) asked_for_served: bool,
    /// It asked a decoy for anything else, or for nothing.
    pub(super) asked_otherwise: bool,
    /// It was silent there.
    pub(super) silent_at_decoy: bool,
    /// It was at a real port.
    pub(super) at_real: bool,
    /// It was silent there.
    pub(super) silent_at_real: bool,
}

impl Day {
    pub(super) fn has_decoy(&self) -> bool {
        self.asked_for_served || self.asked_otherwise
    }

    pub(super) fn has_target(&self) -> bool {
        self.has_decoy() || !self.kinds.is_empty()
    }

    fn see(&mut self, contact: &Contact, trial: &Trial) {
        let is_silent = contact.bytes == Some(0);
        if trial.real_ports.contains(&contact.dport) {
            self.at_real = true;
            self.silent_at_real |= is_silent;
            return;
        }
        let is_served = asks(&contact.first, &Names::default()) == Asks::Served;
        self.asked_for_served |= is_served;
        self.asked_otherwise |= !is_served;
        self.silent_at_decoy |= is_silent;
    }
}

/// Sources on days.
pub(super) type Days = HashMap<(IpAddr, Micros), Day>;

/// Which sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sources {
    All,
    Even,
    Odd,
}

impl Sources {
    pub(super) fn has(self, src: &IpAddr) -> bool {
        let is_even = match src {
            IpAddr::V4(v4) => u32::from(*v4).is_multiple_of(2),
            IpAddr::V6(v6) => u128::from(*v6).is_multiple_of(2),
        };
        match self {
            Self::All => true,
            Self::Even => is_even,
            Self::Odd => !is_even,
        }
    }
}

/// Runs the detector on `trial`, and once more where decoys say nothing.
pub(super) fn watch(trial: &Trial) -> Days {
    let mut days = evidence(trial, &[]);
    for ((src, day), kinds) in evidence(trial, &[Evidence::Decoy]) {
        let known = days.entry((src, day)).or_default();
        known.network = kinds.kinds.contains(Evidence::Network);
    }
    for contact in &trial.contacts {
        let day = days.entry((contact.src, contact.at / DAY)).or_default();
        day.see(contact, trial);
    }
    days
}

fn evidence(trial: &Trial, without: &[Evidence]) -> Days {
    let days = Rc::new(RefCell::new(Days::new()));
    let setup = trial.setup("medium", without);
    replay(&trial.contacts, &setup, |setup| Watching {
        native: Native::new(setup),
        days: Rc::clone(&days),
    });
    let days = days.borrow();
    days.clone()
}

/// The detector, and what it counts as evidence against whom.
struct Watching {
    native: Native,
    days: Rc<RefCell<Days>>,
}

impl Watching {
    fn note(
        &mut self,
        at: Micros,
        contact: &Contact,
        step: impl FnOnce(&mut Native) -> String,
    ) -> String {
        let count = |native: &Native| {
            Evidence::ALL.map(|kind| native.counters().get(Counter::evidence(kind)))
        };
        let before = count(&self.native);
        let said = step(&mut self.native);
        let after = count(&self.native);
        let mut days = self.days.borrow_mut();
        let day = days.entry((contact.src, at / DAY)).or_default();
        for (kind, (before, after)) in Evidence::ALL.into_iter().zip(before.iter().zip(&after)) {
            if before != after {
                day.kinds.insert(kind);
            }
        }
        said
    }
}

impl Engine for Watching {
    fn arrive(&mut self, at: Micros, id: usize, contact: &Contact) -> String {
        self.note(at, contact, |native| native.arrive(at, id, contact))
    }

    fn leave(&mut self, at: Micros, id: usize, contact: &Contact) -> String {
        self.note(at, contact, |native| native.leave(at, id, contact))
    }

    fn slots(&mut self, _at: Micros) -> u64 {
        0
    }

    fn evictions(&mut self) -> u64 {
        0
    }
}
