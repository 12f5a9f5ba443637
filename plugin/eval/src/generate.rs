//! Clients that are made up, harmless ones and scanners: the same for the same seed.
//!
//! Honeypots have no harmless clients, and who has no trace has no scanners either. What is made
//! here follows what was measured elsewhere where there is a number, and says so; where there is
//! none it is an assumption, and the constant says that.
//!
//! The edge that they come to has real services at [`REAL_PORTS`], and decoys at all other ports.

mod machines;
pub mod payload;
mod people;
mod scans;
pub mod write;

use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use portscan_replay::trace::{Contact, Micros};

pub use machines::machines;
pub use people::people;
pub use scans::{login_probers, scans};

/// Where the edge has real services.
pub const REAL_PORTS: [u16; 2] = [80, 443];

/// The edge.
pub const EDGE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The name that is served there.
pub const SERVED_NAME: &str = "www.example.com";

/// A second, in the time of traces.
pub const SECOND: Micros = 1_000_000;
/// An hour.
pub const HOUR: Micros = 3_600 * SECOND;
/// A day.
pub const DAY: Micros = 24 * HOUR;

/// What a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody with an address of their own.
    Person,
    /// 1 to 500 people behind one address.
    Gateway,
    /// 500 people behind one address.
    LargeGateway,
    /// A browser that opens connections before it needs them.
    Browser,
    /// Connects to a real port and closes, every ten seconds.
    HealthChecker,
    /// Asks a decoy, in HTTP or TLS, for a name that once was served at this address.
    StaleName,
    /// Speaks another protocol to a decoy where its server once was.
    StaleProtocol,
    /// Tries a real port again and again whose service is down.
    DeadPort,
    /// One of a service that watches from a /24.
    Monitor,
    /// Touches one port, once or a few times.
    SinglePort,
    /// One of a /24 that scans together, each address with one port or two.
    Distributed,
    /// Walks down many ports in a minute.
    Vertical,
    /// Walks down some ports in days.
    Slow,
    /// Tries to log in every ten minutes.
    Login,
    /// Asks web servers for what only attackers ask for.
    WebExploit,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Person,
        Self::Gateway,
        Self::LargeGateway,
        Self::Browser,
        Self::HealthChecker,
        Self::StaleName,
        Self::StaleProtocol,
        Self::DeadPort,
        Self::Monitor,
        Self::SinglePort,
        Self::Distributed,
        Self::Vertical,
        Self::Slow,
        Self::Login,
        Self::WebExploit,
    ];

    /// Whether it is a scanner.
    pub const fn is_scanner(self) -> bool {
        matches!(
            self,
            Self::SinglePort
                | Self::Distributed
                | Self::Vertical
                | Self::Slow
                | Self::Login
                | Self::WebExploit
        )
    }

    /// What it is called in labels.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Gateway => "gateway",
            Self::LargeGateway => "gateway-of-500",
            Self::Browser => "browser",
            Self::HealthChecker => "health-checker",
            Self::StaleName => "stale-name",
            Self::StaleProtocol => "stale-protocol",
            Self::DeadPort => "dead-port",
            Self::Monitor => "monitor",
            Self::SinglePort => "single-port",
            Self::Distributed => "distributed",
            Self::Vertical => "vertical",
            Self::Slow => "slow",
            Self::Login => "login",
            Self::WebExploit => "web-exploit",
        }
    }
}

/// A client that was made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub src: IpAddr,
    /// What it is.
    pub kind: Kind,
    /// Days for which it was there, times the people behind it.
    pub client_days: u64,
}

/// Contact with a decoy that nobody meant to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accident {
    /// Its index among the contacts.
    pub contact: usize,
    /// Who made it.
    pub kind: Kind,
    /// Whether the address was served in the 24 hours before.
    pub in_good_standing: bool,
}

/// Clients and what they did; contacts in no particular order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Who.
    pub clients: Vec<Client>,
    /// What.
    pub contacts: Vec<Contact>,
    /// Which of it by accident.
    pub accidents: Vec<Accident>,
}

impl Population {
    /// Both together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        let before = self.contacts.len();
        self.clients.extend(other.clients);
        self.contacts.extend(other.contacts);
        let accidents = other.accidents.into_iter().map(|accident| Accident {
            contact: accident.contact + before,
            ..accident
        });
        self.accidents.extend(accidents);
        self
    }

    fn client(&mut self, src: IpAddr, kind: Kind, client_days: u64) {
        self.clients.push(Client {
            src,
            kind,
            client_days,
        });
    }
}

/// A contact with the edge that was not served.
fn contact(src: IpAddr, dport: u16, at: Micros, duration: Micros, first: &[u8]) -> Contact {
    Contact {
        at,
        src,
        sport: 0,
        dst: Some(EDGE),
        dport,
        duration,
        bytes: Some(first.len() as u64),
        first: first.into(),
        served: Some(false),
    }
}

/// A request or session that was answered normally.
fn served(src: IpAddr, dport: u16, at: Micros, first: &[u8]) -> Contact {
    Contact {
        served: Some(true),
        ..contact(src, dport, at, SECOND, first)
    }
}

/// `count` distinct addresses out of the first `2^bits` of the network that begins at `base`.
fn addresses(rng: &mut Rng, base: [u8; 4], bits: u32, count: usize) -> Vec<IpAddr> {
    let base = u32::from_be_bytes(base);
    let offsets = rng.choose_multiple(0..1_u32 << bits, count);
    offsets
        .into_iter()
        .map(|offset| IpAddr::V4(Ipv4Addr::from(base + offset)))
        .collect()
}

/// One of `choices`, by their weights.
fn weighted<T: Copy>(rng: &mut Rng, choices: &[(T, u32)]) -> T {
    let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = rng.u32(0..total);
    for (choice, weight) in choices {
        if left < *weight {
            return *choice;
        }
        left -= weight;
    }
    choices[0].0
}

#[cfg(test)]
mod tests;
