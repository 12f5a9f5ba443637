//! Textbook implementation of Zeek's former scan policy, `misc/scan`.
//!
//! Its defaults: `addr_scan_threshold` 25 addresses on a single port, `port_scan_threshold` 15 ports
//! of a single address, each of failed connections in 5 minutes. Zeek counts in epochs of five
//! minutes; here the window slides, which flags no less.

use std::net::IpAddr;

use hashbrown::HashMap;
use portscan_replay::trace::Micros;

use super::recent::Recent;
use super::{Attempt, Rule};
use crate::generate::SECOND;

const ADDRESSES_MIN: usize = 25;
const PORTS_MIN: usize = 15;
const INTERVAL: Micros = 300 * SECOND;

/// The policy.
#[derive(Default)]
pub struct Zeek {
    failed: HashMap<IpAddr, Recent<(IpAddr, u16)>>,
}

impl Rule for Zeek {
    fn attempt(&mut self, attempt: &Attempt) -> bool {
        if !attempt.failed {
            return false;
        }
        let failed = self.failed.entry(attempt.src).or_default();
        failed.push(attempt.at, INTERVAL, (attempt.dst, attempt.port));
        let addresses = failed.distinct(|(_, port)| *port == attempt.port, |(dst, _)| *dst);
        let ports = failed.distinct(|(dst, _)| *dst == attempt.dst, |(_, port)| *port);
        addresses >= ADDRESSES_MIN || ports >= PORTS_MIN
    }

    fn entries(&self) -> usize {
        self.failed.values().map(Recent::len).sum()
    }
}
