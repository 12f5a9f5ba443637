//! Clocks that step, neighbours that write, hosts that refuse.

use super::*;
use crate::state::store::{Expected, SetError, StoreError, Value};

#[test]
fn a_clock_that_steps_back_makes_nothing_live_longer() {
    let mut world = World::new(r#"{"verdict_ttl_secs":100}"#);
    world.knock("192.0.2.7", 22);
    world.now = Time::from_unix_secs(world.now.unix_secs() - 50_000);
    let tag = world.tag("192.0.2.7");
    assert!(tag.contains("first=@1789950000, last=@1789950000"), "{tag}");
    world.wait(100);
    assert_eq!(world.tag("192.0.2.7"), "");
}

#[test]
fn foreign_bytes_under_every_key_cost_the_memory_and_nothing_else() {
    for foreign in [&b""[..], b"x", &[0; 144], &[0xff; 4_096], &[7; 70_000]] {
        let mut world = World::new("");
        for port in 1..100 {
            world.knock("192.0.2.7", port);
        }
        world.request("192.0.2.8");
        let keys: Vec<String> = world.store.iter().map(|(key, _)| key.to_string()).collect();
        for key in &keys {
            world.store.overwrite(key, foreign);
        }
        world.tick();
        assert_eq!(world.tag("192.0.2.7"), "");
        assert_ne!(world.knock("192.0.2.7", 22), "");
        assert_ne!(world.tag("192.0.2.7"), "");
        assert_eq!(
            world.count(Counter::StateDecodeErrors) > 0,
            !foreign.is_empty()
        );
    }
}

#[test]
fn port_zero_and_the_unspecified_address_are_no_trouble() {
    let mut world = World::new("");
    assert_ne!(world.visit(0, "192.0.2.7", "0.0.0.0:0", true).close(), "");
    for peer in ["0.0.0.0", "::", "::ffff:0.0.0.0", "255.255.255.255"] {
        world.knock(peer, 0);
        world.request(peer);
    }
}

/// A store that refuses everything.
struct Refusing;

impl Store for Refusing {
    fn get(&mut self, _key: &str) -> Result<Option<Value>, StoreError> {
        Err(StoreError(10))
    }

    fn set(&mut self, _key: &str, _bytes: &[u8], _expected: Expected) -> Result<(), SetError> {
        Err(SetError::Failed(StoreError(10)))
    }
}

#[test]
fn a_host_that_refuses_shared_data_is_counted_and_traffic_passes() {
    let mut detector = Detector::new(parse_policy(b"").unwrap());
    let decoy = listener(r#"{"role":"sensor","decoy":true}"#);
    let real = listener(r#"{"role":"sensor"}"#);
    detector.tick(&mut MemoryStore::default(), START, || Some([1; 16]));
    let peer = "192.0.2.7:4000".parse().unwrap();
    for (listener, local) in [(&decoy, "198.51.100.1:22"), (&real, "198.51.100.1:443")] {
        let endpoints = Endpoints {
            peer,
            local: local.parse().unwrap(),
        };
        let (mut contact, reaction) = detector.open(&mut Refusing, START, listener, endpoints);
        assert_eq!(reaction, Reaction::default());
        let read = |_| REQUEST.to_vec();
        detector.data(
            &mut Refusing,
            START,
            listener,
            &mut contact,
            REQUEST.len(),
            read,
        );
        detector.close(
            &mut Refusing,
            START,
            listener,
            &mut contact,
            Transport::Fine,
        );
        assert_eq!(contact.tag(), "");
    }
    assert!(detector.counters.get(Counter::HostErrors) >= 3);
}
