//! Effectiveness, efficiency, contacts until flagged, and tagged contacts, on each trace.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};
use portscan_core::evidence::Evidence;

use super::{Traces, in_parallel};
use crate::generate::{login_probers, people, write};
use crate::measure::{Measured, SENSITIVITIES, Trial};
use crate::traces::learnt_decoys;

/// A trace at a sensitivity.
#[derive(Clone, Debug)]
pub struct Row {
    /// The trace, and what is special about the edge.
    pub what: String,
    /// The sensitivity.
    pub sensitivity: &'static str,
    /// The numbers.
    pub measured: Measured,
}

/// Decoys that are learnt from the first half of a trace.
const LEARNT: usize = 20;

/// Harmless people among the scanners of a mixture: one in so many of those that false tags are
/// measured with, and how often they touch a decoy by accident.
const MIXTURE_SCALE: usize = 4;
const MIXTURE_ACCIDENTS: f64 = 1e-3;

/// Where login probers knock, and how many there are.
const LOGIN_PORT: u16 = 5900;
const LOGIN_PROBERS: usize = 50;

/// What is switched off where ports alone are to be evidence.
const PORTS_ALONE: [Evidence; 6] = [
    Evidence::Silent,
    Evidence::Mismatch,
    Evidence::Handshake,
    Evidence::Bruteforce,
    Evidence::Exploit,
    Evidence::LiteralHost,
];

/// All traces at all sensitivities.
pub fn run(traces: &Traces, scale: usize) -> Vec<Row> {
    let mut trials: Vec<(String, Trial, &[Evidence])> = Vec::new();
    let mut add = |what: String, trial: Trial, without| trials.push((what, trial, without));
    if let Some(honeytrap) = &traces.honeytrap {
        let (name, whole) = (honeytrap.name, &honeytrap.trial);
        add(name.to_owned(), whole.clone(), &[]);
        let learnt = learnt_decoys(whole, LEARNT);
        let sources = |trial: &Trial, seen: &dyn Fn(u16) -> bool| {
            let contacts = trial.contacts.iter();
            let touching = contacts.filter(|contact| seen(contact.dport));
            touching
                .map(|contact| contact.src)
                .collect::<HashSet<_>>()
                .len()
        };
        let decoys = learnt.decoys.clone().unwrap_or_default();
        let what = format!(
            "{name}, {LEARNT} decoys learnt from its first half, second half ({} of {} sources \
             touch one)",
            sources(&learnt, &|port| decoys.contains(&port)),
            sources(&learnt, &|_| true)
        );
        add(what, learnt, &[]);
        let what = format!("{name}, `decoy` switched off");
        add(what, whole.clone(), &[Evidence::Decoy]);
        let (busiest, ports) = busiest_real(whole);
        let what = format!("{name}, its busiest ports {ports:?} real, evidence of ports alone");
        add(what, busiest, &PORTS_ALONE);
        let start = whole.contacts.iter().map(|contact| contact.at).min();
        let harmless = people(
            write::SEED,
            start.unwrap_or(write::START),
            MIXTURE_ACCIDENTS,
            MIXTURE_SCALE * scale,
        );
        let days: u64 = harmless
            .clients
            .iter()
            .map(|client| client.client_days)
            .sum();
        let what = format!("{name} among people ({days} client-days, p = {MIXTURE_ACCIDENTS})");
        add(what, whole.mixed_with(&harmless), &[]);
    }
    for named in traces.lab.iter().chain([&traces.generated]) {
        add(named.name.to_owned(), named.trial.clone(), &[]);
    }
    add(login_name(), logins(), &[]);
    let runs: Vec<_> = trials
        .iter()
        .flat_map(|trial| SENSITIVITIES.map(|sensitivity| (trial, sensitivity)))
        .collect();
    in_parallel(&runs, |((what, trial, without), sensitivity)| Row {
        what: what.clone(),
        sensitivity,
        measured: trial.run(sensitivity, without).0,
    })
}

/// Scanners that were tagged by the end of their first contact with a decoy, at medium sensitivity,
/// and all that touched one.
pub fn at_first_decoy(trial: &Trial) -> (usize, usize) {
    let (_, outcome) = trial.run("medium", &[]);
    let mut first: HashMap<_, (u64, bool)> = HashMap::new();
    for (contact, tagged) in trial.contacts.iter().zip(&outcome.tagged) {
        if trial.real_ports.contains(&contact.dport) || !trial.scanners.contains(&contact.src) {
            continue;
        }
        let known = first.entry(contact.src).or_insert((contact.at, *tagged));
        if contact.at < known.0 {
            *known = (contact.at, *tagged);
        }
    }
    let at_once = first.values().filter(|(_, tagged)| *tagged);
    (at_once.count(), first.len())
}

/// A scanner that was never flagged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Its address.
    pub src: IpAddr,
    /// What it touched.
    pub ports: BTreeSet<u16>,
    /// How often.
    pub contacts: usize,
}

/// Scanners that medium sensitivity misses.
pub fn missed(trial: &Trial) -> Vec<Missed> {
    let (_, outcome) = trial.run("medium", &[]);
    let flagged: HashSet<IpAddr> = outcome.verdicts.iter().map(|line| line.src).collect();
    let mut missed: BTreeMap<IpAddr, Missed> = BTreeMap::new();
    for contact in &trial.contacts {
        let src = contact.src;
        if !trial.scanners.contains(&src) || flagged.contains(&src) {
            continue;
        }
        let known = missed.entry(src).or_insert_with(|| Missed {
            src,
            ports: BTreeSet::new(),
            contacts: 0,
        });
        known.ports.insert(contact.dport);
        known.contacts += 1;
    }
    missed.into_values().collect()
}

fn login_name() -> String {
    format!("generated login probers at the real port {LOGIN_PORT}, every 611 s for a day")
}

/// Who tries to log in at a real port.
pub fn logins() -> Trial {
    let made = login_probers(write::SEED, write::START, LOGIN_PORT, LOGIN_PROBERS);
    Trial {
        login_ports: vec![LOGIN_PORT],
        ..Trial::of(&made, &[80, 443, LOGIN_PORT])
    }
}

/// The same trace at an edge where the two ports that most sources touch are real.
fn busiest_real(whole: &Trial) -> (Trial, [u16; 2]) {
    let mut sources: HashMap<u16, HashSet<_>> = HashMap::new();
    for contact in &whole.contacts {
        let touched = sources.entry(contact.dport).or_default();
        touched.insert(contact.src);
    }
    let mut ports: Vec<(usize, u16)> = sources
        .into_iter()
        .map(|(port, sources)| (sources.len(), port))
        .collect();
    ports.sort_unstable_by(|a, b| b.cmp(a));
    let mut busiest = ports.into_iter().map(|(_, port)| port);
    let ports = [(); 2].map(|()| busiest.next().unwrap_or_default());
    let trial = Trial {
        real_ports: ports.to_vec(),
        ..whole.clone()
    };
    (trial, ports)
}
