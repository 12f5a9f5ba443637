//! What a replay comes to, in the words of the literature.

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};
use portscan_core::evidence::{Evidence, EvidenceSet};
use portscan_replay::native::Native;
use portscan_replay::replay::{Outcome, replay};
use portscan_replay::setup::Setup;
use portscan_replay::trace::Contact;

use crate::generate::{Kind, Population};
use crate::textbook::{Rival, Textbook};

/// The sensitivities, from the surest to the most suspicious.
pub const SENSITIVITIES: [&str; 3] = ["low", "medium", "high"];

/// Contacts, who of their sources is a scanner, and the edge that they come to.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The trace.
    pub contacts: Vec<Contact>,
    /// Its scanners.
    pub scanners: HashSet<IpAddr>,
    /// Real ports.
    pub real_ports: Vec<u16>,
    /// Those of them where logins happen.
    pub login_ports: Vec<u16>,
    /// Decoys; all other ports if there are none.
    pub decoys: Option<Vec<u16>>,
}

/// Numbers of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Scanners that were seen.
    pub scanners: usize,
    /// Of them, those that were flagged.
    pub flagged: usize,
    /// Harmless sources that were flagged.
    pub false_tags: usize,
    /// Contacts until a scanner was flagged, the flagging one included.
    pub contacts_to_flag: f64,
    /// Contacts of scanners.
    pub contacts: usize,
    /// Of them, those that were tagged.
    pub tagged: usize,
    /// Contacts of scanners with real ports.
    pub real: usize,
    /// Of them, those that were tagged.
    pub tagged_real: usize,
    /// Most slots, or whatever the detector remembers, at a time.
    pub peak_slots: u64,
    /// Seconds that the detector took.
    pub seconds: f64,
}

impl Measured {
    /// Scanners flagged, of all scanners.
    pub fn effectiveness(&self) -> f64 {
        share(self.flagged, self.scanners)
    }

    /// Scanners flagged, of all that was flagged.
    pub fn efficiency(&self) -> f64 {
        share(self.flagged, self.flagged + self.false_tags)
    }
}

/// A share of one; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of contacts are exact")]
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

impl Trial {
    /// Contacts of which all sources are scanners.
    pub fn of_scanners(contacts: Vec<Contact>, real_ports: &[u16]) -> Self {
        let scanners = contacts.iter().map(|contact| contact.src).collect();
        Self {
            contacts,
            scanners,
            real_ports: real_ports.to_vec(),
            login_ports: Vec::new(),
            decoys: None,
        }
    }

    /// Clients that were made up.
    pub fn of(made: &Population, real_ports: &[u16]) -> Self {
        let scanners = made
            .clients
            .iter()
            .filter(|client| client.kind.is_scanner());
        Self {
            scanners: scanners.map(|client| client.src).collect(),
            ..Self::of_scanners(made.contacts.clone(), real_ports)
        }
    }

    /// The same, and made-up clients besides.
    #[must_use]
    pub fn mixed_with(&self, made: &Population) -> Self {
        let mut mixed = self.clone();
        mixed.contacts.extend(made.contacts.iter().cloned());
        let scanners = made
            .clients
            .iter()
            .filter(|client| client.kind.is_scanner());
        mixed.scanners.extend(scanners.map(|client| client.src));
        mixed
    }

    /// The edge, with this sensitivity and without these kinds of evidence.
    ///
    /// # Panics
    /// If `sensitivity` is none.
    pub fn setup(&self, sensitivity: &str, without: &[Evidence]) -> Setup {
        let policy = format!(r#"{{"sensitivity":"{sensitivity}"}}"#);
        let without: EvidenceSet = without.iter().copied().collect();
        let mut setup = Setup::new(&policy, without).unwrap_or_else(|problems| {
            panic!("{policy}: {problems:?}");
        });
        setup.real_ports = self.real_ports.iter().copied().collect();
        setup.login_ports = self.login_ports.iter().copied().collect();
        setup.decoys = self
            .decoys
            .as_ref()
            .map(|decoys| decoys.iter().copied().collect());
        setup
    }

    /// Our detector on it, and what it says of each contact.
    pub fn run(&self, sensitivity: &str, without: &[Evidence]) -> (Measured, Outcome) {
        let setup = self.setup(sensitivity, without);
        let outcome = replay(&self.contacts, &setup, Native::new);
        (self.measured(&setup, &outcome), outcome)
    }

    /// A rival on it.
    pub fn run_rival(&self, rival: &Rival) -> (Measured, Outcome) {
        let setup = self.setup("medium", &[]);
        let outcome = replay(&self.contacts, &setup, |setup| {
            Textbook::new((rival.make)(), setup)
        });
        (self.measured(&setup, &outcome), outcome)
    }

    fn measured(&self, setup: &Setup, outcome: &Outcome) -> Measured {
        let mut measured = Measured {
            peak_slots: outcome.summary.peak_slots,
            seconds: outcome.summary.seconds,
            ..Measured::default()
        };
        let mut seen: HashSet<IpAddr> = HashSet::new();
        for (contact, is_tagged) in self.contacts.iter().zip(&outcome.tagged) {
            if !self.scanners.contains(&contact.src) || !setup.listens(contact.dport) {
                continue;
            }
            seen.insert(contact.src);
            let (tagged, is_real) = (
                usize::from(*is_tagged),
                setup.real_ports.contains(&contact.dport),
            );
            measured.contacts += 1;
            measured.tagged += tagged;
            if is_real {
                measured.real += 1;
                measured.tagged_real += tagged;
            }
        }
        let mut until = 0;
        for line in &outcome.verdicts {
            if self.scanners.contains(&line.src) {
                measured.flagged += 1;
                until += usize::try_from(line.contacts_before).unwrap_or(usize::MAX);
            } else {
                measured.false_tags += 1;
            }
        }
        measured.scanners = seen.len();
        measured.contacts_to_flag = share(until, measured.flagged);
        measured
    }
}

/// How many clients of a kind were flagged, and how many days they were there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FalseTags {
    /// Clients that were flagged.
    pub flagged: u64,
    /// Days, times the people behind an address.
    pub client_days: u64,
}

impl FalseTags {
    /// In 100,000 client-days.
    #[expect(clippy::cast_precision_loss, reason = "counts of clients are exact")]
    pub fn rate(self) -> f64 {
        self.flagged as f64 * 1e5 / self.client_days as f64
    }
}

/// False tags by kind of client, in the order of kinds.
pub fn false_tags(made: &Population, outcome: &Outcome) -> Vec<(Kind, FalseTags)> {
    let flagged: HashSet<IpAddr> = outcome.verdicts.iter().map(|line| line.src).collect();
    let mut by_kind: HashMap<Kind, FalseTags> = HashMap::new();
    for client in &made.clients {
        let tags = by_kind.entry(client.kind).or_default();
        tags.client_days += client.client_days;
        tags.flagged += u64::from(flagged.contains(&client.src));
    }
    let kinds = Kind::ALL.into_iter();
    kinds
        .filter_map(|kind| by_kind.get(&kind).map(|tags| (kind, *tags)))
        .collect()
}
