//! The memory that the README states, against shared data that is filled to the last slot.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use portscan_core::{
    config::{Policy, Role, parse_plugin},
    contact::Endpoints,
    detector::{Detector, Ending},
    listener::Listener,
    state::hash::Seed,
    state::neighbours::NETWORKS_PER_PAGE,
    state::page::PAGE_LEN_MAX,
    state::pool,
    state::standing::{GENERATION_SECS, Standing},
    state::store::memory::MemoryStore,
    stats::ports,
    time::Time,
};
use real_envoy::workspace_root;

/// Enough to fill every page, though they fall where chance will have it.
const SCANNERS: u32 = 150_000;
const WIDE_SCANNERS: u32 = 3_000;
const CLIENTS: u32 = 20_000;

#[test]
fn memory_is_what_the_readme_states() {
    let readme = fs::read_to_string(workspace_root().join("README.md")).expect("the README");
    let policy = Policy::default();
    let standing = Standing::new(policy.standing_capacity).pages();
    let networks = policy.networks_capacity.div_ceil(NETWORKS_PER_PAGE);
    let mut edge = Edge::new(policy);
    let geometry = *edge.detector.geometry();
    let (sources, sketches) = (geometry.pages(), pool::pages(&geometry));
    for (pages, per_page) in [
        (sources, "31"),
        (sketches, "448"),
        (standing, "1,603"),
        (networks, "63"),
    ] {
        let row = format!("/ {per_page}⌉ | {} |", grouped(pages));
        assert!(readme.contains(&row), "the README has no {row}");
    }
    let statistics = ports::PAGES + 2;
    let row = format!("time line | {statistics} | {statistics} |");
    assert!(readme.contains(&row), "the README has no {row}");
    let pages = sources + sketches + standing + networks + statistics as u32 + 4;
    let bound = mebibytes(pages as usize * PAGE_LEN_MAX);
    let stated = format!("at most {} pages, {bound}", grouped(pages));
    assert!(readme.contains(&stated), "the README does not say {stated}");

    edge.fill();
    assert_eq!(edge.store.iter().count(), pages as usize);
    let bytes = edge.store.bytes();
    let stated = format!("begin -->{}<!--", mebibytes(bytes));
    assert!(readme.contains(&stated), "the README does not say {stated}");
    // As many sources again, and not a byte more.
    edge.scan(SCANNERS..2 * SCANNERS, 1);
    assert_eq!(edge.store.bytes(), bytes);
}

struct Edge {
    detector: Detector,
    store: MemoryStore,
    service: Listener,
    decoy: Listener,
    now: Time,
}

impl Edge {
    fn new(policy: Policy) -> Self {
        let mut edge = Self {
            detector: Detector::new(policy),
            store: MemoryStore::default(),
            service: listener(br#"{"role":"sensor"}"#),
            decoy: listener(br#"{"role":"sensor","decoy":true}"#),
            now: Time::from_unix_secs(1_790_000_000),
        };
        let now = edge.now;
        edge.detector
            .tick(&mut edge.store, now, || Some([7; Seed::LEN]));
        edge.detector.mark_tables(&mut edge.store, now);
        edge
    }

    fn fill(&mut self) {
        for _ in 0..2 {
            self.serve(0..CLIENTS);
            self.now = self.now.plus_secs(GENERATION_SECS);
        }
        self.scan(0..WIDE_SCANNERS, 80);
        self.scan(0..SCANNERS, 1);
        for port in 1_000..1_300 {
            self.knock(2 * SCANNERS + u32::from(port), port);
            self.detector.note_statistics(&mut self.store, self.now);
        }
    }

    fn scan(&mut self, sources: std::ops::Range<u32>, ports: u16) {
        for source in sources {
            for port in 1..=ports {
                self.knock(source, port);
            }
        }
    }

    fn knock(&mut self, source: u32, port: u16) {
        let (now, store) = (self.now, &mut self.store);
        let to = endpoints(source, port);
        let (mut contact, _) = self.detector.open(store, now, &self.decoy, to);
        let end = Ending::ByPeer;
        self.detector
            .close(store, now, &self.decoy, &mut contact, end);
    }

    fn serve(&mut self, sources: std::ops::Range<u32>) {
        for source in sources {
            let (now, store) = (self.now, &mut self.store);
            let to = endpoints(source, 443);
            let (mut contact, _) = self.detector.open(store, now, &self.service, to);
            self.detector.served(store, now, &mut contact);
        }
    }
}

fn listener(text: &[u8]) -> Listener {
    match parse_plugin(text).expect("a good configuration").role {
        Role::Sensor(sensor) => Listener::new(sensor),
        other => panic!("{other:?}"),
    }
}

/// Sources of networks all over the address space.
fn endpoints(source: u32, port: u16) -> Endpoints {
    let peer = IpAddr::V4(Ipv4Addr::from(source.wrapping_mul(0x9e37_79b1)));
    Endpoints {
        peer: SocketAddr::new(peer, 40_000),
        local: SocketAddr::new(Ipv4Addr::new(192, 0, 2, 1).into(), port),
    }
}

fn mebibytes(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn grouped(number: u32) -> String {
    if number < 1_000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1_000, number % 1_000)
}
