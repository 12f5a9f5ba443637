//! Textbook implementations of other detectors, to measure beside ours.
//!
//! Each follows a paper or the documentation of a program, with the parameters given there. None of
//! them is that program: where one would see more than an accepted connection tells, the most
//! favourable reading is taken, and the module says which.

mod fail2ban;
mod network;
mod recent;
mod snort;
mod trw;
mod zeek;

use std::net::IpAddr;

use hashbrown::HashSet;
use portscan_replay::engine::Engine;
use portscan_replay::native::LOCAL;
use portscan_replay::setup::Setup;
use portscan_replay::trace::{Contact, Micros};

pub use fail2ban::Fail2ban;
pub use network::NetworkRule;
pub use snort::{Level, Snort};
pub use trw::{Target, Trw};
pub use zeek::Zeek;

/// A contact as the rules of textbooks see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: Micros,
    /// Who.
    pub src: IpAddr,
    /// Where.
    pub dst: IpAddr,
    /// To which port.
    pub port: u16,
    /// Whether it failed: it went to a decoy, where nothing is, or it was not served, or silent.
    pub failed: bool,
}

/// A rule that flags sources.
pub trait Rule {
    /// Takes the next contact. Whether its source is to be flagged by now.
    fn attempt(&mut self, attempt: &Attempt) -> bool;

    /// Things that it remembers: sources, targets, times.
    fn entries(&self) -> usize;
}

/// A rule in a replay. What it flagged stays flagged.
pub struct Textbook {
    rule: Box<dyn Rule>,
    setup: Setup,
    flagged: HashSet<IpAddr>,
}

/// What is said of a flagged source.
const TAG: &str = "kind=probe, src=local";

impl Textbook {
    /// `rule` at the edge of `setup`.
    pub fn new(rule: Box<dyn Rule>, setup: &Setup) -> Self {
        Self {
            rule,
            setup: setup.clone(),
            flagged: HashSet::new(),
        }
    }

    fn attempt(&mut self, contact: &Contact, at: Micros, failed: bool) -> String {
        let attempt = Attempt {
            at,
            src: contact.src,
            dst: contact.dst.unwrap_or(LOCAL),
            port: contact.dport,
            failed,
        };
        if self.rule.attempt(&attempt) {
            self.flagged.insert(contact.src);
        }
        self.said(contact)
    }

    fn said(&self, contact: &Contact) -> String {
        match self.flagged.contains(&contact.src) {
            true => TAG.to_owned(),
            false => String::new(),
        }
    }

    fn is_decoy(&self, contact: &Contact) -> bool {
        !self.setup.real_ports.contains(&contact.dport)
    }
}

impl Engine for Textbook {
    fn arrive(&mut self, at: Micros, _id: usize, contact: &Contact) -> String {
        if self.is_decoy(contact) {
            self.attempt(contact, at, true)
        } else {
            self.said(contact)
        }
    }

    fn leave(&mut self, at: Micros, _id: usize, contact: &Contact) -> String {
        if self.is_decoy(contact) {
            self.said(contact)
        } else {
            let failed = contact.served == Some(false) || contact.bytes == Some(0);
            self.attempt(contact, at, failed)
        }
    }

    fn slots(&mut self, _at: Micros) -> u64 {
        (self.rule.entries() + self.flagged.len()) as u64
    }

    fn evictions(&mut self) -> u64 {
        0
    }
}

/// A rival: its name, where it comes from, and how to make it.
pub struct Rival {
    /// What it is called.
    pub name: &'static str,
    /// Paper or documentation, and the parameters.
    pub source: &'static str,
    /// Makes one.
    pub make: fn() -> Box<dyn Rule>,
    /// Whether it is a detector that people use, and not only a rule to compare with.
    pub is_reference: bool,
}

/// All rivals.
pub const RIVALS: [Rival; 8] = [
    Rival {
        name: "TRW per address",
        source: "Jung et al., IEEE S&P 2004: theta0 0.8, theta1 0.2, alpha 0.01, beta 0.99; a first \
                 contact is one with an address that is new in 24 h",
        make: || Box::new(Trw::new(Target::Address)),
        is_reference: true,
    },
    Rival {
        name: "TRW per (address, port)",
        source: "the same, where a target is an address with a port",
        make: || Box::new(Trw::new(Target::AddressAndPort)),
        is_reference: true,
    },
    Rival {
        name: "Zeek scan policy",
        source: "Zeek's former misc/scan: failed connections with 25 addresses on one port, or 15 \
                 ports of one address, in 5 minutes",
        make: || Box::<Zeek>::default(),
        is_reference: true,
    },
    Rival {
        name: "Snort port_scan, low",
        source: "Snort 3, default_low_port_scan: 60 s; ports 5 rejects and 5 ports; sweep 5 rejects \
                 and 5 addresses",
        make: || Box::new(Snort::new(Level::Low)),
        is_reference: true,
    },
    Rival {
        name: "Snort port_scan, medium",
        source: "Snort 3, default_med_port_scan: 90 s; 10 rejects and 15 ports; 7 rejects and 7 \
                 addresses",
        make: || Box::new(Snort::new(Level::Medium)),
        is_reference: true,
    },
    Rival {
        name: "Snort port_scan, high",
        source: "Snort 3, default_hi_port_scan: 600 s; 5 rejects and 10 ports; 3 rejects and 3 \
                 addresses",
        make: || Box::new(Snort::new(Level::High)),
        is_reference: true,
    },
    Rival {
        name: "fail2ban rule",
        source: "fail2ban, jail.conf: maxretry 5 in findtime 600 s, of contacts that failed",
        make: || Box::<Fail2ban>::default(),
        is_reference: true,
    },
    Rival {
        name: "plain /24 rule",
        source: "6 targets that failed from 3 addresses of a /24 in 1 h",
        make: || Box::<NetworkRule>::default(),
        is_reference: false,
    },
];

#[cfg(test)]
mod tests;
