//! Tests of the table: placement, eviction, floods.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::evidence::EvidenceSet;
use crate::evidence::Nats;
use crate::state::slot::Flag;
use crate::state::store::memory::MemoryStore;

const SEED: Seed = Seed::new([9; 16]);
const NOW: Time = Time::from_unix_secs(1_790_000_000);
const MODEL: Model = Model {
    threshold: Nats::from_hundredths(460),
    half_life_secs: 86_400,
    verdict_ttl_secs: 604_800,
    without: EvidenceSet::from_bits(0),
};

struct World {
    table: Table,
    store: MemoryStore,
    counters: Counters,
}

impl World {
    fn new(capacity: u32, flagged_per_network: u16) -> Self {
        let geometry = Geometry {
            capacity,
            sources: Prefixes { ipv4: 32, ipv6: 64 },
            networks: Prefixes { ipv4: 24, ipv6: 48 },
            flagged_per_network,
        };
        Self {
            table: Table {
                geometry,
                model: MODEL,
            },
            store: MemoryStore::default(),
            counters: Counters::default(),
        }
    }

    fn source(&self, address: impl Into<IpAddr>) -> SourceKey {
        SourceKey::new(address.into(), self.table.geometry.sources)
    }

    /// Gives `source` a slot with this score, flagged or not, at `NOW` plus `secs`.
    fn put(&mut self, source: SourceKey, score: i32, is_flagged: bool, secs: u32) -> bool {
        let now = NOW.plus_secs(secs);
        let Self {
            table,
            store,
            counters,
        } = self;
        let updated = table.update(store, counters, &SEED, &source, now, |_, _, existing| {
            let mut slot = existing.unwrap_or(Slot::new(source, now));
            slot.score = Nats::from_hundredths(score);
            slot.last = now;
            let expires = now.plus_secs(604_800);
            slot.flag = is_flagged.then_some(Flag { at: now, expires });
            SlotStep::Write(slot, ())
        });
        updated.unwrap().is_stored
    }

    fn get(&mut self, source: SourceKey) -> Option<Slot> {
        self.table
            .get(&mut self.store, &mut self.counters, &SEED, &source, NOW)
            .unwrap()
    }

    fn is_flagged(&mut self, source: SourceKey) -> bool {
        self.get(source).is_some_and(|slot| slot.flag.is_some())
    }

    fn census(&mut self) -> Census {
        let mut sum = Census::default();
        for index in 0..self.table.geometry.pages() {
            sum += self
                .table
                .census(&mut self.store, &mut self.counters, index, NOW, |_| ());
        }
        sum
    }
}

/// Addresses spread over the Internet: each in a network of its own.
fn far_apart(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(n.wrapping_mul(0x9e37_79b1) | 0x0100_0000)
}

#[test]
fn sources_are_kept_apart() {
    let mut world = World::new(1_000, 64);
    let sources: Vec<SourceKey> = (0..500).map(|n| world.source(far_apart(n))).collect();
    for (score, source) in (0..).zip(&sources) {
        assert!(world.put(*source, score, false, 0));
    }
    for (score, source) in (0..).zip(&sources) {
        assert_eq!(world.get(*source).unwrap().score.hundredths(), score);
    }
    assert_eq!(
        world.census(),
        Census {
            tracked: 500,
            flagged: 0
        }
    );
}

#[test]
fn the_source_worth_least_makes_room() {
    // One page.
    let mut world = World::new(31, 1_024);
    for n in 0..31 {
        let source = world.source(far_apart(n));
        // The first is flagged with a low score, the others have less the later they came.
        assert!(world.put(source, 3_000 - 100 * i32::try_from(n).unwrap(), n == 30, n));
    }
    let newcomer = world.source(far_apart(100));
    assert!(world.put(newcomer, 5_000, false, 100));
    let gone: Vec<u32> = (0..31)
        .filter(|n| world.get(world.source(far_apart(*n))).is_none())
        .collect();
    assert_eq!(gone, [29], "the unflagged one with the lowest score");
    assert_eq!(world.counters.get(Counter::EvictionsUnflagged), 1);
}

#[test]
fn the_older_of_equals_makes_room() {
    let mut world = World::new(31, 1_024);
    for n in 0..31 {
        let source = world.source(far_apart(n));
        world.put(source, 100, false, if n == 17 { 5 } else { 10 });
    }
    let newcomer = world.source(far_apart(100));
    world.put(newcomer, 100, false, 20);
    assert!(world.get(world.source(far_apart(17))).is_none());
}

#[test]
fn an_unflagged_source_finds_no_room_among_flagged_ones() {
    let mut world = World::new(31, 1_024);
    for n in 0..31 {
        let source = world.source(far_apart(n));
        world.put(source, 600, true, 0);
    }
    let newcomer = world.source(far_apart(100));
    assert!(!world.put(newcomer, 300, false, 1));
    assert_eq!(world.counters.get(Counter::Rejections), 1);
    assert_eq!(
        world.census(),
        Census {
            tracked: 31,
            flagged: 31
        }
    );
    assert!(world.put(newcomer, 600, true, 1));
    assert_eq!(world.counters.get(Counter::EvictionsFlagged), 1);
}

#[test]
fn among_flagged_ones_of_different_networks_the_lowest_score_goes_then_the_oldest() {
    let mut world = World::new(31, 1_024);
    for n in 0..31 {
        let source = world.source(far_apart(n));
        let score = if n == 4 || n == 9 { 500 } else { 600 };
        world.put(source, score, true, if n == 9 { 5 } else { 10 });
    }
    for (newcomer, gone) in [(100, 9), (101, 4)] {
        let newcomer = world.source(far_apart(newcomer));
        world.put(newcomer, 700, true, 20);
        assert!(world.get(world.source(far_apart(gone))).is_none(), "{gone}");
    }
    assert_eq!(world.census().flagged, 31);
}

#[test]
fn a_cell_that_is_no_slot_is_overwritten_and_hides_nobody() {
    let mut world = World::new(31, 1_024);
    let source = world.source([192, 0, 2, 7]);
    world.put(source, 600, true, 0);
    let key = world.table.geometry.key(0);
    let bytes = world.store.get(&key).unwrap().unwrap().bytes;
    let page = Page::parse(PageKind::Shard, SLOT_LEN, bytes).unwrap();
    let own: [u8; SLOT_LEN] = *page.cell(0).unwrap();
    let mut forged = own;
    // The form of the targets.
    forged[62] = 9;
    let mut page = Page::empty(PageKind::Shard, SLOT_LEN);
    assert!(page.put(0, &forged) && page.put(1, &own));
    world.store.overwrite(&key, page.as_bytes());
    assert!(world.is_flagged(source));
    let newcomer = world.source(far_apart(1));
    world.put(newcomer, 100, false, 0);
    assert_eq!(world.counters.get(Counter::StateDecodeErrors), 1);
    assert_eq!(
        world.census(),
        Census {
            tracked: 2,
            flagged: 1
        }
    );
}

#[test]
fn the_first_prefix_of_all_can_have_a_slot() {
    let mut world = World::new(1_000, 64);
    let loopback = world.source(Ipv6Addr::LOCALHOST);
    assert_eq!(loopback.as_bytes(), &[0; 16]);
    world.put(loopback, 600, true, 0);
    assert!(world.is_flagged(loopback));
    assert_eq!(
        world.census(),
        Census {
            tracked: 1,
            flagged: 1
        }
    );
}

#[test]
fn one_network_holds_at_most_its_quota_of_flagged_slots() {
    for quota in [1, 8, 16, 17, 64, 100] {
        let mut world = World::new(65_536, quota);
        for n in 0..2_000u32 {
            let source = world.source(Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(n) << 64));
            assert!(world.put(source, 600, true, n));
        }
        let flagged = world.census().flagged;
        assert!(
            flagged <= u32::from(quota) && flagged * 2 > u32::from(quota),
            "{quota}: {flagged}"
        );
        // The newest is there.
        let newest = world.source(Ipv6Addr::from(0x2001_0db8_u128 << 96 | 1_999 << 64));
        assert!(world.is_flagged(newest));
    }
}

#[test]
fn a_source_that_becomes_flagged_frees_the_slot_that_is_too_much() {
    let mut world = World::new(65_536, 1);
    let (first, second) = (world.source([192, 0, 2, 1]), world.source([192, 0, 2, 2]));
    world.put(first, 600, true, 0);
    world.put(second, 100, false, 0);
    assert_eq!(
        world.census(),
        Census {
            tracked: 2,
            flagged: 1
        }
    );
    world.put(second, 600, true, 1);
    assert!(!world.is_flagged(first) && world.is_flagged(second));
    assert_eq!(
        world.census(),
        Census {
            tracked: 1,
            flagged: 1
        }
    );
    let third = world.source(far_apart(5));
    world.put(third, 100, false, 0);
    assert_eq!(world.census().tracked, 2);
}

#[test]
fn a_million_unflagged_sources_leave_every_flagged_one_and_the_memory() {
    let mut world = World::new(1_024, 64);
    let flagged: Vec<SourceKey> = (0..300).map(|n| world.source(far_apart(n))).collect();
    for source in &flagged {
        world.put(*source, 600, true, 0);
    }
    for n in 0..20_000 {
        let source = world.source(far_apart(1_000_000 + n));
        world.put(source, 400, false, 1);
    }
    let bytes = world.store.bytes();
    for n in 0..980_000u32 {
        let source = world.source(Ipv6Addr::from(0x2001_0db8_u128 << 96 | u128::from(n) << 64));
        world.put(source, 9_999, false, 2);
    }
    assert_eq!(world.store.bytes(), bytes);
    assert!(bytes <= 34 * 4_096);
    assert!(flagged.iter().all(|source| world.is_flagged(*source)));
    let counted =
        world.counters.get(Counter::EvictionsUnflagged) + world.counters.get(Counter::Rejections);
    assert!(counted > 990_000, "{counted}");
}

#[test]
fn a_million_flagged_addresses_of_few_networks_leave_those_of_others() {
    let mut world = World::new(65_536, 64);
    let others: Vec<SourceKey> = (0..2_000).map(|n| world.source(far_apart(n))).collect();
    for source in &others {
        world.put(*source, 460, true, 0);
    }
    for n in 0..1_000_000u32 {
        // Twenty /48s with fifty thousand /64s each.
        let network = 0x2001_0db8_0000_u128 + u128::from(n % 20);
        let source = world.source(Ipv6Addr::from(network << 80 | u128::from(n / 20) << 64));
        world.put(source, 9_000, true, 1 + n / 1_000);
    }
    let left = others
        .iter()
        .filter(|source| world.is_flagged(**source))
        .count();
    assert_eq!(left, others.len());
    assert!(world.census().flagged <= 2_000 + 20 * 64);
    assert!(world.counters.get(Counter::EvictionsFlagged) > 990_000);
}

#[test]
fn floods_from_a_thousand_networks_leave_the_flagged_sources_of_others() {
    let mut world = World::new(65_536, 64);
    let others: Vec<SourceKey> = (0..2_000).map(|n| world.source(far_apart(n))).collect();
    for source in &others {
        world.put(*source, 460, true, 0);
    }
    for n in 0..200_000u32 {
        let network = 0x2001_0db8_0000_u128 + u128::from(n % 1_000);
        let source = world.source(Ipv6Addr::from(network << 80 | u128::from(n / 1_000) << 64));
        world.put(source, 9_000, true, 1);
    }
    let left = others
        .iter()
        .filter(|source| world.is_flagged(**source))
        .count();
    assert_eq!(left, others.len());
}

#[test]
fn tables_of_different_geometry_share_no_key() {
    let base = World::new(1_024, 64).table.geometry;
    let others = [
        Geometry {
            capacity: 1_025,
            ..base
        },
        Geometry {
            flagged_per_network: 63,
            ..base
        },
        Geometry {
            sources: Prefixes { ipv4: 32, ipv6: 56 },
            ..base
        },
        Geometry {
            networks: Prefixes { ipv4: 16, ipv6: 48 },
            ..base
        },
        Geometry {
            networks: Prefixes { ipv4: 24, ipv6: 32 },
            ..base
        },
    ];
    assert!(others.iter().all(|other| other.key(0) != base.key(0)));
}

proptest! {
    #[test]
    fn the_table_never_holds_more_than_its_pages(
        capacity in 31u32..200,
        puts in prop::collection::vec((any::<u32>(), 0i32..10_000, any::<bool>(), 0u32..1_000), 0..400),
    ) {
        let mut world = World::new(capacity, 8);
        for (address, score, is_flagged, secs) in puts {
            let source = world.source(Ipv4Addr::from(address));
            let is_stored = world.put(source, score, is_flagged, secs);
            prop_assert_eq!(world.get(source).is_some(), is_stored);
            prop_assert!(is_stored || !is_flagged);
        }
        let pages = world.table.geometry.pages();
        prop_assert!(world.census().tracked <= pages * SLOTS_PER_PAGE);
        prop_assert!(world.store.iter().all(|(_, bytes)| bytes.len() <= crate::state::page::PAGE_LEN_MAX));
    }
}
