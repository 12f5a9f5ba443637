//! What is counted, and under which metric.

use crate::evidence::Evidence;
use crate::verdict::Kind;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $variant:ident = $metric:literal,)+) => {
        /// Something that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Counter { $($(#[doc = $doc])+ $variant,)+ }

        impl Counter {
            /// Every counter, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name of the metric; what follows the first dot are label and value.
            pub const fn metric(self) -> &'static str {
                match self { $(Self::$variant => concat!("portscan_", $metric),)+ }
            }
        }

        const COUNT: usize = [$(Counter::$variant,)+].len();

        /// Every counter's metric with what it counts, for the documentation.
        pub const COUNTER_DOCS: &[(Counter, &str)] = &[$((Counter::$variant, concat!($($doc),+)),)+];
    };
}

counters! {
    /// Connections to decoys.
    DecoyConnections = "connections_total.listener.decoy",
    /// Connections to real services.
    RealConnections = "connections_total.listener.real",
    /// Connections whose peer or local address is no IP address with a port; passed on unjudged.
    AddressErrors = "address_errors_total",
    /// Connections that could not be judged, because this worker has no secret to place them by.
    Unjudged = "unjudged_total",
    /// First contacts with a decoy target.
    EvidenceDecoy = "evidence_total.kind.decoy",
    /// Further distinct suspicious targets.
    EvidencePorts = "evidence_total.kind.ports",
    /// Connections without a byte that counted.
    EvidenceSilent = "evidence_total.kind.silent",
    /// Contacts that spoke another protocol than the listener.
    EvidenceMismatch = "evidence_total.kind.mismatch",
    /// Failed TLS handshakes that counted.
    EvidenceHandshake = "evidence_total.kind.handshake",
    /// Third short sessions where logins happen, and further powers of two.
    EvidenceBruteforce = "evidence_total.kind.bruteforce",
    /// Requests and payloads that only attackers send.
    EvidenceExploit = "evidence_total.kind.exploit",
    /// Requests for a bare address.
    EvidenceLiteralHost = "evidence_total.kind.literal-host",
    /// Suspicious contacts out of flagged networks.
    EvidenceNetwork = "evidence_total.kind.network",
    /// Connections of declared scanners.
    EvidenceKnown = "evidence_total.kind.known",
    /// Verdicts on one port of one host.
    VerdictsProbe = "verdicts_total.kind.probe",
    /// Verdicts on several ports of one host.
    VerdictsVertical = "verdicts_total.kind.vertical",
    /// Verdicts on several hosts at one or two ports.
    VerdictsHorizontal = "verdicts_total.kind.horizontal",
    /// Verdicts on several hosts at three or more ports.
    VerdictsBlock = "verdicts_total.kind.block",
    /// Verdicts that the network of the source brought about.
    VerdictsDistributed = "verdicts_total.kind.distributed",
    /// Verdicts taken back by the contact that had brought them about.
    VerdictsWithdrawn = "verdicts_withdrawn_total",
    /// Log lines about verdicts that the rate limit swallowed.
    VerdictLinesSuppressed = "verdict_lines_suppressed_total",
    /// Connections that were flagged when they opened or became so.
    TaggedConnections = "tagged_connections_total",
    /// Requests that the tagger tagged (native tagging runs no code of the module).
    TaggedRequests = "tagged_requests_total",
    /// Connections closed and requests refused because of their risk.
    Blocked = "blocked_total",
    /// What would have been blocked under `dry_run`.
    WouldBlock = "would_block_total",
    /// Decoy connections closed after `hold_secs`.
    HeldClosed = "held_closed_total",
    /// Unflagged slots that had to make room.
    EvictionsUnflagged = "table_evictions_total.slot.unflagged",
    /// Flagged slots that had to make room.
    EvictionsFlagged = "table_evictions_total.slot.flagged",
    /// Networks that had to make room for others.
    NetworkEvictions = "network_evictions_total",
    /// Networks that were flagged.
    NetworksFlagged = "networks_flagged_total",
    /// Unflagged sources that found no room.
    Rejections = "table_rejections_total",
    /// Clients not added to the standing filter because their page is half full.
    StandingFull = "standing_full_total",
    /// Shared values that changed between reading and writing.
    CasConflicts = "cas_conflicts_total",
    /// Updates given up after too many such changes.
    CasGiveups = "cas_giveups_total",
    /// Shared values that were no page of ours, and were overwritten.
    StateDecodeErrors = "state_decode_errors_total",
    /// Host calls that failed.
    HostErrors = "host_errors_total",
    /// Contacts with ports that the statistics of ports had no room for.
    StatsSkipped = "stats_skipped_total",
    /// Verdict changes that were overwritten before this worker had read them.
    RingOverruns = "ring_overruns_total",
    /// Ticks at which the clock stood earlier than at the one before.
    ClockSteps = "clock_steps_total",
    /// Callbacks that came while another one was at work; passed on unjudged.
    Reentries = "reentries_total",
}

impl Counter {
    /// The counter of this kind of evidence.
    pub const fn evidence(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Decoy => Self::EvidenceDecoy,
            Evidence::Ports => Self::EvidencePorts,
            Evidence::Silent => Self::EvidenceSilent,
            Evidence::Mismatch => Self::EvidenceMismatch,
            Evidence::Handshake => Self::EvidenceHandshake,
            Evidence::Bruteforce => Self::EvidenceBruteforce,
            Evidence::Exploit => Self::EvidenceExploit,
            Evidence::LiteralHost => Self::EvidenceLiteralHost,
            Evidence::Network => Self::EvidenceNetwork,
            Evidence::Known => Self::EvidenceKnown,
        }
    }

    /// The counter of verdicts on scans of this shape.
    pub const fn verdicts(kind: Kind) -> Self {
        match kind {
            Kind::Probe => Self::VerdictsProbe,
            Kind::Vertical => Self::VerdictsVertical,
            Kind::Horizontal => Self::VerdictsHorizontal,
            Kind::Block => Self::VerdictsBlock,
            Kind::Distributed => Self::VerdictsDistributed,
        }
    }
}

/// Counts since they were last taken.
#[derive(Clone, Debug)]
pub struct Counters([u32; COUNT]);

impl Default for Counters {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

impl Counters {
    /// Counts one.
    pub fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts `n`.
    pub fn add(&mut self, counter: Counter, n: u32) {
        if let Some(cell) = self.0.get_mut(usize::from(counter as u8)) {
            *cell = cell.saturating_add(n);
        }
    }

    /// The count of `counter`.
    pub fn get(&self, counter: Counter) -> u32 {
        self.0.get(usize::from(counter as u8)).copied().unwrap_or(0)
    }

    /// Takes all counts that are not zero, which begin anew.
    pub fn take(&mut self) -> impl Iterator<Item = (Counter, u32)> + use<> {
        let taken = core::mem::take(self).0;
        Counter::ALL
            .iter()
            .copied()
            .zip(taken)
            .filter(|(_, n)| *n > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn what_was_taken_is_counted_anew() {
        let mut counters = Counters::default();
        counters.count(Counter::Reentries);
        counters.add(Counter::DecoyConnections, 2);
        let taken: Vec<_> = counters.take().collect();
        assert_eq!(
            taken,
            [(Counter::DecoyConnections, 2), (Counter::Reentries, 1)]
        );
        assert_eq!(counters.take().count(), 0);
    }

    #[test]
    fn names_are_metric_names_with_at_most_one_label() {
        for counter in Counter::ALL {
            let name = counter.metric();
            let parts: Vec<&str> = name.split('.').collect();
            assert!(
                parts[0].starts_with("portscan_") && parts[0].ends_with("_total"),
                "{name}"
            );
            assert!(matches!(parts.len(), 1 | 3), "{name}");
        }
    }
}
