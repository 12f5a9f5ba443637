//! What clients in good standing teach about a port.

use super::*;
use crate::state::hash::Seed;
use crate::state::store::memory::MemoryStore;

const NOW: Time = Time::from_unix_secs(1_790_000_000);

fn network(number: u16) -> u64 {
    Seed::new([3; 16]).port(number)
}

fn discount_of(
    store: &mut MemoryStore,
    counters: &mut Counters,
    port: u16,
    now: Time,
) -> Option<i32> {
    let discounts = discounts(store, counters, now);
    discounts.get(&port).map(|discount| discount.hundredths())
}

#[test]
fn more_networks_take_off_more_and_days_bring_it_back() {
    let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
    let mut last = 0;
    for number in 0..300 {
        let touch = Touch {
            port: 8443,
            network: network(number),
        };
        note(&mut store, &mut counters, &[touch, touch], NOW);
        let now = discount_of(&mut store, &mut counters, 8443, NOW).unwrap();
        assert!(now >= last, "{number}: {last} {now}");
        last = now;
    }
    assert!((300..=353).contains(&last), "{last}");
    assert_eq!(discount_of(&mut store, &mut counters, 23, NOW), None);
    let next_window = NOW.plus_secs(WINDOW_SECS);
    assert_eq!(
        discount_of(&mut store, &mut counters, 8443, next_window),
        Some(last)
    );
    let after = NOW.plus_secs(2 * WINDOW_SECS);
    assert_eq!(discount_of(&mut store, &mut counters, 8443, after), None);
}

#[test]
fn one_network_counts_once() {
    let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
    let touch = Touch {
        port: 23,
        network: network(1),
    };
    for _ in 0..100 {
        note(&mut store, &mut counters, &[touch], NOW);
    }
    assert_eq!(discount_of(&mut store, &mut counters, 23, NOW), Some(12));
}

#[test]
fn the_port_with_the_fewest_networks_makes_room() {
    let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
    for number in 0..20 {
        let touch = Touch {
            port: 8443,
            network: network(number),
        };
        note(&mut store, &mut counters, &[touch], NOW);
    }
    for port in 1..1_000 {
        let touch = Touch {
            port,
            network: network(port),
        };
        note(&mut store, &mut counters, &[touch], NOW);
    }
    let found = discounts(&mut store, &mut counters, NOW);
    assert_eq!(found.len(), PORTS_MAX);
    assert!(found.contains_key(&8443) && found.contains_key(&999));
}

#[test]
fn discounts_are_what_their_formula_says() {
    for (bits, discount) in DISCOUNTS.iter().enumerate() {
        let bits = f64::from(u8::try_from(bits).unwrap());
        let networks = 64.0 * (64.0 / (64.0 - bits)).ln();
        let expected = 100.0 * (1.0 + networks / 8.0).ln();
        assert!((expected - f64::from(*discount)).abs() <= 0.5, "{bits}");
    }
}
