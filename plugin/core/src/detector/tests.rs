//! Tests of the detector: one or more workers over one shared store.

use std::format;
use std::net::{IpAddr, SocketAddr};
use std::string::{String, ToString};
use std::vec::Vec;

use super::*;
use crate::config::{Role, parse_plugin, parse_policy};
use crate::state::store::memory::MemoryStore;

mod bad_input;
mod ending;
mod events;
mod evidence;
mod networks;
mod standing;
mod statistics;
mod workers;

const START: Time = Time::from_unix_secs(1_790_000_000);

/// An edge: workers, one store, a clock.
struct World {
    store: MemoryStore,
    workers: Vec<Detector>,
    now: Time,
    decoy: Listener,
    real: Listener,
}

fn listener(text: &str) -> Listener {
    match parse_plugin(text.as_bytes()).unwrap().role {
        Role::Sensor(sensor) => Listener::new(sensor),
        other => panic!("{other:?}"),
    }
}

impl World {
    fn new(policy: &str) -> Self {
        Self::with_workers(policy, 1)
    }

    fn with_workers(policy: &str, workers: usize) -> Self {
        let policy = parse_policy(policy.as_bytes()).unwrap();
        let mut world = Self {
            store: MemoryStore::default(),
            workers: (0..workers)
                .map(|_| Detector::new(policy.clone()))
                .collect(),
            now: START,
            decoy: listener(r#"{"role":"sensor","decoy":true}"#),
            real: listener(r#"{"role":"sensor"}"#),
        };
        world.tick();
        world
    }

    fn tick(&mut self) {
        for worker in &mut self.workers {
            worker.tick(&mut self.store, self.now, || Some([42; 16]));
        }
    }

    fn wait(&mut self, secs: u32) {
        self.now = self.now.plus_secs(secs);
    }

    fn on(&mut self, worker: usize, peer: &str, port: u16, is_decoy: bool) -> Visit<'_> {
        self.visit(worker, peer, &format!("198.51.100.1:{port}"), is_decoy)
    }

    fn visit(&mut self, worker: usize, peer: &str, local: &str, is_decoy: bool) -> Visit<'_> {
        let peer = SocketAddr::new(peer.parse::<IpAddr>().unwrap(), 40_000);
        let endpoints = Endpoints {
            peer,
            local: local.parse().unwrap(),
        };
        let Self {
            store,
            workers,
            now,
            decoy,
            real,
        } = self;
        let (detector, listener) = (&mut workers[worker], if is_decoy { decoy } else { real });
        let (contact, opened) = detector.open(store, *now, listener, endpoints);
        Visit {
            store,
            detector,
            listener,
            now,
            contact,
            opened,
        }
    }

    /// A connection to a decoy that is still open.
    fn decoy(&mut self, peer: &str, port: u16) -> Visit<'_> {
        self.on(0, peer, port, true)
    }

    /// A connection to a real service that is still open.
    fn real(&mut self, peer: &str, port: u16) -> Visit<'_> {
        self.on(0, peer, port, false)
    }

    /// A connection to a decoy, closed at once without a byte.
    fn knock(&mut self, peer: &str, port: u16) -> String {
        self.decoy(peer, port).close()
    }

    /// A request at a real service that is served.
    fn request(&mut self, peer: &str) -> String {
        let mut visit = self.real(peer, 443);
        visit.send(REQUEST);
        visit.close()
    }

    /// A request that is not ordinary; what its upstream reads.
    fn ask(&mut self, peer: &str, request: Request) -> String {
        let endpoints = Endpoints {
            peer: SocketAddr::new(peer.parse().unwrap(), 40_000),
            local: "198.51.100.1:443".parse().unwrap(),
        };
        let Self {
            store,
            workers,
            now,
            real,
            ..
        } = self;
        let (contact, _) = workers[0].request(store, *now, real, endpoints, request);
        contact.tag().to_string()
    }

    /// What an upstream reads now of this source.
    fn tag(&mut self, peer: &str) -> String {
        let mut visit = self.real(peer, 443);
        visit.send(b"x");
        visit.close()
    }

    fn count(&self, counter: Counter) -> u32 {
        self.workers
            .iter()
            .map(|worker| worker.counters.get(counter))
            .sum()
    }

    fn tracked(&mut self) -> u32 {
        let worker = &mut self.workers[0];
        let table = worker.table;
        let mut counters = Counters::default();
        (0..table.geometry.pages())
            .map(|index| {
                table
                    .census(&mut self.store, &mut counters, index, self.now, |_| ())
                    .tracked
            })
            .sum()
    }

    fn pages(&self, name: &str) -> usize {
        self.store
            .iter()
            .filter(|(key, _)| key.contains(name))
            .count()
    }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";

/// An open connection.
struct Visit<'a> {
    store: &'a mut MemoryStore,
    detector: &'a mut Detector,
    listener: &'a Listener,
    now: &'a mut Time,
    contact: Contact,
    opened: Reaction,
}

impl Visit<'_> {
    fn tag(&self) -> &str {
        self.contact.tag()
    }

    fn send(&mut self, bytes: &[u8]) -> Reaction {
        let Self {
            store,
            detector,
            listener,
            contact,
            ..
        } = self;
        let read = |max: usize| bytes[..bytes.len().min(max)].to_vec();
        detector.data(*store, *self.now, listener, contact, bytes.len(), read)
    }

    fn served(&mut self) {
        self.detector
            .served(self.store, *self.now, &mut self.contact);
    }

    fn hold(&mut self) -> Reaction {
        self.detector.hold(self.store, *self.now, &mut self.contact)
    }

    fn wait(&mut self, secs: u32) {
        *self.now = self.now.plus_secs(secs);
    }

    fn close(self) -> String {
        self.close_after(Ending::ByPeer)
    }

    fn close_after(mut self, ending: Ending) -> String {
        let Self {
            store,
            detector,
            listener,
            contact,
            now,
            ..
        } = &mut self;
        detector.close(*store, **now, listener, contact, ending);
        self.contact.tag().to_string()
    }
}
