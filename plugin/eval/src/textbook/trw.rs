//! Textbook implementation of threshold random walk (TRW).
//!
//! Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using Sequential Hypothesis
//! Testing", IEEE S&P 2004: of first contacts only, with the paper's theta0 = 0.8, theta1 = 0.2,
//! alpha = 0.01, beta = 0.99. The paper's target is an address; an edge has one. A target counts as
//! new again when it was not touched for 24 hours, and a walk that ends with "benign" begins anew,
//! so that no scanner is missed because it once was good.

use std::net::IpAddr;

use hashbrown::HashMap;
use portscan_replay::trace::Micros;

use super::{Attempt, Rule};
use crate::generate::DAY;

/// Probability that a first contact succeeds, of a benign source and of a scanner.
const THETA0: f64 = 0.8;
const THETA1: f64 = 0.2;
/// False positive and detection probability that are aimed at.
const ALPHA: f64 = 0.01;
const BETA: f64 = 0.99;
const MEMORY: Micros = DAY;

/// What a first contact is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An address, as in the paper.
    Address,
    /// An address and a port.
    AddressAndPort,
}

/// The walks of all sources.
pub struct Trw {
    target: Target,
    walks: HashMap<IpAddr, Walk>,
}

#[derive(Default)]
struct Walk {
    log_ratio: f64,
    touched: HashMap<(IpAddr, u16), Micros>,
}

impl Trw {
    /// Nobody has walked yet.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            walks: HashMap::new(),
        }
    }
}

impl Rule for Trw {
    fn attempt(&mut self, attempt: &Attempt) -> bool {
        let walk = self.walks.entry(attempt.src).or_default();
        let port = match self.target {
            Target::Address => 0,
            Target::AddressAndPort => attempt.port,
        };
        let before = walk.touched.insert((attempt.dst, port), attempt.at);
        if before.is_some_and(|before| attempt.at.saturating_sub(before) < MEMORY) {
            return false;
        }
        walk.log_ratio += if attempt.failed {
            ((1.0 - THETA1) / (1.0 - THETA0)).ln()
        } else {
            (THETA1 / THETA0).ln()
        };
        if walk.log_ratio <= ((1.0 - BETA) / (1.0 - ALPHA)).ln() {
            walk.log_ratio = 0.0;
        }
        walk.log_ratio >= (BETA / ALPHA).ln()
    }

    fn entries(&self) -> usize {
        self.walks.values().map(|walk| walk.touched.len()).sum()
    }
}
