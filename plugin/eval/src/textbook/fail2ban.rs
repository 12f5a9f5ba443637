//! Textbook implementation of a fail2ban rule: so many failures in so many seconds.
//!
//! Parameters of `jail.conf`: `maxretry = 5`, `findtime = 10m`. A failure is a contact with a decoy,
//! or one with a real port that was not served.

use std::net::IpAddr;

use hashbrown::HashMap;
use portscan_replay::trace::Micros;

use super::recent::Recent;
use super::{Attempt, Rule};
use crate::generate::SECOND;

const RETRIES_MAX: usize = 5;
const FIND_TIME: Micros = 600 * SECOND;

/// The rule.
#[derive(Default)]
pub struct Fail2ban {
    failures: HashMap<IpAddr, Recent<()>>,
}

impl Rule for Fail2ban {
    fn attempt(&mut self, attempt: &Attempt) -> bool {
        if !attempt.failed {
            return false;
        }
        let failures = self.failures.entry(attempt.src).or_default();
        failures.push(attempt.at, FIND_TIME, ());
        failures.len() >= RETRIES_MAX
    }

    fn entries(&self) -> usize {
        self.failures.values().map(Recent::len).sum()
    }
}
