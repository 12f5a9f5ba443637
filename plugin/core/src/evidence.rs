//! Kinds of evidence and what each weighs.
//!
//! A weight is `ln(P(evidence | scanner) / P(evidence | benign))` in hundredths of a nat: the
//! summands of Wald's sequential probability ratio test as Jung, Paxson, Berger and Balakrishnan
//! used it ("Fast Portscan Detection Using Sequential Hypothesis Testing", IEEE S&P 2004).

/// A log-likelihood ratio in hundredths of a nat.
///
/// An integer, so that every machine computes the same to the bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nats(i32);

impl Nats {
    /// No evidence either way.
    pub const ZERO: Self = Self(0);

    /// `hundredths` hundredths of a nat.
    pub const fn from_hundredths(hundredths: i32) -> Self {
        Self(hundredths)
    }

    /// Hundredths of a nat.
    pub const fn hundredths(self) -> i32 {
        self.0
    }

    /// The sum, saturating.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, saturating.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// What speaks for a scanner, in the order in which tags are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Evidence {
    /// Contact with a decoy target.
    Decoy = 0,
    /// A further distinct suspicious target.
    Ports = 1,
    /// A connection that was closed, or held, without a byte.
    Silent = 2,
    /// Bytes of another protocol than the listener speaks.
    Mismatch = 3,
    /// A TLS handshake that failed.
    Handshake = 4,
    /// Many short sessions where logins happen.
    Bruteforce = 5,
    /// A request or payload that only attackers send.
    Exploit = 6,
    /// A request that names a bare address as its host.
    LiteralHost = 7,
    /// The network of the source is flagged.
    Network = 8,
    /// The source is on a list of declared scanners.
    Known = 9,
}

impl Evidence {
    /// Every kind, in the order of the header's `tags`.
    pub const ALL: [Self; 10] = [
        Self::Decoy,
        Self::Ports,
        Self::Silent,
        Self::Mismatch,
        Self::Handshake,
        Self::Bruteforce,
        Self::Exploit,
        Self::LiteralHost,
        Self::Network,
        Self::Known,
    ];

    /// The name in the header, in logs and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decoy => "decoy",
            Self::Ports => "ports",
            Self::Silent => "silent",
            Self::Mismatch => "mismatch",
            Self::Handshake => "handshake",
            Self::Bruteforce => "bruteforce",
            Self::Exploit => "exploit",
            Self::LiteralHost => "literal-host",
            Self::Network => "network",
            Self::Known => "known",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|evidence| evidence.name() == name)
    }

    /// The kind with this number, as a slot holds it.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|evidence| *evidence as u8 == number)
    }
}

/// A set of kinds of evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvidenceSet(u16);

impl EvidenceSet {
    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// Adds `evidence`.
    pub const fn insert(&mut self, evidence: Evidence) {
        self.0 |= 1 << evidence as u8;
    }

    /// Takes `evidence` out.
    pub const fn remove(&mut self, evidence: Evidence) {
        self.0 &= !(1 << evidence as u8);
    }

    /// Whether `evidence` is in the set.
    pub const fn contains(self, evidence: Evidence) -> bool {
        self.0 & (1 << evidence as u8) != 0
    }

    /// Whether no kind is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in the set, in the order of [`Evidence::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Evidence> {
        Evidence::ALL
            .into_iter()
            .filter(move |evidence| self.contains(*evidence))
    }
}

impl FromIterator<Evidence> for EvidenceSet {
    fn from_iter<I: IntoIterator<Item = Evidence>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

impl Extend<Evidence> for EvidenceSet {
    fn extend<I: IntoIterator<Item = Evidence>>(&mut self, kinds: I) {
        kinds.into_iter().for_each(|kind| self.insert(kind));
    }
}

/// What each kind of evidence weighs, and why so much.
///
/// Estimates are those of docs/detection.md, section "Weights": scanners of a honeypot of 2025
/// beside people who are made up and touch a decoy by accident on one day in a thousand. A weight
/// that has none is an assumption, and bounded where harmless clients show the same again and again.
/// Thresholds are 3.0 (high), 4.6 (medium) and 9.2 (low).
pub mod weight {
    use super::Nats;

    /// First contact with a decoy target that nobody reaches by mistake.
    ///
    /// Estimated: 7.8. Less, for edges with six times as many accidents: `ln 6 = 1.8`. Enough for a
    /// stranger at medium, and not for a client in good standing: 6 − 2 is less than 4.6.
    pub const DECOY: Nats = Nats::from_hundredths(600);
    /// First contact with a decoy target that people and browsers reach by mistake; also what is
    /// left of [`DECOY`] when the contact asks for a served name, because any web page can make a
    /// visitor's browser knock at a port.
    ///
    /// Estimated: 0.8. More, because the next scanner can ask for a name, too: below the threshold
    /// of medium for one such target, beyond it for two.
    pub const DECOY_BY_MISTAKE: Nats = Nats::from_hundredths(400);
    /// A further distinct suspicious target.
    ///
    /// `ln 4`: what a failed first contact weighs in Jung et al., `ln((1 − 0.2) / (1 − 0.8))`.
    /// Estimated: 6.3, most of which is the decoy's, that counts beside it.
    pub const PORTS: Nats = Nats::from_hundredths(140);
    /// A connection without a byte.
    ///
    /// Estimated at decoys: 0.4, from few people. At real ports an assumption; port scanners that
    /// only connect say nothing anywhere, but neither do health checks and browsers that connect
    /// early.
    pub const SILENT: Nats = Nats::from_hundredths(150);
    /// Most that silence at real ports adds up to: below the lowest threshold, because a health
    /// check looks exactly so.
    pub const SILENT_REAL_MAX: Nats = Nats::from_hundredths(290);
    /// Bytes of another protocol than the listener speaks. It is also the most that they add up to:
    /// a client that was set up wrongly says the same again and again.
    ///
    /// An assumption: below the threshold of medium alone, beyond it with one thing more.
    pub const MISMATCH: Nats = Nats::from_hundredths(400);
    /// A TLS handshake that failed.
    ///
    /// An assumption: as much as silence. Clients that do not trust the certificate fail, too.
    pub const HANDSHAKE: Nats = Nats::from_hundredths(150);
    /// Most that failed handshakes add up to: a client that does not trust the certificate tries
    /// for ever. Below the lowest threshold, as for silence.
    pub const HANDSHAKE_MAX: Nats = Nats::from_hundredths(290);
    /// A bare address where a name should stand; also the most that this adds up to.
    ///
    /// An assumption: below the lowest threshold, because people type addresses, too.
    pub const LITERAL_HOST: Nats = Nats::from_hundredths(200);
    /// Most that silence and bare addresses add up to together, below the threshold of medium: so
    /// load balancers look whether a service lives.
    pub const CHECKS_MAX: Nats = Nats::from_hundredths(450);
    /// The third short session where logins happen, and each further power of two.
    ///
    /// Estimated: 7.7, but the people there never mistype a password. Less than half of that: it
    /// takes four sessions at medium, sixteen at low.
    pub const BRUTEFORCE: Nats = Nats::from_hundredths(300);
    /// A request or payload that only attackers send.
    ///
    /// Estimated: 8.4, as high as the data allow, since nobody harmless ever sent one. As much as a
    /// decoy, because a list of patterns can be wrong, too.
    pub const EXPLOIT: Nats = Nats::from_hundredths(600);
    /// A request that attackers send to find out what is there, and that was not served: people
    /// who look for the same thing exist.
    ///
    /// An assumption: below the threshold of medium once, beyond it twice.
    pub const EXPLOIT_PROBE: Nats = Nats::from_hundredths(400);
    /// Credit of a source in good standing when it gets its slot.
    ///
    /// Takes one decoy below the threshold of medium and leaves two beyond it.
    pub const STANDING: Nats = Nats::from_hundredths(200);
    /// Credit for each further hour in which a source with a slot was served: a rate, so that no
    /// number of requests buys more.
    pub const STANDING_HOURLY: Nats = Nats::from_hundredths(100);
    /// Most credit a source can have (the floor of Weaver, Staniford, Paxson, "Very Fast
    /// Containment of Scanning Worms", USENIX Security 2004): a scanner must not save up for a scan.
    /// Two decoys, 13.4, remain beyond the threshold of low.
    pub const STANDING_MAX: Nats = Nats::from_hundredths(400);
    /// Highest score: what is beyond would only outlive the verdict. It falls below the threshold of
    /// medium in 4.4 half-lives.
    pub const SCORE_MAX: Nats = Nats::from_hundredths(10_000);
}

/// Decoy ports that people and browsers reach by mistake: web alternates, on which proxies, pages of
/// devices and servers under development listen by default. An assumption.
pub const MISTAKE_PORTS: [u16; 9] = [81, 444, 8000, 8008, 8080, 8081, 8443, 8888, 9443];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_its_number() {
        for evidence in Evidence::ALL {
            assert_eq!(Evidence::from_number(evidence as u8), Some(evidence));
        }
        assert_eq!(Evidence::from_number(200), None);
    }

    #[test]
    fn a_set_lists_its_kinds_in_header_order() {
        let mut set = EvidenceSet::default();
        set.insert(Evidence::Silent);
        set.insert(Evidence::Decoy);
        assert!(set.iter().eq([Evidence::Decoy, Evidence::Silent]));
        assert!(!set.contains(Evidence::Ports));
    }
}
