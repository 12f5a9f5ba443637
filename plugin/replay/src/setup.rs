//! What a replay is told: the policy, and which ports are what.

use std::collections::BTreeSet;

use portscan_core::config::{Policy, Problem, parse_policy};
use portscan_core::evidence::EvidenceSet;

/// The edge that a trace is replayed at.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How it judges.
    pub policy: Policy,
    /// The policy as it was written, for an engine that reads it itself.
    pub policy_text: String,
    /// Ports of real services.
    pub real_ports: BTreeSet<u16>,
    /// Ports where logins happen.
    pub login_ports: BTreeSet<u16>,
    /// Ports of decoys; every port that is not real if there are none.
    pub decoys: Option<BTreeSet<u16>>,
    /// Whether each local address is an edge of its own.
    pub edge_by_destination: bool,
}

impl Setup {
    /// A setup with the policy in `text` (JSON, empty for the defaults), where kinds of evidence in
    /// `without` weigh nothing.
    ///
    /// # Errors
    /// Everything that is wrong with the policy.
    pub fn new(text: &str, without: EvidenceSet) -> Result<Self, Vec<Problem>> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        let mut policy = parse_policy(text.as_bytes())?;
        let mut kinds = policy.without;
        without.iter().for_each(|kind| kinds.insert(kind));
        policy.without = kinds;
        Ok(Self {
            policy,
            policy_text: with_kinds(text, kinds),
            real_ports: BTreeSet::new(),
            login_ports: BTreeSet::new(),
            decoys: None,
            edge_by_destination: false,
        })
    }

    /// Whether logins happen at the real port `port`. At decoys the detector knows the ports itself.
    pub fn is_login(&self, port: u16) -> bool {
        self.login_ports.contains(&port) && self.real_ports.contains(&port)
    }

    /// Whether contacts with `port` are seen at all.
    pub fn listens(&self, port: u16) -> bool {
        self.real_ports.contains(&port)
            || self
                .decoys
                .as_ref()
                .is_none_or(|decoys| decoys.contains(&port))
    }
}

/// The policy in `text` with the key `without` as it must be.
fn with_kinds(text: &str, kinds: EvidenceSet) -> String {
    let Ok(serde_json::Value::Object(mut policy)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    let names = kinds.iter().map(|kind| kind.name().into()).collect();
    policy.insert("without".to_owned(), serde_json::Value::Array(names));
    serde_json::Value::Object(policy).to_string()
}
