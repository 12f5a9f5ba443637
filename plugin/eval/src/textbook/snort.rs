//! Textbook implementation of Snort's inspector `port_scan`, with the defaults of Snort 3.
//!
//! Of `snort_defaults.lua`, TCP: one source on many ports of one address (`tcp_*_ports`), and one
//! source on one or a few ports of many addresses (`tcp_*_sweep`). Snort counts rejected
//! connections; an edge that accepts has none, so that a contact that failed counts as rejected.
//! Decoy and distributed scans of Snort tell that an address is scanned, and not by whom.

use std::net::IpAddr;

use hashbrown::HashMap;
use portscan_replay::trace::Micros;

use super::recent::Recent;
use super::{Attempt, Rule};
use crate::generate::SECOND;

/// The sets of defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `default_low_port_scan`.
    Low,
    /// `default_med_port_scan`.
    Medium,
    /// `default_hi_port_scan`.
    High,
}

/// The inspector.
pub struct Snort {
    window: Micros,
    ports: Thresholds,
    sweep: Thresholds,
    failed: HashMap<IpAddr, Recent<(IpAddr, u16)>>,
}

struct Thresholds {
    rejects: usize,
    addresses: usize,
    ports: usize,
}

const fn thresholds(rejects: usize, addresses: usize, ports: usize) -> Thresholds {
    Thresholds {
        rejects,
        addresses,
        ports,
    }
}

impl Snort {
    /// The inspector with these defaults.
    pub fn new(level: Level) -> Self {
        let (secs, ports, sweep) = match level {
            Level::Low => (60, thresholds(5, 25, 5), thresholds(5, 5, 15)),
            Level::Medium => (90, thresholds(10, 60, 15), thresholds(7, 7, 10)),
            Level::High => (600, thresholds(5, 100, 10), thresholds(3, 3, 10)),
        };
        Self {
            window: secs * SECOND,
            ports,
            sweep,
            failed: HashMap::new(),
        }
    }
}

impl Rule for Snort {
    fn attempt(&mut self, attempt: &Attempt) -> bool {
        if !attempt.failed {
            return false;
        }
        let failed = self.failed.entry(attempt.src).or_default();
        failed.push(attempt.at, self.window, (attempt.dst, attempt.port));
        let rejects = failed.len();
        let ports_there = failed.distinct(|(dst, _)| *dst == attempt.dst, |(_, port)| *port);
        let addresses = failed.distinct(|_| true, |(dst, _)| *dst);
        let ports = failed.distinct(|_| true, |(_, port)| *port);
        let walks = rejects >= self.ports.rejects
            && ports_there >= self.ports.ports
            && addresses < self.ports.addresses;
        let sweeps = rejects >= self.sweep.rejects
            && addresses >= self.sweep.addresses
            && ports <= self.sweep.ports;
        walks || sweeps
    }

    fn entries(&self) -> usize {
        self.failed.values().map(Recent::len).sum()
    }
}
