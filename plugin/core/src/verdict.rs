//! What is said about a flagged source.

use crate::evidence::{Evidence, EvidenceSet, Nats};
use crate::model::Model;
use crate::state::slot::Slot;
use crate::time::Time;

/// What the header, the feed and the logs say of a flagged source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The shape of the scan.
    pub kind: Kind,
    /// How sure and how bad, 0 to 100: [`risk`].
    pub risk: u8,
    /// What to think of the source.
    pub class: Class<'a>,
    /// Distinct ports with evidence.
    pub ports: u32,
    /// Distinct local addresses with evidence.
    pub hosts: u32,
    /// Connections since the source has a slot.
    pub hits: u32,
    /// When the source got its slot.
    pub first: Time,
    /// The last contact.
    pub last: Time,
    /// When the verdict ends without further evidence.
    pub expires: Time,
    /// Kinds of evidence.
    pub tags: EvidenceSet,
    /// The source was also served in this period: others may share the address.
    pub is_shared: bool,
}

/// The shape of a scan, by distinct ports and local addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// One port on one host.
    Probe = 0,
    /// Two or more ports on one host.
    Vertical = 1,
    /// Two or more hosts, at most two ports.
    Horizontal = 2,
    /// Two or more hosts, three or more ports.
    Block = 3,
    /// Little by itself, in a network that scans.
    Distributed = 4,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Probe,
        Self::Vertical,
        Self::Horizontal,
        Self::Block,
        Self::Distributed,
    ];

    /// The name in the header and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Vertical => "vertical",
            Self::Horizontal => "horizontal",
            Self::Block => "block",
            Self::Distributed => "distributed",
        }
    }

    const fn of_targets(ports: u32, hosts: u32) -> Self {
        match (ports, hosts) {
            (3.., 2..) => Self::Block,
            (_, 2..) => Self::Horizontal,
            (2.., _) => Self::Vertical,
            _ => Self::Probe,
        }
    }
}

/// What to think of a flagged source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class<'a> {
    /// Scans, no harm seen.
    Suspicious,
    /// Scans broadly or does harm.
    Malicious,
    /// A declared scanner, run by this actor.
    Benign {
        /// As named in the policy.
        actor: &'a str,
    },
}

impl Class<'_> {
    /// The name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
            Self::Benign { .. } => "benign",
        }
    }
}

/// From this risk on a source is malicious.
pub const MALICIOUS_RISK: u8 = 80;

impl<'a> Verdict<'a> {
    /// The verdict on the source of `slot` at `now`; `None` if it is not flagged. `actor` runs
    /// scanners from this address, as the policy says.
    pub fn of(slot: &Slot, model: &Model, now: Time, actor: Option<&'a str>) -> Option<Self> {
        let flag = slot.flag.filter(|flag| flag.expires > now)?;
        let (ports, hosts) = (u32::from(slot.ports).max(1), u32::from(slot.hosts).max(1));
        let is_shared = Model::in_good_standing(slot, now);
        let risk = risk(&Breadth {
            sum: model.sum(slot, now),
            ports,
            tags: slot.tags,
            is_shared,
        });
        let does_harm =
            slot.tags.contains(Evidence::Exploit) || slot.tags.contains(Evidence::Bruteforce);
        let class = match actor {
            _ if does_harm => Class::Malicious,
            Some(actor) => Class::Benign { actor },
            None if risk >= MALICIOUS_RISK => Class::Malicious,
            None => Class::Suspicious,
        };
        Some(Self {
            kind: if slot.through_network {
                Kind::Distributed
            } else {
                Kind::of_targets(ports, hosts)
            },
            risk,
            class,
            ports,
            hosts,
            hits: slot.hits,
            first: slot.first,
            last: slot.last,
            expires: flag.expires,
            tags: slot.tags,
            is_shared,
        })
    }
}

impl Verdict<'_> {
    /// Where the verdict comes from: `local` or `network`.
    pub const fn source(&self) -> &'static str {
        match self.kind {
            Kind::Distributed => "network",
            Kind::Probe | Kind::Vertical | Kind::Horizontal | Kind::Block => "local",
        }
    }
}

/// What the risk is made of.
#[derive(Clone, Copy, Debug)]
pub struct Breadth {
    /// The sum of evidence, decayed.
    pub sum: Nats,
    /// Distinct ports with evidence.
    pub ports: u32,
    /// Kinds of evidence.
    pub tags: EvidenceSet,
    /// The source was also served in this period: others may share the address.
    pub is_shared: bool,
}

/// The risk of a flagged source, 0 to 100.
///
/// `70 · S / (S + 6)` for the sum of evidence S in nats (35 for one decoy contact, 63 for a sum of
/// 54), plus 4 for each doubling of the ports up to 20, plus 10 for a decoy. A source that was served
/// before its verdict may be shared by others: minus 15, and 5 less of that for each doubling of the
/// ports, because others explain a stray contact and not a broad scan. Plus 15 for brute force and
/// 15 for exploits. The risk grows with evidence and falls as evidence decays.
pub fn risk(breadth: &Breadth) -> u8 {
    const HALF_WAY: i32 = 600;
    let sum = breadth.sum.max(Nats::ZERO).hundredths();
    let evidence = 70 * sum / (sum + HALF_WAY);
    let doublings = i32::try_from(breadth.ports.max(1).ilog2()).unwrap_or(0);
    let ports = (4 * doublings).min(20);
    let points = |evidence, points| {
        if breadth.tags.contains(evidence) {
            points
        } else {
            0
        }
    };
    let harm = points(Evidence::Decoy, 10)
        + points(Evidence::Bruteforce, 15)
        + points(Evidence::Exploit, 15);
    let shared = if breadth.is_shared {
        (15 - 5 * doublings).max(0)
    } else {
        0
    };
    u8::try_from((evidence + ports + harm - shared).clamp(0, 100)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn breadth(sum: i32, ports: u32) -> Breadth {
        let mut tags = EvidenceSet::default();
        tags.insert(Evidence::Decoy);
        Breadth {
            sum: Nats::from_hundredths(sum),
            ports,
            tags,
            is_shared: false,
        }
    }

    #[test]
    fn the_shape_is_that_of_the_targets() {
        let shapes =
            [(1, 1), (2, 1), (1, 2), (2, 9), (3, 2)].map(|(p, h)| Kind::of_targets(p, h).name());
        assert_eq!(
            shapes,
            ["probe", "vertical", "horizontal", "horizontal", "block"]
        );
    }

    #[test]
    fn one_decoy_is_suspicious_and_a_scan_of_eight_is_malicious() {
        assert_eq!(risk(&breadth(600, 1)), 45);
        assert_eq!(risk(&breadth(600 + 7 * 740, 8)), 85);
    }

    proptest! {
        #[test]
        fn more_evidence_is_never_less_risk(sum in -500i32..10_000, ports in 1u32..70_000, more in 0i32..1_000, wider in 0u32..1_000) {
            prop_assert!(risk(&breadth(sum + more, ports)) >= risk(&breadth(sum, ports)));
            prop_assert!(risk(&breadth(sum, ports + wider)) >= risk(&breadth(sum, ports)));
            let shared = Breadth { is_shared: true, ..breadth(sum, ports) };
            prop_assert!(risk(&shared) <= risk(&breadth(sum, ports)));
        }
    }
}
