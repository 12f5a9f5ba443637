//! What is flagged: a source or a network, and what is said of it.

use alloc::string::{String, ToString};
use core::cmp::Reverse;
use core::net::IpAddr;

use crate::detector::Detector;
use crate::digits::Digits;
use crate::evidence::EvidenceSet;
use crate::source::{Prefixes, SourceKey};
use crate::state::neighbours::{FlaggedNetwork, TARGETS_MIN};
use crate::state::slot::SLOT_LEN;
use crate::time::Time;
use crate::verdict::{Breadth, Class, Kind, Verdict, risk};

/// An address, or a prefix that stands for one source or for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub(super) address: IpAddr,
    /// Leading bits that count; as many as the address has where it is one address.
    pub(super) prefix: u8,
    pub(super) is_network: bool,
}

impl Subject {
    pub(crate) fn of_source(source: &SourceKey, prefixes: Prefixes) -> Self {
        let address = source.address();
        Self {
            address,
            prefix: prefix_of(address, prefixes),
            is_network: false,
        }
    }

    fn of_network(network: &FlaggedNetwork, prefixes: Prefixes) -> Self {
        let address = network.network.address();
        Self {
            address,
            prefix: prefix_of(address, prefixes),
            is_network: true,
        }
    }

    pub(super) const fn is_ipv4(&self) -> bool {
        self.address.is_ipv4()
    }

    /// Whether it is one address.
    pub(super) const fn is_address(&self) -> bool {
        self.prefix == if self.is_ipv4() { 32 } else { 128 }
    }

    /// `198.51.100.7`, `2001:db8::/64`
    pub(crate) fn write(&self, out: &mut String) {
        match self.address {
            IpAddr::V4(v4) => {
                for (at, byte) in v4.octets().into_iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "." });
                    out.push_str(Digits::of(byte.into()).as_str());
                }
            }
            IpAddr::V6(v6) => out.push_str(&v6.to_string()),
        }
        if !self.is_address() {
            out.push('/');
            out.push_str(Digits::of(self.prefix.into()).as_str());
        }
    }
}

const fn prefix_of(address: IpAddr, prefixes: Prefixes) -> u8 {
    match address {
        IpAddr::V4(_) => prefixes.ipv4,
        IpAddr::V6(_) => prefixes.ipv6,
    }
}

/// What is kept of each that is flagged while the tables are walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) subject: Subject,
    pub(super) risk: u8,
    pub(super) kind: Kind,
    pub(super) last: Time,
    pub(super) expires: Time,
}

impl Sight {
    pub(super) fn of_source(source: &SourceKey, verdict: &Verdict<'_>, prefixes: Prefixes) -> Self {
        Self {
            subject: Subject::of_source(source, prefixes),
            risk: verdict.risk,
            kind: verdict.kind,
            last: verdict.last,
            expires: verdict.expires,
        }
    }

    /// A source of which nothing is known any more.
    pub(super) fn of_forgotten(source: &SourceKey, prefixes: Prefixes, now: Time) -> Self {
        Self {
            subject: Subject::of_source(source, prefixes),
            risk: 0,
            kind: Kind::Probe,
            last: now,
            expires: now,
        }
    }

    /// The risk of a network is that of a source which touched as many targets as flag a network,
    /// and did no more than what flags a source: low, because its other addresses may be harmless.
    pub(super) fn of_network(network: &FlaggedNetwork, detector: &Detector) -> Self {
        let risk = risk(&Breadth {
            sum: detector.model().threshold,
            ports: u32::try_from(TARGETS_MIN).unwrap_or(u32::MAX),
            tags: EvidenceSet::default(),
            is_shared: true,
        });
        Self {
            subject: Subject::of_network(network, detector.network_prefixes()),
            risk,
            kind: Kind::Distributed,
            last: network.last,
            expires: network.expires,
        }
    }

    /// What comes first: higher risk, then the later one, then the lower address.
    pub(super) const fn rank(&self) -> (u8, Time, Reverse<Subject>) {
        (self.risk, self.last, Reverse(self.subject))
    }
}

/// The rest of what is said of it, where a format says everything.
#[derive(Clone, Copy, Debug)]
pub(super) enum Details {
    Source([u8; SLOT_LEN]),
    Network(FlaggedNetwork),
}

impl Details {
    /// What flagged networks are thought of.
    pub(super) const NETWORK_CLASS: Class<'static> = Class::Suspicious;
    /// Why they are.
    pub(super) const NETWORK_REASON: &str = "several of its addresses scan";
}
