//! People: each with an address of their own, many behind one, and browsers that connect early.

use std::net::IpAddr;

use fastrand::Rng;
use portscan_replay::trace::Micros;

use super::payload::{POSTGRES, RDP, SSH, client_hello, http};
use super::{
    Accident, DAY, Kind, Population, SECOND, SERVED_NAME, addresses, contact, served, weighted,
};

/// Days for which they are there.
const DAYS: u64 = 2;

/// Visits of one person on one day, an assumption. A visit is one connection that is served.
const VISITS: std::ops::RangeInclusive<u32> = 1..=2;

/// Idle connections that a browser opens on a visit besides the one that it uses, an assumption.
const PRECONNECTS: std::ops::RangeInclusive<u32> = 1..=3;

/// How many there are of each.
const PERSONS: usize = 50_000;
const GATEWAYS: usize = 300;
const LARGE_GATEWAYS: usize = 50;
const BROWSERS: usize = 25_000;

/// People behind one address, at most.
const USERS_MAX: u32 = 500;

/// Everybody, from `start` on; one in `scale` of them. Each person touches a decoy by accident with
/// `probability` on a day.
pub fn people(seed: u64, start: Micros, probability: f64, scale: usize) -> Population {
    let mut rng = Rng::with_seed(seed);
    let counts = [PERSONS, GATEWAYS, LARGE_GATEWAYS, BROWSERS].map(|count| (count / scale).max(1));
    // 4,096 networks of 256 addresses: people have neighbours.
    let mut sources = addresses(&mut rng, [10, 0, 0, 0], 20, counts.iter().sum()).into_iter();
    let mut made = Population::default();
    let kinds = [
        Kind::Person,
        Kind::Gateway,
        Kind::LargeGateway,
        Kind::Browser,
    ];
    for (kind, count) in kinds.into_iter().zip(counts) {
        for src in sources.by_ref().take(count) {
            let users = match kind {
                Kind::Gateway => users(&mut rng),
                Kind::LargeGateway => USERS_MAX,
                _ => 1,
            };
            made.client(src, kind, DAYS * u64::from(users));
            let who = Who {
                src,
                kind,
                start,
                probability,
            };
            who.come(&mut rng, &mut made, users);
        }
    }
    made
}

/// People behind an address: as many have one to ten as have fifty to five hundred.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 1 to 500"
)]
fn users(rng: &mut Rng) -> u32 {
    f64::from(USERS_MAX).powf(rng.f64()).round() as u32
}

/// An address with people behind it.
struct Who {
    src: IpAddr,
    kind: Kind,
    start: Micros,
    probability: f64,
}

impl Who {
    fn come(&self, rng: &mut Rng, made: &mut Population, users: u32) {
        let mut visits: Vec<Micros> = Vec::new();
        let mut accidents: Vec<Micros> = Vec::new();
        for day in 0..DAYS {
            for _ in 0..users {
                let first = visits.len();
                for _ in 0..rng.u32(VISITS) {
                    let at = self.start + day * DAY + rng.u64(MARGIN..DAY - MARGIN);
                    visits.push(at);
                }
                if rng.f64() < self.probability {
                    let visit = visits[rng.usize(first..visits.len())];
                    let is_first = rng.u32(0..100) < ACCIDENT_FIRST_PERCENT;
                    accidents.push(if is_first {
                        visit - BEFORE
                    } else {
                        visit + AFTER
                    });
                }
            }
        }
        visits.iter().for_each(|at| self.visit(rng, made, *at));
        for at in accidents {
            let stood = |visit: &Micros| (*visit + SECOND..=visit + DAY).contains(&at);
            made.accidents.push(Accident {
                contact: made.contacts.len(),
                kind: self.kind,
                in_good_standing: visits.iter().any(stood),
            });
            accident(rng, made, self.src, at);
        }
    }

    fn visit(&self, rng: &mut Rng, made: &mut Population, at: Micros) {
        let (port, bytes) = request(rng);
        made.contacts.push(served(self.src, port, at, &bytes));
        if self.kind == Kind::Browser {
            for _ in 0..rng.u32(PRECONNECTS) {
                let duration = rng.u64(5..=60) * SECOND;
                let early = at - rng.u64(0..2 * SECOND);
                made.contacts
                    .push(contact(self.src, port, early, duration, &[]));
            }
        }
    }
}

/// No visit is so near to the end of a day that what belongs to it falls into another.
const MARGIN: Micros = 60 * SECOND;

/// How long an accident is before or after the visit that it belongs to.
const BEFORE: Micros = 10 * SECOND;
const AFTER: Micros = 30 * SECOND;

/// Accidents that come before the visit: somebody mistypes, and then types it right. An assumption.
const ACCIDENT_FIRST_PERCENT: u32 = 20;

/// A request for what is served.
fn request(rng: &mut Rng) -> (u16, Vec<u8>) {
    if rng.u32(0..10) == 0 {
        (80, http(SERVED_NAME, "/"))
    } else {
        (443, client_hello(Some(SERVED_NAME)))
    }
}

/// What accidents are: assumptions, all of them.
#[derive(Clone, Copy)]
enum Accidental {
    /// A web port that is not in use here, in an address that was mistyped or is out of date.
    WebAlternate,
    /// A web page or an old setting sends a browser to a port.
    OtherWeb,
    /// A client of another protocol is told the wrong host.
    OtherProtocol,
    /// A connection that is given up before a byte is sent.
    Silent,
}

const ACCIDENTS: [(Accidental, u32); 4] = [
    (Accidental::WebAlternate, 55),
    (Accidental::OtherWeb, 20),
    (Accidental::OtherProtocol, 15),
    (Accidental::Silent, 10),
];

const WEB_ALTERNATES: [(u16, u32); 9] = [
    (8080, 35),
    (8443, 20),
    (8000, 10),
    (8888, 8),
    (81, 7),
    (8081, 7),
    (9443, 5),
    (444, 5),
    (8008, 3),
];

const OTHER_WEB: [(u16, u32); 6] = [
    (3000, 5),
    (5000, 4),
    (9090, 4),
    (10_000, 3),
    (5601, 2),
    (32_400, 1),
];

const OTHER_PROTOCOLS: [((u16, &[u8]), u32); 4] = [
    ((22, SSH), 6),
    ((3389, RDP), 2),
    ((5432, POSTGRES), 1),
    ((2222, SSH), 1),
];

fn accident(rng: &mut Rng, made: &mut Population, src: IpAddr, at: Micros) {
    let web = |rng: &mut Rng| {
        if rng.bool() {
            http(SERVED_NAME, "/")
        } else {
            client_hello(Some(SERVED_NAME))
        }
    };
    let (port, bytes) = match weighted(rng, &ACCIDENTS) {
        Accidental::WebAlternate => (weighted(rng, &WEB_ALTERNATES), web(rng)),
        Accidental::OtherWeb => (weighted(rng, &OTHER_WEB), web(rng)),
        Accidental::OtherProtocol => {
            let (port, bytes) = weighted(rng, &OTHER_PROTOCOLS);
            (port, bytes.to_vec())
        }
        Accidental::Silent => (weighted(rng, &WEB_ALTERNATES), Vec::new()),
    };
    made.contacts
        .push(contact(src, port, at, 2 * SECOND, &bytes));
}
