//! Which ports are counted, and what scanners can do about it.

use super::*;
use crate::state::hash::Seed;
use crate::state::page::Page;
use crate::state::store::memory::MemoryStore;
use crate::state::store::{Expected, SetError, StoreError, Value};
use crate::stats::HOURS;
use crate::stats::top::{TopPort, top};
use crate::time::DAY_SECS;

const NOW: Time = Time::from_unix_secs(1_790_000_000);

struct World {
    store: MemoryStore,
    counters: Counters,
    workers: [Seen; 2],
    now: Time,
}

impl World {
    fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            counters: Counters::default(),
            workers: [Seen::default(), Seen::default()],
            now: NOW,
        }
    }

    fn contact(&mut self, worker: usize, port: u16, source: u16, source_ports: u32) {
        let source = Seed::new([3; 16]).port(source);
        if !self.workers[worker].contact(port, source, source_ports) {
            self.counters.count(Counter::StatsSkipped);
        }
    }

    fn flush(&mut self) {
        for worker in &mut self.workers {
            worker.flush(&mut self.store, &mut self.counters, self.now);
        }
    }

    /// Different sources at one port, on both workers, ten to a tick.
    fn visit(&mut self, port: u16, sources: u16) {
        for source in 0..sources {
            self.contact(usize::from(source % 2), port, source, 1);
            if source % 10 == 9 {
                self.flush();
            }
        }
        self.flush();
    }

    /// One source touches all ports, a thousand to a tick.
    fn scan(&mut self) {
        for port in 1..=u16::MAX {
            self.contact(0, port, 40_000, u32::from(port));
            if port % 1_000 == 0 {
                self.flush();
            }
        }
        self.flush();
    }

    fn top(&mut self, max: usize) -> Vec<TopPort> {
        top(&mut self.store, &mut self.counters, max, self.now)
    }

    fn numbers(&mut self, max: usize) -> Vec<u16> {
        self.top(max).iter().map(|port| port.port).collect()
    }
}

#[test]
fn ports_stand_in_the_order_of_their_distinct_sources() {
    let mut world = World::new();
    world.visit(23, 200);
    world.visit(3389, 20);
    world.visit(22, 60);
    for _ in 0..500 {
        world.contact(0, 80, 1, 1);
    }
    world.flush();
    assert_eq!(world.numbers(10), [23, 22, 3389, 80]);
    assert_eq!(world.numbers(2), [23, 22]);
    let top = world.top(10);
    // Standard error 6.5 %; the hash is the same each time.
    assert!((180..=220).contains(&top[0].sources), "{}", top[0].sources);
    assert_eq!((top[3].sources, top[3].hits), (1, 500));
    assert_eq!(top[3].hours[HOURS - 1], 500);
    assert_eq!(world.counters.get(Counter::StatsSkipped), 0);
}

#[test]
fn a_scan_of_all_ports_pushes_no_port_out_and_adds_one_source() {
    let mut world = World::new();
    for port in 1..=100 {
        world.visit(port * 100, 3);
    }
    let before = world.top(100);
    for _ in 0..3 {
        world.scan();
    }
    let after = world.top(100);
    assert_eq!(after.len(), 100);
    for (before, after) in before.iter().zip(&after) {
        assert!(before.port == after.port && after.sources <= before.sources + 2);
        assert_eq!(after.hits, before.hits + 3);
    }
    // It brought up as many as one source may.
    let all = world.numbers(PORTS_MAX).len();
    assert!(all <= 100 + SOURCE_PORTS_MAX as usize, "{all}");
    assert!(world.counters.get(Counter::StatsSkipped) > 3 * 65_000);
}

#[test]
fn sources_without_end_push_out_only_ports_with_fewer() {
    let mut world = World::new();
    for port in 1..=200 {
        world.visit(port, 4);
    }
    for port in 1_000..9_000 {
        world.contact(0, port, port, 1);
        if port % 50 == 0 {
            world.now = world.now.plus_secs(1);
            world.flush();
        }
    }
    world.flush();
    let kept = world.top(PORTS_MAX);
    assert_eq!(kept.len(), PORTS_MAX);
    assert!(kept[..200].iter().all(|port| port.port <= 200));
    // The newest of the others are there.
    assert!(kept.iter().any(|port| port.port == 8_999));
    assert_eq!(world.store.iter().count(), PAGES + 1);
    assert!(world.store.iter().all(|(_, bytes)| bytes.len() <= 4096));
}

#[test]
fn a_port_that_nobody_touched_for_a_day_makes_room() {
    let mut world = World::new();
    for port in 1..=260 {
        world.visit(port, 5);
    }
    assert_eq!(world.numbers(PORTS_MAX).len(), PORTS_MAX);
    world.now = world.now.plus_secs(DAY_SECS + 3_600);
    assert!(world.numbers(PORTS_MAX).is_empty());
    let new: Vec<u16> = (1_000..1_060).collect();
    for port in &new {
        world.visit(*port, 1);
    }
    assert_eq!(world.numbers(PORTS_MAX), new);
}

#[test]
fn a_worker_takes_a_bounded_number_of_new_ports_in_a_tick() {
    let mut world = World::new();
    for port in 1..1_000 {
        world.contact(0, port, port, 1);
    }
    let skipped = world.counters.get(Counter::StatsSkipped);
    assert_eq!(skipped, 999 - NEWCOMERS_MAX as u32);
    world.flush();
    assert_eq!(world.numbers(PORTS_MAX).len(), NEWCOMERS_MAX);
    world.contact(0, 2_000, 1, 1);
    world.flush();
    assert!(world.numbers(PORTS_MAX).contains(&2_000));
}

/// Shared data that refuses writes to keys with some text in them.
struct Refusing<'a> {
    store: &'a mut MemoryStore,
    key: &'a str,
}

impl Store for Refusing<'_> {
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.store.get(key)
    }

    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError> {
        if key.contains(self.key) {
            return Err(SetError::Changed);
        }
        self.store.set(key, bytes, expected)
    }
}

#[test]
fn what_cannot_be_told_is_told_later_once() {
    for key in ["tallies", "candidates", "portscan"] {
        let mut world = World::new();
        world.visit(23, 1);
        for _ in 0..3 {
            world.contact(0, 23, 2, 1);
            world.contact(0, 24, 3, 1);
            let mut refusing = Refusing {
                store: &mut world.store,
                key,
            };
            world.workers[0].flush(&mut refusing, &mut world.counters, world.now);
        }
        assert!(world.counters.get(Counter::CasGiveups) >= 3, "{key}");
        world.flush();
        world.flush();
        let found: Vec<_> = world
            .top(9)
            .iter()
            .map(|p| (p.port, p.sources, p.hits))
            .collect();
        assert_eq!(found, [(23, 2, 4), (24, 1, 3)], "{key}");
        assert_eq!(world.counters.get(Counter::StatsSkipped), 0);
    }
}

#[test]
fn shared_data_that_is_gone_or_foreign_is_begun_anew() {
    let mut world = World::new();
    world.visit(23, 9);
    world.store.wipe();
    world.contact(0, 23, 1, 1);
    world.flush();
    assert_eq!(world.top(9)[0].hits, 1);
    let keys: Vec<String> = world.store.iter().map(|(key, _)| key.into()).collect();
    for key in keys {
        world
            .store
            .overwrite(&key, b"PSCN and what a neighbour likes");
    }
    assert_eq!(world.top(9), []);
    world.contact(1, 23, 1, 1);
    world.flush();
    assert_eq!(world.top(9)[0].hits, 1);
    assert!(world.counters.get(Counter::StateDecodeErrors) > 0);
}

#[test]
fn a_neighbour_that_names_more_ports_than_there_are_tallies_is_not_believed() {
    let mut world = World::new();
    let mut page = Page::empty(PageKind::Candidates, 8);
    for port in 1..=500 {
        let candidate = Candidate::new(port, 9, NOW);
        assert!(page.put(usize::from(port - 1), &candidate.encode()));
    }
    world.store.overwrite(candidates::KEY, page.as_bytes());
    for round in 0..2 {
        for port in 1..=500 {
            world.contact(0, port, round, 1);
            world.flush();
        }
    }
    assert_eq!(world.numbers(usize::MAX).len(), PORTS_MAX);
    assert_eq!(world.store.iter().count(), PAGES + 1);
}

#[test]
fn nothing_seen_costs_no_call_to_shared_data() {
    let mut world = World::new();
    world.visit(23, 1);
    let (reads, writes) = (world.store.reads(), world.store.writes());
    world.flush();
    assert_eq!((world.store.reads(), world.store.writes()), (reads, writes));
    world.contact(0, 23, 1, 1);
    world.flush();
    // The tally and the candidates, each read and written.
    assert_eq!(
        (world.store.reads(), world.store.writes()),
        (reads + 2, writes + 2)
    );
}
