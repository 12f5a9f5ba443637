//! What flags a network, and what does not.

use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::source::SourceKey;
use crate::state::store::memory::MemoryStore;
use crate::time::DAY_SECS;

const NOW: Time = Time::from_unix_secs(1_790_000_000);
const SEED: Seed = Seed::new([7; 16]);
const NETWORKS: Prefixes = Prefixes { ipv4: 24, ipv6: 48 };
const TABLE: Neighbours = Neighbours {
    geometry: Geometry {
        capacity: 64,
        networks: NETWORKS,
    },
    verdict_ttl_secs: DAY_SECS,
};

struct World {
    store: MemoryStore,
    counters: Counters,
}

impl World {
    fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            counters: Counters::default(),
        }
    }

    fn touch(&mut self, source: [u8; 4], port: u16, now: Time) -> bool {
        let source = key(source);
        let suspicion = Suspicion {
            network: source.network(NETWORKS),
            source: SEED.source(&source),
            target: Target::new(&SEED, IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        };
        TABLE.note(&mut self.store, &mut self.counters, &SEED, &suspicion, now)
    }

    fn is_flagged(&mut self, source: [u8; 4], now: Time) -> bool {
        let network = key(source).network(NETWORKS);
        TABLE.is_flagged(&mut self.store, &mut self.counters, &SEED, &network, now)
    }
}

fn key(source: [u8; 4]) -> SourceKey {
    let prefixes = Prefixes { ipv4: 32, ipv6: 64 };
    SourceKey::new(IpAddr::V4(source.into()), prefixes)
}

#[test]
fn three_sources_at_six_targets_flag_their_network_and_no_other() {
    let mut world = World::new();
    let mut flagged_at = None;
    for contact in 0..8u8 {
        let port = 1000 + u16::from(contact);
        if world.touch([203, 0, 113, contact % 4], port, NOW) {
            flagged_at = Some(contact);
        }
    }
    assert_eq!(flagged_at, Some(5));
    assert!(world.is_flagged([203, 0, 113, 200], NOW));
    assert!(!world.is_flagged([203, 0, 112, 1], NOW));
    assert_eq!(world.counters.get(Counter::NetworksFlagged), 1);
}

#[test]
fn one_source_at_many_targets_says_nothing_about_its_neighbours() {
    let mut world = World::new();
    for port in 1..500 {
        assert!(!world.touch([203, 0, 113, 1], port, NOW));
        assert!(!world.touch([203, 0, 113, 2], port, NOW));
    }
}

#[test]
fn many_sources_at_one_target_say_nothing() {
    let mut world = World::new();
    for host in 0..=255 {
        assert!(!world.touch([203, 0, 113, host], 8080, NOW));
    }
}

#[test]
fn what_happened_two_windows_ago_is_forgotten() {
    let mut world = World::new();
    for step in 0..40u8 {
        let now = NOW.plus_secs(u32::from(step) * 2 * WINDOW_SECS);
        assert!(!world.touch([203, 0, 113, step], 1000 + u16::from(step), now));
    }
}

#[test]
fn a_verdict_ends_after_its_time_unless_suspicion_renews_it() {
    let mut world = World::new();
    for host in 0..20 {
        world.touch([203, 0, 113, host], 1000 + u16::from(host), NOW);
    }
    let before = NOW.plus_secs(DAY_SECS - 1);
    assert!(world.is_flagged([203, 0, 113, 99], before));
    assert!(!world.is_flagged([203, 0, 113, 99], NOW.plus_secs(DAY_SECS)));
    world.touch([203, 0, 113, 1], 1, before);
    assert!(world.is_flagged([203, 0, 113, 99], NOW.plus_secs(DAY_SECS)));
}

#[test]
fn a_flood_of_networks_leaves_the_flagged_ones() {
    let mut world = World::new();
    for host in 0..20 {
        world.touch([203, 0, 113, host], 1000 + u16::from(host), NOW);
    }
    for network in 0..2_000u16 {
        let [high, low] = network.to_be_bytes();
        world.touch([10, high, low, 1], 23, NOW.plus_secs(60));
    }
    assert!(world.is_flagged([203, 0, 113, 99], NOW.plus_secs(60)));
    assert!(world.counters.get(Counter::NetworkEvictions) > 1_500);
}

#[test]
fn a_cell_survives_its_bytes() {
    let mut cell = Cell::new(key([203, 0, 113, 1]).network(NETWORKS), NOW);
    cell.flagged_at = NOW;
    cell.expires = NOW.plus_secs(5);
    cell.sources = Distinct([1, 2, u32::MAX]);
    cell.targets = Distinct([3, 4, 5, 6, 7, 1 << 31]);
    assert_eq!(Cell::decode(&cell.encode()), cell);
}
