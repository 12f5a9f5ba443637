//! Textbook implementation of a rule that counts for networks: 6 targets from 3 addresses of a /24
//! (a /48 of IPv6) in an hour.
//!
//! Sources of a flagged network are flagged with their next contact, for a day.

use std::net::IpAddr;

use hashbrown::HashMap;
use portscan_replay::trace::Micros;

use super::recent::Recent;
use super::{Attempt, Rule};
use crate::generate::{DAY, HOUR};

const TARGETS_MIN: usize = 6;
const SOURCES_MIN: usize = 3;
const WINDOW: Micros = HOUR;
const HOLDS: Micros = DAY;

/// The rule.
#[derive(Default)]
pub struct NetworkRule {
    networks: HashMap<u128, Network>,
}

#[derive(Default)]
struct Network {
    failed: Recent<(IpAddr, IpAddr, u16)>,
    until: Micros,
}

impl Rule for NetworkRule {
    fn attempt(&mut self, attempt: &Attempt) -> bool {
        if !attempt.failed {
            return false;
        }
        let network = self.networks.entry(network(attempt.src)).or_default();
        let thing = (attempt.src, attempt.dst, attempt.port);
        network.failed.push(attempt.at, WINDOW, thing);
        let targets = network
            .failed
            .distinct(|_| true, |(_, dst, port)| (*dst, *port));
        let sources = network.failed.distinct(|_| true, |(src, ..)| *src);
        if targets >= TARGETS_MIN && sources >= SOURCES_MIN {
            network.until = attempt.at + HOLDS;
        }
        attempt.at < network.until
    }

    fn entries(&self) -> usize {
        self.networks
            .values()
            .map(|network| network.failed.len())
            .sum()
    }
}

fn network(src: IpAddr) -> u128 {
    match src {
        IpAddr::V4(v4) => u128::from(u32::from(v4) >> 8),
        IpAddr::V6(v6) => u128::from(v6) >> 80,
    }
}
