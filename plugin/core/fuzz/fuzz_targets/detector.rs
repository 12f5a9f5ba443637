//! Two workers over one shared store, in which a neighbour writes what it likes: no panic, no
//! growth, and nothing but well-formed tags.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portscan_core::config::{Policy, Role, parse_plugin, parse_policy};
use portscan_core::contact::{Contact, Endpoints, Reaction};
use portscan_core::counters::Counters;
use portscan_core::detector::{Detector, Ending};
use portscan_core::first_bytes::FIRST_BYTES_MAX;
use portscan_core::listener::Listener;
use portscan_core::state::geometries::Sweep;
use portscan_core::state::page::{PAGE_LEN_MAX, Page, PageKind};
use portscan_core::state::pool;
use portscan_core::state::sketch::SKETCH_LEN;
use portscan_core::state::slot::SLOT_LEN;
use portscan_core::state::standing::Standing;
use portscan_core::state::store::memory::MemoryStore;
use portscan_core::stats::timeline::{self, Step};
use portscan_core::stats::top::top;
use portscan_core::stats::{ports, render};
use portscan_core::time::Time;
use portscan_core_fuzz::check_tag;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    policy: u8,
    operations: Vec<Operation<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Operation<'a> {
    Open {
        worker: bool,
        listener: u8,
        source: Address,
        host: Address,
        port: u16,
    },
    Data {
        contact: u8,
        bytes: &'a [u8],
        /// Bytes that are announced, whatever can be read.
        announced: Option<u32>,
    },
    Served {
        contact: u8,
    },
    Hold {
        contact: u8,
    },
    Close {
        contact: u8,
        handshake_failed: bool,
    },
    Sweep {
        source: Address,
        first_port: u16,
        ports: u8,
    },
    Tick {
        worker: bool,
    },
    /// Somebody looks at the statistics.
    Show {
        hours: bool,
    },
    /// The keeper empties a part of what is not used any more.
    Keep,
    Wait {
        secs: u32,
    },
    StepBack {
        secs: u32,
    },
    /// A neighbour writes bytes of its own.
    Overwrite {
        key: u8,
        bytes: &'a [u8],
    },
    /// A neighbour writes a page with a right envelope and cells of its own.
    Forge {
        key: u8,
        cells: &'a [u8],
    },
    Wipe,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Address {
    /// One of a few, so that contacts add up.
    Few(u8),
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Address {
    fn ip(self) -> IpAddr {
        match self {
            Self::Few(n) => Ipv4Addr::new(198, 51, n % 2, n / 2).into(),
            Self::V4(octets) => Ipv4Addr::from(octets).into(),
            Self::V6(octets) => Ipv6Addr::from(octets).into(),
        }
    }
}

const POLICIES: [&str; 4] = [
    r#"{"sources":{"capacity":64},"standing":{"capacity":1000}}"#,
    r#"{"sources":{"capacity":64,"flagged_per_network":1},"standing":{"capacity":2000},
        "sensitivity":"high","action":"block","block_risk":40,"verdict_ttl_secs":1}"#,
    r#"{"sources":{"capacity":100,"ipv6_prefix":128},"standing":{"capacity":1000},
        "sensitivity":"low","action":"dry_run","evidence_half_life_secs":60,
        "decoy_weights":{"23":20,"80":0.01}}"#,
    r#"{"sources":{"capacity":64},"standing":{"capacity":1000},
        "trusted":["198.51.0.1","2001:db8::/32"],
        "known_scanners":[{"actor":"a-._Z","networks":["198.51.1.0/24","::/1"]}]}"#,
];

const LISTENERS: [&str; 4] = [
    r#"{"role":"sensor"}"#,
    r#"{"role":"sensor","decoy":true}"#,
    r#"{"role":"sensor","decoy":true,"real_ports":[80],"names":["*.example.org"]}"#,
    r#"{"role":"sensor","standing":"tagger","hold_secs":5}"#,
];

const START: Time = Time::from_unix_secs(1_790_000_000);

/// Sweeps of one input.
const SWEEPS_MAX: u32 = 2;

/// Connections that are open at once.
const CONTACTS_MAX: usize = 16;

fuzz_target!(|input: Input<'_>| {
    let policy = POLICIES[usize::from(input.policy) % POLICIES.len()];
    let policy = parse_policy(policy.as_bytes()).expect("a good policy");
    let mut edge = Edge::new(policy);
    for operation in input.operations {
        edge.perform(operation);
    }
    edge.check_store();
});

struct Edge {
    store: MemoryStore,
    workers: [Detector; 2],
    listeners: Vec<Listener>,
    contacts: Vec<Open>,
    keeper: Sweep,
    counters: Counters,
    sweeps: u32,
    now: Time,
    keys_max: usize,
}

struct Open {
    worker: usize,
    listener: usize,
    contact: Contact,
}

impl Edge {
    fn new(policy: Policy) -> Self {
        let mut store = MemoryStore::default();
        let standing = Standing::new(policy.standing_capacity).pages();
        let mut workers = [Detector::new(policy.clone()), Detector::new(policy)];
        for worker in &mut workers {
            worker.tick(&mut store, START, || Some([3; 16]));
        }
        let geometry = *workers[0].geometry();
        let statistics = u32::try_from(ports::PAGES).expect("a small table") + 2;
        // Beside the pages: ring, seed and the list of geometries.
        let keys_max = geometry.pages() + pool::pages(&geometry) + standing + statistics + 3;
        let listeners = LISTENERS.map(|text| match parse_plugin(text.as_bytes()) {
            Ok(plugin) => match plugin.role {
                Role::Sensor(sensor) => Listener::new(sensor),
                Role::Tagger(_) | Role::Portal(_) | Role::Keeper => panic!("{text} is a sensor"),
            },
            Err(problems) => panic!("{problems:?}"),
        });
        Self {
            store,
            workers,
            listeners: listeners.into(),
            contacts: Vec::new(),
            keeper: Sweep::default(),
            counters: Counters::default(),
            sweeps: 0,
            now: START,
            keys_max: usize::try_from(keys_max).expect("a small table"),
        }
    }

    fn perform(&mut self, operation: Operation<'_>) {
        match operation {
            Operation::Open {
                worker,
                listener,
                source,
                host,
                port,
            } => {
                let listener = usize::from(listener) % self.listeners.len();
                self.open(usize::from(worker), listener, source, host, port);
            }
            Operation::Data {
                contact,
                bytes,
                announced,
            } => self.data(contact, bytes, announced),
            Operation::Served { contact } => self.with(contact, |edge, open| {
                let worker = &mut edge.workers[open.worker];
                worker.served(&mut edge.store, edge.now, &mut open.contact);
                Reaction::default()
            }),
            Operation::Hold { contact } => self.with(contact, |edge, open| {
                let worker = &mut edge.workers[open.worker];
                worker.hold(&mut edge.store, edge.now, &mut open.contact)
            }),
            Operation::Close {
                contact,
                handshake_failed,
            } => self.close(contact, handshake_failed),
            Operation::Sweep {
                source,
                first_port,
                ports,
            } => {
                // Scans are slow: a few, just long enough for a wide sketch.
                let ports = if self.sweeps < SWEEPS_MAX {
                    ports % 80
                } else {
                    1
                };
                self.sweeps += 1;
                for offset in 0..u16::from(ports) {
                    let port = first_port.wrapping_add(offset.wrapping_mul(257));
                    self.open(0, 1, source, Address::Few(0), port);
                }
            }
            Operation::Tick { worker } => {
                let worker = &mut self.workers[usize::from(worker)];
                worker.tick(&mut self.store, self.now, || Some([5; 16]));
                worker.note_statistics(&mut self.store, self.now);
            }
            Operation::Show { hours } => {
                let (store, counters) = (&mut self.store, &mut self.counters);
                let step = if hours { Step::Hour } else { Step::Minute };
                let points = timeline::read(store, counters, step, self.now);
                let ports = top(store, counters, ports::PORTS_MAX, self.now);
                assert!(ports.is_sorted_by(|a, b| a.sources >= b.sources));
                assert!(ports.iter().all(|port| port.sources <= port.hits));
                for answer in [
                    render::timeline(step, &points, self.now),
                    render::ports(&ports, self.now),
                ] {
                    assert!(answer.len() <= render::LEN_MAX);
                }
            }
            Operation::Keep => {
                self.keeper
                    .step(&mut self.store, &mut self.counters, self.now);
            }
            Operation::Wait { secs } => self.now = self.now.plus_secs(secs),
            Operation::StepBack { secs } => {
                self.now = Time::from_unix_secs(self.now.unix_secs().saturating_sub(secs));
            }
            Operation::Overwrite { key, bytes } => {
                let bytes = &bytes[..bytes.len().min(PAGE_LEN_MAX)];
                if let Some(key) = self.key(key) {
                    self.store.overwrite(&key, bytes);
                }
            }
            Operation::Forge { key, cells } => {
                if let Some(key) = self.key(key) {
                    let page = forged(&key, cells);
                    self.store.overwrite(&key, page.as_bytes());
                }
            }
            Operation::Wipe => self.store.wipe(),
        }
    }

    fn open(&mut self, worker: usize, listener: usize, from: Address, to: Address, port: u16) {
        let endpoints = Endpoints {
            peer: SocketAddr::new(from.ip(), 40_000),
            local: SocketAddr::new(to.ip(), port),
        };
        let sensor = &self.listeners[listener];
        let (contact, reaction) =
            self.workers[worker].open(&mut self.store, self.now, sensor, endpoints);
        check(&contact, &reaction);
        if self.contacts.len() < CONTACTS_MAX {
            self.contacts.push(Open {
                worker,
                listener,
                contact,
            });
        }
    }

    fn data(&mut self, contact: u8, bytes: &[u8], announced: Option<u32>) {
        let announced = announced.map_or(bytes.len(), |len| usize::try_from(len).expect("32 bits"));
        self.with(contact, |edge, open| {
            edge.workers[open.worker].data(
                &mut edge.store,
                edge.now,
                &edge.listeners[open.listener],
                &mut open.contact,
                announced,
                |max| {
                    assert!(max <= FIRST_BYTES_MAX.min(announced));
                    bytes[..bytes.len().min(max)].to_vec()
                },
            )
        });
    }

    fn close(&mut self, contact: u8, handshake_failed: bool) {
        let ending = if handshake_failed {
            Ending::HandshakeFailed
        } else {
            Ending::ByPeer
        };
        self.with(contact, |edge, open| {
            edge.workers[open.worker].close(
                &mut edge.store,
                edge.now,
                &edge.listeners[open.listener],
                &mut open.contact,
                ending,
            )
        });
        if !self.contacts.is_empty() {
            let at = usize::from(contact) % self.contacts.len();
            self.contacts.swap_remove(at);
        }
    }

    /// Does something with an open connection, and checks what comes of it.
    fn with(&mut self, contact: u8, act: impl FnOnce(&mut Self, &mut Open) -> Reaction) {
        if self.contacts.is_empty() {
            return;
        }
        let at = usize::from(contact) % self.contacts.len();
        let mut open = self.contacts.swap_remove(at);
        let reaction = act(self, &mut open);
        check(&open.contact, &reaction);
        self.contacts.push(open);
        let last = self.contacts.len() - 1;
        self.contacts.swap(at, last);
    }

    /// One of the keys that are in use.
    fn key(&self, number: u8) -> Option<String> {
        let keys: Vec<&str> = self.store.iter().map(|(key, _)| key).collect();
        let at = usize::from(number).checked_rem(keys.len())?;
        Some(keys[at].to_owned())
    }

    fn check_store(&self) {
        assert!(self.store.iter().count() <= self.keys_max);
        for (key, value) in self.store.iter() {
            assert!(key.starts_with("portscan/1/"), "{key}");
            assert!(value.len() <= PAGE_LEN_MAX, "{key}");
        }
    }
}

fn check(contact: &Contact, reaction: &Reaction) {
    if reaction.tag_changed {
        check_tag(contact.tag());
    }
    if let Some(line) = &reaction.line {
        assert!(!line.contains('\n') && line.len() < 1_024, "{line:?}");
    }
}

/// A page of the kind that lies under `key`, with any cells.
fn forged(key: &str, cells: &[u8]) -> Page {
    const STANDING_LEN: usize = 2_032;
    let (kind, cell_len) = match key {
        _ if key.contains("/sources-") => (PageKind::Shard, SLOT_LEN),
        _ if key.contains("/sketches-") => (PageKind::Sketches, SKETCH_LEN),
        _ if key.contains("/standing-") => (PageKind::Standing, STANDING_LEN),
        _ if key.ends_with("/ring") => (PageKind::Ring, 8),
        _ if key.ends_with("/geometries") => (PageKind::Geometries, 16),
        _ if key.ends_with("/timeline") => (PageKind::Timeline, 28),
        _ if key.ends_with("/candidates") => (PageKind::Candidates, 8),
        _ if key.contains("/tallies/") => (PageKind::Tallies, 744),
        _ => (PageKind::Seed, 16),
    };
    let mut page = Page::empty(kind, cell_len);
    for chunk in cells.chunks(cell_len) {
        let mut cell = vec![0; cell_len];
        cell[..chunk.len()].copy_from_slice(chunk);
        let at = page.len();
        if !page.put(at, &cell) {
            break;
        }
    }
    page
}
